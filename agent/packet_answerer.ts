/**
 * Answers packets, and tells of them.
 *
 * @module
 */
import { protocolName } from "./connection_event.ts";
import type { QueuedPacket } from "./decode/nfqueue.ts";
import { decodePacket, type Packet } from "./decode/packet.ts";
import { MARK, withMark } from "./enforce/marks.ts";
import type { EventBatch } from "./event_batch.ts";
import { floodEvents, refusedProtocol } from "./flood_event.ts";
import type { Outcome } from "./outcome.ts";
import type { Arrival, IntakeHandlers } from "./packet_intake.ts";
import type { Pipeline } from "./pipeline.ts";
import type { EventBody } from "./record/event.ts";
import type { Untold } from "./senders.ts";
import { answer, release } from "./verdicts.ts";
import { type NetfilterQueue, NF } from "../ffi/netfilter_queue.ts";

/** What packets are answered by; all of it is borrowed. */
export interface AnswererWorld {
  readonly pipeline: Pipeline;
  /** The one of the queues whose packets may be held. */
  readonly flowQueue: NetfilterQueue;
  readonly batch: EventBatch;
  /** Whether packets that nobody judges are dropped. */
  readonly isClosed: boolean;
}

/** Gives every packet its verdict. */
export class PacketAnswerer implements IntakeHandlers {
  readonly #world: AnswererWorld;
  #packets = 0;

  /** @param world Must outlive this object. */
  constructor(world: AnswererWorld) {
    this.#world = world;
  }

  /** How many packets were answered. */
  get packets(): number {
    return this.#packets;
  }

  /** Judges and answers; whether an event of its own tells of a refusal. */
  judge(arrival: Arrival, nowMs: number): boolean {
    this.#packets++;
    const outcome = this.#judge(arrival, nowMs);
    if (outcome?.events === undefined) return false;
    const bodies = describe(outcome.events);
    const isRefusal = bodies.some((body) => refusedProtocol(body) !== null);
    if (isRefusal && arrival.sender.isSpent(nowMs)) {
      this.#countInstead(bodies, arrival, nowMs);
      return false;
    }
    this.#world.batch.add(bodies, nowMs);
    return isRefusal;
  }

  /** Refuses in the rules' way, which is the cheapest that says so. */
  turnAway({ queue, queued, sender }: Arrival, nowMs: number): boolean {
    const packet = this.#glance(queued, nowMs);
    if (packet === null) return false;
    this.#packets++;
    const mark = withMark(queued.mark, MARK.DENY);
    queue.setVerdict(queued.id, { verdict: NF.ACCEPT, mark, bytes: null });
    const isDns = queue !== this.#world.flowQueue;
    const protocol = isDns ? "dns" : protocolName(packet.protocol);
    sender.countRefused(protocol, nowMs);
    return true;
  }

  /** In silence: an honest client tries again, and an error would stop it. */
  shed({ queue, queued, sender }: Arrival, nowMs: number): void {
    this.#packets++;
    const verdict = this.#world.isClosed ? NF.DROP : NF.ACCEPT;
    const mark = withMark(queued.mark, MARK.PASS);
    queue.setVerdict(queued.id, { verdict, mark, bytes: null });
    sender.countUnjudged(nowMs);
  }

  /** Whether packets may wait, so that time is to be looked at often. */
  get isHolding(): boolean {
    return this.#world.pipeline.isHolding;
  }

  /** Answers what has waited until then; Infinity ends all that waits. */
  expire(until: number, nowMs: number): void {
    const { pipeline, flowQueue, batch } = this.#world;
    for (const outcome of pipeline.expire(until)) {
      release(flowQueue, outcome);
      const { events } = outcome;
      if (events !== undefined) batch.add(describe(events), nowMs);
    }
  }

  /** Tells of what was counted. */
  sumUp(counted: readonly Untold[], nowMs: number): void {
    const { batch, isClosed } = this.#world;
    const to = batch.format(nowMs);
    for (const untold of counted) {
      const from = batch.format(untold.fromMs);
      batch.add(floodEvents(untold, { isLetGo: !isClosed, from, to }), nowMs);
    }
  }

  #countInstead(
    bodies: readonly EventBody[],
    { sender }: Arrival,
    nowMs: number,
  ): void {
    for (const body of bodies) {
      const protocol = refusedProtocol(body);
      if (protocol === null) this.#world.batch.add([body], nowMs);
      else sender.countRefused(protocol, nowMs);
    }
  }

  #judge({ queue, queued }: Arrival, nowMs: number): Outcome | null {
    try {
      const outcome = this.#world.pipeline.judge(queued, nowMs);
      release(queue, outcome);
      answer(queue, { queued, outcome });
      return outcome;
    } catch (error) {
      // A defect of ours must cost one packet, not the guard.
      const mark = withMark(queued.mark, MARK.DENY);
      queue.setVerdict(queued.id, { verdict: NF.ACCEPT, mark, bytes: null });
      console.error("Cannot judge a packet, it is refused:", error);
      return null;
    }
  }

  #glance(queued: QueuedPacket, nowMs: number): Packet | null {
    try {
      const decoded = decodePacket(queued.payload);
      if (!decoded.ok) return null;
      const packet = decoded.value;
      const seen = { queued, packet, nowMs };
      return this.#world.pipeline.isRefusedAtAGlance(seen) ? packet : null;
    } catch {
      // A defect of ours: the closer look refuses the packet, and says why.
      return null;
    }
  }
}

/** Events, or none where a defect of ours would end the guard. */
function describe(events: () => EventBody[]): EventBody[] {
  try {
    return events();
  } catch (error) {
    console.error("Cannot describe a packet, it is not in the journal:", error);
    return [];
  }
}
