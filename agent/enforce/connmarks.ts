/**
 * Takes a guard's marks out of the connection table: what one guard has
 * allowed, a later one has not.
 *
 * @module
 */
import {
  decodeNetlink,
  decodeNetlinkError,
  findAttribute,
  NETLINK_TYPE,
} from "../decode/netlink.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, Poller, SOCKET, Socket } from "../../ffi/sockets.ts";
import { MARK_MASK } from "./marks.ts";
import {
  encodeAttribute,
  encodeMessage,
  NETLINK_NETFILTER,
  NLM_F,
} from "./netfilter_message.ts";

const NLA_F_NESTED = 0x8000;
/** <linux/netfilter/nfnetlink.h>, <linux/netfilter/nfnetlink_conntrack.h> */
const NFNL_SUBSYS_CTNETLINK = 1;
const IPCTNL_MSG_CT = {
  NEW: NFNL_SUBSYS_CTNETLINK << 8,
  GET: NFNL_SUBSYS_CTNETLINK << 8 | 1,
  GET_STATS: NFNL_SUBSYS_CTNETLINK << 8 | 5,
} as const;
const CTA = { TUPLE_ORIG: 1, MARK: 8, ZONE: 18, MARK_MASK: 21 } as const;
/** <linux/netfilter.h>: NFPROTO_IPV4, NFPROTO_IPV6. */
const NFPROTO = [2, 10] as const;

const NFGENMSG_BYTES = 4;
const ANSWER_TIMEOUT_MS = 1000;

/**
 * Clears marks from all connections of the calling thread's network namespace.
 *
 * Connections are changed and not removed: those with translated addresses
 * would break.
 *
 * @param marks Values of our nibble; a connection with any other is left.
 * @throws {SystemCallError} When the kernel has no ctnetlink, or refuses.
 */
export function clearConnmarks(libc: Libc, marks: readonly number[]): void {
  using socket = new Socket(libc, {
    domain: SOCKET.AF_NETLINK,
    type: SOCKET.RAW,
    protocol: NETLINK_NETFILTER,
  });
  const poller = new Poller(libc, [socket.fd]);
  for (const family of NFPROTO) {
    const found = listMarked(socket, poller, { family, marks });
    for (const attributes of found) change(socket, { family, attributes });
  }
}

/** Whether the kernel tells of its connections at all; loads what it needs. */
export function hasConnectionTable(libc: Libc): boolean {
  try {
    using socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_NETFILTER,
    });
    const request = encodeMessage({ type: IPCTNL_MSG_CT.GET_STATS });
    socket.sendTo(request, netlinkAddress());
    const poller = new Poller(libc, [socket.fd]);
    if (poller.wait(ANSWER_TIMEOUT_MS) === 0) return false;
    const buffer = new Uint8Array(4096);
    const count = socket.receive(buffer);
    const decoded = decodeNetlink(buffer.subarray(0, Math.max(count, 0)));
    return decoded.ok && decoded.value[0]?.type !== NETLINK_TYPE.ERROR &&
      decoded.value.length > 0;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  }
}

/** Changes one connection, which may have ended since it was found. */
function change(
  socket: Socket,
  of: { family: number; attributes: readonly Uint8Array[] },
): void {
  const update = { ...of, type: IPCTNL_MSG_CT.NEW, flags: 0 };
  socket.sendTo(encodeMessage(update), netlinkAddress());
  // Only a failure is answered, and before the call returns. Left unread, it
  // would be taken for the answer to what is asked next.
  const buffer = new Uint8Array(1024);
  const count = socket.receive(buffer);
  const decoded = decodeNetlink(buffer.subarray(0, Math.max(count, 0)));
  for (const { type, payload } of decoded.ok ? decoded.value : []) {
    if (type !== NETLINK_TYPE.ERROR) continue;
    const error = refusal(payload);
    if (error.errno !== ERRNO.ENOENT) throw error;
  }
}

/** The attributes that name each connection with such a mark. */
function listMarked(
  socket: Socket,
  poller: Poller,
  of: { family: number; marks: readonly number[] },
): Uint8Array[][] {
  const { family, marks } = of;
  const flags = NLM_F.DUMP;
  const request = { type: IPCTNL_MSG_CT.GET, flags, family, attributes: [] };
  socket.sendTo(encodeMessage(request), netlinkAddress());
  const found: Uint8Array[][] = [];
  const buffer = new Uint8Array(65_536);
  const untilMs = performance.now() + ANSWER_TIMEOUT_MS;
  for (;;) {
    // A signal ends the wait, too. Half a table is none: what is not found
    // stays allowed.
    if (
      poller.wait(ANSWER_TIMEOUT_MS) === 0 && performance.now() > untilMs
    ) throw new SystemCallError("recv", ERRNO.EAGAIN);
    const count = socket.receive(buffer);
    if (count < 0) continue;
    const decoded = decodeNetlink(buffer.slice(0, count));
    for (const { type, payload } of decoded.ok ? decoded.value : []) {
      if (type === NETLINK_TYPE.DONE) return found;
      if (type === NETLINK_TYPE.ERROR) throw refusal(payload);
      const cleared = clearedAttributes(
        payload.subarray(NFGENMSG_BYTES),
        marks,
      );
      if (cleared !== null) found.push(cleared);
    }
  }
}

function refusal(payload: Uint8Array): SystemCallError {
  const error = decodeNetlinkError(payload);
  return new SystemCallError("ctnetlink", error.ok ? error.value.errno : 0);
}

/** What names a connection, and its mark without our nibble; null to leave. */
function clearedAttributes(
  attributes: Uint8Array,
  marks: readonly number[],
): Uint8Array[] | null {
  const tuple = findAttribute(attributes, CTA.TUPLE_ORIG);
  const mark = findAttribute(attributes, CTA.MARK);
  if (tuple === null || mark === null || mark.length < 4) return null;
  const value = new DataView(mark.buffer, mark.byteOffset).getUint32(0);
  if (!marks.includes((value & MARK_MASK) >>> 0)) return null;
  const zone = findAttribute(attributes, CTA.ZONE);
  return [
    encodeAttribute(CTA.TUPLE_ORIG | NLA_F_NESTED, tuple),
    ...(zone === null ? [] : [encodeAttribute(CTA.ZONE, zone)]),
    encodeAttribute(CTA.MARK, uint32(0)),
    encodeAttribute(CTA.MARK_MASK, uint32(MARK_MASK)),
  ];
}

/** In network order, as conntrack's attributes are. */
function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
