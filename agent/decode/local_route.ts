/**
 * Whether an address is one of a network namespace's own, by its routes.
 *
 * @see <linux/rtnetlink.h>
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** struct rtmsg: family 1, …, type at 7, flags 4; 12 bytes in all. */
const RTMSG_BYTES = 12;
const AT_TYPE = 7;
const RTN_LOCAL = 2;

/**
 * Decodes the payload of an RTM_NEWROUTE message that answers how to get to one
 * address.
 *
 * @param payload After the struct nlmsghdr.
 * @returns Whether it is reached without leaving.
 */
export function decodeLocalRoute(payload: Uint8Array): Decoded<boolean> {
  if (payload.length < RTMSG_BYTES) {
    const why = `route is ${payload.length} of ${RTMSG_BYTES} bytes`;
    return { ok: false, why };
  }
  return { ok: true, value: payload[AT_TYPE] === RTN_LOCAL };
}
