/**
 * What the packet thread takes in and gives back.
 *
 * @module
 */
import type { QueuedPacket } from "./decode/nfqueue.ts";
import type { Packet } from "./decode/packet.ts";
import { NF } from "../ffi/netfilter_queue.ts";
import type { EventBody } from "./record/event.ts";

/** One packet that waits for its verdict. */
export interface Seen {
  /** As the kernel described it; a view into the receive buffer. */
  readonly queued: QueuedPacket;
  readonly packet: Packet;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: number;
}

/** A verdict, and what is to be said about it once it is given. */
export interface Outcome {
  /** Of `NF`. */
  readonly verdict: number;
  /** The packet's mark for the rules in `filter`. */
  readonly mark: number;
  /** Called after the verdict: nobody waits for the journal. */
  readonly events: (() => EventBody[]) | undefined;
}

/** Hands the packet to the rules, which act on its mark. */
export function accept(mark: number, events?: () => EventBody[]): Outcome {
  return { verdict: NF.ACCEPT, mark, events };
}

/** Drops the packet; whoever sent it has been answered otherwise. */
export function drop(events?: () => EventBody[]): Outcome {
  return { verdict: NF.DROP, mark: 0, events };
}
