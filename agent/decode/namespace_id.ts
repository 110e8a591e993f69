/**
 * What one network namespace calls another, <linux/net_namespace.h>.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint32 } from "./integer.ts";
import { findAttribute } from "./netlink.ts";

/** struct rtgenmsg is one byte, padded by NLMSG_ALIGN. */
const GENERAL_BYTES = 4;
const NETNSA_NSID = 1;

/**
 * Decodes the payload of an RTM_NEWNSID message, in host byte order.
 *
 * @param payload After the struct nlmsghdr.
 * @returns The number, from 0; null when there is none, as nothing has led
 * from one to the other; or why the bytes were refused.
 */
export function decodeNamespaceId(
  payload: Uint8Array,
): Decoded<number | null> {
  const found = findAttribute(payload.subarray(GENERAL_BYTES), NETNSA_NSID);
  if (found?.length !== 4) {
    return { ok: false, why: "namespace id is missing" };
  }
  const id = readHostUint32(found, 0) | 0;
  return { ok: true, value: id < 0 ? null : id };
}
