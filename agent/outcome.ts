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

/** A packet that the kernel still holds. */
export interface Waiting {
  readonly id: number;
  /** The mark that it came with. */
  readonly mark: number;
}

/** A verdict, and what is to be said about it once it is given. */
export interface Outcome {
  /** Of `NF`; null leaves the packet waiting. */
  readonly verdict: number | null;
  /** The packet's mark for the rules in `filter`. */
  readonly mark: number;
  /** Packets that waited, and go the same way in front of this one. */
  readonly released: readonly Waiting[];
  /** Called after the verdict: nobody waits for the journal. */
  readonly events: (() => EventBody[]) | undefined;
}

/** Hands the packet to the rules, which act on its mark. */
export function accept(mark: number, events?: () => EventBody[]): Outcome {
  return { verdict: NF.ACCEPT, mark, released: [], events };
}

/** Drops the packet; whoever sent it has been answered otherwise. */
export function drop(events?: () => EventBody[]): Outcome {
  return { verdict: NF.DROP, mark: 0, released: [], events };
}

/** Leaves the packet waiting; a later outcome releases it. */
export function hold(events?: () => EventBody[]): Outcome {
  return { verdict: null, mark: 0, released: [], events };
}
