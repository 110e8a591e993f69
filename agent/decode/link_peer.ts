/**
 * Where an interface leads: the other end of a veth pair, which may be in
 * another network namespace.
 *
 * Read while a packet waits, so that only what is asked for is decoded.
 *
 * @see <linux/if_link.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint16, readHostUint32 } from "./integer.ts";

/** struct ifinfomsg: family 1, pad 1, type 2, index 4, flags 4, change 4. */
const IFINFO_BYTES = 16;
const AT_INDEX = 4;
/** NLA_HDRLEN, NLA_TYPE_MASK. */
const ATTRIBUTE_HEADER_BYTES = 4;
const ATTRIBUTE_TYPE_MASK = 0x3fff;
/** Each is an int. */
const IFLA = { LINK: 5, NETNSID: 37 } as const;

/** One interface, and where its other end is. */
export interface LinkPeer {
  /** Its ifindex, from 1. */
  readonly index: number;
  /** The ifindex of the other end, there; 0 when there is none. */
  readonly peer: number;
  /**
   * What the asker's namespace calls that of the other end; null when it is the
   * same one.
   */
  readonly namespaceId: number | null;
}

/**
 * Decodes the payload of an RTM_NEWLINK message, in host byte order.
 *
 * @param payload After the struct nlmsghdr.
 * @returns The interface, or why the bytes were refused.
 */
export function decodeLinkPeer(payload: Uint8Array): Decoded<LinkPeer> {
  const { length } = payload;
  if (length < IFINFO_BYTES) {
    return refuse(`is ${length} of ${IFINFO_BYTES} bytes`);
  }
  let peer = 0;
  let namespaceId: number | null = null;
  let at = IFINFO_BYTES;
  while (at < length) {
    const left = length - at;
    const bytes = left < ATTRIBUTE_HEADER_BYTES
      ? 0
      : readHostUint16(payload, at);
    if (bytes < ATTRIBUTE_HEADER_BYTES || bytes > left) {
      return refuse(`attribute is ${bytes} of ${left} bytes`);
    }
    const type = readHostUint16(payload, at + 2) & ATTRIBUTE_TYPE_MASK;
    if (bytes === ATTRIBUTE_HEADER_BYTES + 4) {
      const value = readHostUint32(payload, at + ATTRIBUTE_HEADER_BYTES) | 0;
      if (type === IFLA.LINK) peer = value;
      if (type === IFLA.NETNSID && value >= 0) namespaceId = value;
    }
    at += (bytes + 3) & ~3; // NLA_ALIGN
  }
  const index = readHostUint32(payload, AT_INDEX);
  return { ok: true, value: { index, peer, namespaceId } };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `link ${why}` };
}
