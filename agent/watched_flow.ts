/**
 * One flow whose first packet is allowed by a name, until it is let go.
 *
 * @module
 */
import type { Decision, Flow, Sender } from "./decide/decision.ts";
import type { Asked } from "./decide/proxied.ts";
import { HOOK } from "./decode/nfqueue.ts";
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import type { Weighed } from "./fair_table.ts";
import type { Released, Seen, Waiting } from "./outcome.ts";
import type { NameReader } from "./reading.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { TcpNameReader } from "./tcp_name_reader.ts";

/** What a flow costs beside what is kept of it, in bytes. */
const FLOW_WEIGHT = 1_024;
/** A packet that waits takes a place in the kernel, however short it is. */
const HELD_WEIGHT = 16_384;

/**
 * A client that writes in small pieces sends no further one while the first is
 * still in the machine (tcp_autocorking): past this, what waits is dropped, to
 * be sent again. Before the first retransmission, behind which nothing new is.
 */
const CORK_MS = 20;

/** How it is known what servers have; borrowed. */
export interface HearWorld {
  /** Up to where the server has what a local sender of a packet has sent. */
  readonly acknowledged: (seen: Seen) => number | null;
  /** Whether what servers answer to containers is heard. */
  readonly hearsAnswers: boolean;
}

/** Makes the event of a flow, when its decision is known. */
export type Describe = (
  of: { decision: Decision; sni: string | null; asked: Asked | null },
) => ConnectionEvent;

/** A flow at its first packet. */
export interface Watched {
  readonly key: string;
  readonly flow: Flow;
  /** The decision about the first packet. */
  readonly first: Decision;
  /**
   * Decides for the flow's sender, and for an unknown one where somebody else
   * may send by the same socket. Absent where that makes no difference.
   */
  readonly decideAgain?: (decide: (sender: Sender) => Decision) => Decision;
  readonly describe: Describe;
}

/** Decides about a flow by what was said, for whoever may have said it. */
export function decideFor(
  { flow, decideAgain }: Pick<Watched, "flow" | "decideAgain">,
  decide: (flow: Flow) => Decision,
): Decision {
  return decideAgain === undefined
    ? decide(flow)
    : decideAgain((sender) => decide({ ...flow, sender }));
}

/** What is known of one flow. */
export class WatchedFlow implements Watched, Weighed {
  readonly key: string;
  readonly user: string;
  readonly flow: Flow;
  readonly first: Decision;
  readonly decideAgain: Watched["decideAgain"];
  readonly describe: Describe;
  readonly reader: NameReader;
  readonly openedAtMs: number;
  /** Sequence number behind the SYN; -1 without one. */
  readonly sequence: number;
  /** To be changed by its table only. */
  weight = FLOW_WEIGHT;
  /** When the first packet began to wait; Infinity before. */
  heldSinceMs = Infinity;
  /** When the client said that it ends; Infinity before. */
  endedAtMs = Infinity;
  /** Whether something that it says was let out. */
  hasSpoken = false;
  /** What was written of it last; null before. */
  written: string | null = null;
  /**
   * The sequence number that the server of a container asked for last; null
   * while it is not known to have taken this connection.
   */
  heard: number | null = null;
  /** Another connection between the same ends that the server may take. */
  next: WatchedFlow | null = null;
  #held: Waiting[] = [];
  #heldWeight = 0;
  /** The sequence number behind all that was seen of it. */
  #end: number;

  /** @param seen The first packet; it is not read yet. */
  constructor(watched: Watched, { queued, packet, nowMs }: Seen) {
    const { key, flow, first, describe } = watched;
    this.key = key;
    // The flow outlives the packet that its destination is a view of.
    this.flow = { ...flow, destination: flow.destination.slice() };
    this.first = first;
    this.decideAgain = watched.decideAgain;
    this.describe = describe;
    this.reader = new TcpNameReader();
    this.openedAtMs = nowMs;
    this.sequence = isOpening(packet) ? (packet.tcpSequence + 1) >>> 0 : -1;
    this.#end = this.sequence;
    // Containers have as many addresses as they want.
    this.user = queued.hook === HOOK.FORWARD || queued.uid === null
      ? `interface ${queued.inInterface}`
      : `user ${queued.uid}`;
  }

  /** How many packets wait. */
  get heldCount(): number {
    return this.#held.length;
  }

  /** What it costs now. */
  get fullWeight(): number {
    return FLOW_WEIGHT + this.#heldWeight + (this.reader.keptBytes ?? 0);
  }

  /** Whether an opening packet opens another connection than this. */
  isReopenedBy(packet: Packet): boolean {
    return isOpening(packet) &&
      ((packet.tcpSequence + 1) >>> 0) !== this.sequence;
  }

  /**
   * Whether another beginning would lie in this stream or right behind it. Two
   * sockets of this machine can have the same ends when one is bound to an
   * interface: what the first says next would be taken for the other's word.
   */
  contains({ tcpSequence }: Packet): boolean {
    const ago = (this.#end - tcpSequence - 1) | 0;
    return ago >= -1 && ago <= ((this.#end - this.sequence) >>> 0);
  }

  /** Remembers how far its client has come. */
  follow({ tcpSequence, payload }: Packet): void {
    const end = (tcpSequence + payload.length) >>> 0;
    if (((end - this.#end) | 0) > 0) this.#end = end;
  }

  /** Remembers a packet that waits. */
  hold({ queued, nowMs }: Seen): void {
    const { id, mark, payload } = queued;
    this.#held.push({ id, mark, bytes: payload.slice() });
    this.#heldWeight += Math.max(payload.length, HELD_WEIGHT);
    this.heldSinceMs = Math.min(this.heldSinceMs, nowMs);
  }

  /** Whether what waits may keep back what the client has still to say. */
  isCorked(nowMs: number): boolean {
    return this.#held.length > 0 && nowMs - this.heldSinceMs > CORK_MS;
  }

  /** Takes the packets that wait, to be dropped: the client still waits. */
  shed(): readonly Released[] {
    const since = this.heldSinceMs;
    const shed = this.release();
    this.heldSinceMs = since;
    return shed.map((packet) => ({ ...packet, give: 0, isDropped: true }));
  }

  /** Up to where the server has what the client sent. */
  heardBy(
    seen: Seen,
    { acknowledged, hearsAnswers }: HearWorld,
  ): number | null {
    if (seen.queued.hook !== HOOK.FORWARD) return acknowledged(seen);
    return hearsAnswers ? this.heard : seen.packet.tcpSequence;
  }

  /**
   * Whether its server may be in another connection between the same ends, in
   * which what the client says would be something else.
   */
  isUnsure({ queued, packet }: Seen, { hearsAnswers }: HearWorld): boolean {
    return hearsAnswers && queued.hook === HOOK.FORWARD &&
      packet.payload.length > 0 && this.sequence >= 0 && this.heard === null;
  }

  /** Hears what the server of a container says in this connection, or not. */
  hear({ tcpFlags, tcpAcknowledgment: heard }: Packet): void {
    if ((tcpFlags & TCP_FLAG.SYN) !== 0) {
      this.heard = heard === this.sequence ? heard : null;
    } else if (this.heard !== null && ((heard - this.heard) | 0) > 0) {
      this.heard = heard;
    }
  }

  /** Takes the packets that wait, to be answered. */
  release(): readonly Waiting[] {
    const held = this.#held;
    this.#held = [];
    this.#heldWeight = 0;
    this.heldSinceMs = Infinity;
    return held;
  }
}

/** Whether a packet opens a connection. */
export function isOpening({ protocol, tcpFlags }: Packet): boolean {
  return protocol === PROTOCOL.TCP &&
    (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN;
}
