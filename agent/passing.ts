/**
 * How packets of watched flows pass one by one.
 *
 * @module
 */
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { MARK } from "./enforce/marks.ts";
import { accept, asRead, drop, type Outcome } from "./outcome.ts";
import type { WatchedFlow } from "./watched_flow.ts";

/** A second connection between the same ends, which the server may take. */
export function openBeside(
  before: WatchedFlow,
  { flow, packet }: { flow: WatchedFlow; packet: Packet },
): Outcome {
  const outcome = passEmpty(packet);
  if (packet.payload.length > 0) return outcome;
  before.next = flow;
  flow.reader.add(packet, () => null);
  return outcome;
}

/** What comes in a SYN can wait for the server's word on it. */
export function passEmpty({ payload }: Packet): Outcome {
  return payload.length > 0 ? drop() : accept(MARK.PASS);
}

/** Lets a packet of a watched flow pass, as it was read. */
export function pass({ payload }: Packet): Outcome {
  const outcome = accept(MARK.PASS);
  return payload.length > 0 ? asRead(outcome) : outcome;
}

/** Whether a packet neither opens a connection nor carries anything. */
export function isSilent({ protocol, tcpFlags, payload }: Packet): boolean {
  return protocol === PROTOCOL.TCP && payload.length === 0 &&
    (tcpFlags & TCP_FLAG.SYN) === 0;
}
