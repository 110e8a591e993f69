/**
 * An address of an interface as rtnetlink describes it, <linux/if_addr.h>.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { findAttribute } from "./netlink.ts";

/** struct ifaddrmsg: family 1, prefixlen 1, flags 1, scope 1, index 4. */
const IFADDR_BYTES = 8;
const AT = { prefixBits: 1, index: 4 } as const;
const IFA_ADDRESS = 1;

/** One address with the network it stands in. */
export interface InterfaceAddress {
  /** The ifindex of its interface. */
  readonly index: number;
  /** 4 or 16 bytes in network order, a view. */
  readonly address: Uint8Array;
  /** How many of its bits name the network. */
  readonly prefixBits: number;
}

/**
 * Decodes the payload of an RTM_NEWADDR message, in host byte order.
 *
 * @param payload After the struct nlmsghdr.
 */
export function decodeInterfaceAddress(
  payload: Uint8Array,
): Decoded<InterfaceAddress> {
  if (payload.length < IFADDR_BYTES) {
    const why = `address is ${payload.length} of ${IFADDR_BYTES} bytes`;
    return { ok: false, why };
  }
  const address = findAttribute(payload.subarray(IFADDR_BYTES), IFA_ADDRESS);
  const prefixBits = payload[AT.prefixBits]!;
  if (address === null || ![4, 16].includes(address.length)) {
    return { ok: false, why: "address is missing" };
  }
  if (prefixBits > address.length * 8) {
    return { ok: false, why: `address prefix is ${prefixBits} bits` };
  }
  const view = new DataView(payload.buffer, payload.byteOffset);
  const index = view.getUint32(AT.index, true);
  return { ok: true, value: { index, address, prefixBits } };
}
