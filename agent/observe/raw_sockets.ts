/**
 * Which socket sent a packet that is neither TCP nor UDP.
 *
 * @module
 */
import { decodeIcmp } from "../decode/icmp.ts";
import { type Packet, PROTOCOL } from "../decode/packet.ts";
import { decodeProcNet, type ProcNetSocket } from "../decode/proc_net.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/**
 * Finds the sender among the ICMP and raw sockets of the calling thread's
 * network namespace.
 *
 * @returns Null when there is none, or when several could be meant: an event
 * names nobody rather than somebody else.
 */
export function findRawSocket(
  libc: Libc,
  packet: Packet,
): ProcNetSocket | null {
  const six = packet.version === 6 ? "6" : "";
  const table = (name: string) =>
    decodeProcNet(
      tryReadText(libc, `/proc/thread-self/net/${name}${six}`) ?? "",
    );
  const icmp = packet.version === 6 ? PROTOCOL.ICMPV6 : PROTOCOL.ICMP;
  if (packet.protocol === icmp) {
    const decoded = decodeIcmp(packet.payload);
    const identifier = decoded.ok ? decoded.value.identifier : null;
    const found = table("icmp").find(({ localPort }) =>
      localPort === identifier
    );
    if (found !== undefined) return found;
  }
  const IPPROTO_RAW = 255; // sends any protocol, <linux/in.h>
  const able = table("raw").filter(({ localPort }) =>
    localPort === packet.protocol || localPort === IPPROTO_RAW
  );
  return able.length === 1 ? able[0]! : null;
}
