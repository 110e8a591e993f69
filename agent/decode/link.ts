/**
 * An interface as rtnetlink describes it, <linux/rtnetlink.h>.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { findAttribute } from "./netlink.ts";

/** <linux/if_link.h> */
const IFLA = { MASTER: 10, LINKINFO: 18, INFO_KIND: 1 } as const;

/** struct ifinfomsg: family 1, pad 1, type 2, index 4, flags 4, change 4. */
const AT = { index: 4 } as const;
const IFINFO_BYTES = 16;

/** What matters of one interface. */
export interface Link {
  /** Its ifindex, from 1. */
  readonly index: number;
  /** `bridge`, `veth`, `tun`, …; null for hardware. */
  readonly kind: string | null;
  /** The ifindex of the bridge it is a port of; 0 for none. */
  readonly master: number;
}

/**
 * Decodes the payload of an RTM_NEWLINK message, in host byte order.
 *
 * @param payload After the struct nlmsghdr.
 */
export function decodeLink(payload: Uint8Array): Decoded<Link> {
  if (payload.length < IFINFO_BYTES) {
    return {
      ok: false,
      why: `link is ${payload.length} of ${IFINFO_BYTES} bytes`,
    };
  }
  const attributes = payload.subarray(IFINFO_BYTES);
  const information = findAttribute(attributes, IFLA.LINKINFO);
  const kind = information && findAttribute(information, IFLA.INFO_KIND);
  return {
    ok: true,
    value: {
      index: readInt32(payload.subarray(AT.index)),
      kind: kind && new TextDecoder().decode(kind).replace(/\0.*$/s, ""),
      master: readInt32(findAttribute(attributes, IFLA.MASTER)),
    },
  };
}

function readInt32(bytes: Uint8Array | null): number {
  if (bytes === null || bytes.length < 4) return 0;
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(0, true);
}
