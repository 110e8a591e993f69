/**
 * By which port a bridge reaches a hardware address, <linux/neighbour.h>.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readHostUint32 } from "./integer.ts";

/** struct ndmsg: family 1, pad 3, ifindex 4, state 2, flags 1, type 1. */
const NDMSG_BYTES = 12;
const AT = { family: 0, index: 4 } as const;
/** AF_BRIDGE, <linux/socket.h>. */
const FAMILY_BRIDGE = 7;

/**
 * Decodes the payload of an RTM_NEWNEIGH message of a bridge.
 *
 * @param payload After the struct nlmsghdr.
 * @returns The ifindex of the port, or why the bytes were refused.
 */
export function decodeBridgeNeighbour(payload: Uint8Array): Decoded<number> {
  if (payload.length < NDMSG_BYTES) {
    const why = `neighbour is ${payload.length} of ${NDMSG_BYTES} bytes`;
    return { ok: false, why };
  }
  const family = payload[AT.family]!;
  if (family !== FAMILY_BRIDGE) {
    return { ok: false, why: `neighbour family is ${family}` };
  }
  return { ok: true, value: readHostUint32(payload, AT.index) };
}
