/**
 * A default route as rtnetlink describes it, <linux/rtnetlink.h>.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeAttributes } from "./netlink.ts";

/** struct rtmsg: family 1, dst_len 1, …, 12 bytes in all. */
const RTMSG_BYTES = 12;
const AT = { prefixBits: 1, type: 7 } as const;
const RTN_UNICAST = 1;
const RTA = { OIF: 4, MULTIPATH: 9 } as const;
/** struct rtnexthop: len 2, flags 1, hops 1, ifindex 4. */
const NEXTHOP_BYTES = 8;

/**
 * Decodes the payload of an RTM_NEWROUTE message, in host byte order.
 *
 * @param payload After the struct nlmsghdr.
 * @returns The ifindexes a default route leads to; null for any other route.
 */
export function decodeDefaultRoute(
  payload: Uint8Array,
): Decoded<readonly number[] | null> {
  if (payload.length < RTMSG_BYTES) {
    return {
      ok: false,
      why: `route is ${payload.length} of ${RTMSG_BYTES} bytes`,
    };
  }
  if (payload[AT.prefixBits] !== 0 || payload[AT.type] !== RTN_UNICAST) {
    return { ok: true, value: null };
  }
  const attributes = decodeAttributes(payload.subarray(RTMSG_BYTES));
  if (!attributes.ok) return attributes;
  const indexes = attributes.value.flatMap(({ type, payload: value }) => {
    if (type === RTA.OIF && value.length >= 4) return [readIndex(value, 0)];
    return type === RTA.MULTIPATH ? nextHops(value) : [];
  });
  return { ok: true, value: indexes };
}

function nextHops(bytes: Uint8Array): number[] {
  const indexes: number[] = [];
  for (let at = 0; at + NEXTHOP_BYTES <= bytes.length;) {
    const length = bytes[at]! | (bytes[at + 1]! << 8);
    if (length < NEXTHOP_BYTES) break;
    indexes.push(readIndex(bytes, at + 4));
    at += (length + 3) & ~3;
  }
  return indexes;
}

function readIndex(bytes: Uint8Array, at: number): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getInt32(at, true);
}
