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
  /** A copy of what was read of it, to be let go in its place. */
  readonly bytes: Uint8Array;
}

/** A packet that waited, and its answer. */
export interface Released extends Waiting {
  /** The mark for the rules in `filter`. */
  readonly give: number;
  /** Whether it is dropped instead, to be sent again. */
  readonly isDropped?: boolean;
}

/** A verdict, and what is to be said about it once it is given. */
export interface Outcome {
  /** Of `NF`; null leaves the packet waiting. */
  readonly verdict: number | null;
  /** The packet's mark for the rules in `filter`. */
  readonly mark: number;
  /**
   * Whether the packet was judged by its payload: then what was read of it goes
   * on in its place, since its sender may be able to write to it still.
   */
  readonly asRead?: boolean;
  /** Packets that waited, and are answered in front of this one. */
  readonly released: readonly Released[];
  /** Called after the verdict: nobody waits for the journal. */
  readonly events: (() => EventBody[]) | undefined;
}

/** Hands the packet to the rules, which act on its mark. */
export function accept(mark: number, events?: () => EventBody[]): Outcome {
  return { verdict: NF.ACCEPT, mark, released: [], events };
}

/** Lets go what was read of a packet, and not what it may be by then. */
export function asRead(outcome: Outcome): Outcome {
  return { ...outcome, asRead: true };
}

/** Drops the packet; whoever sent it has been answered otherwise. */
export function drop(events?: () => EventBody[]): Outcome {
  return { verdict: NF.DROP, mark: 0, released: [], events };
}

/** Leaves the packet waiting; a later outcome releases it. */
export function hold(events?: () => EventBody[]): Outcome {
  return { verdict: null, mark: 0, released: [], events };
}

/** The answer to packets that waited. */
export function given(
  waiting: readonly Waiting[],
  give: number,
): readonly Released[] {
  return waiting.map((packet) => ({ ...packet, give }));
}

/** The same outcome, with others' that are decided at the same time. */
export function carry(
  outcome: Outcome,
  of: {
    readonly released: readonly Released[];
    readonly events: readonly (() => EventBody)[];
  },
): Outcome {
  const { released, events } = of;
  return {
    ...outcome,
    released,
    events: events.length === 0
      ? undefined
      : () => events.map((describe) => describe()),
  };
}
