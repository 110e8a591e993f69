/**
 * Packets between the queue and their verdict: each sender in its turn.
 *
 * @module
 */
import { decodeNetlink } from "./decode/netlink.ts";
import {
  decodeQueued,
  QUEUE_PACKET_TYPE,
  type QueuedPacket,
} from "./decode/nfqueue.ts";
import { decodePacket } from "./decode/packet.ts";
import { FairQueue, type Lane } from "./fair_queue.ts";
import { flowKey } from "./flow_key.ts";
import { type Sender, Senders, type Untold } from "./senders.ts";
import type { NetfilterQueue } from "../ffi/netfilter_queue.ts";

/** Netlink messages of 64 KiB packets must fit whole. */
const BUFFER_BYTES = 1 << 18;
/**
 * What waits here still counts among the kernel's 8192, and a sender who is
 * alone may fill half: most of the kernel's places stay for those who come.
 */
const BACKLOG = { items: 2_048, bytes: 16 << 20 } as const;
/** Packets taken from one queue in a row, before any is judged. */
const DRAIN_PACKETS = 256;
/** Judging goes on for this long before the queues are looked at again. */
const SERVE_MS = 1;

/** A packet that nobody has answered yet. */
export interface Arrival {
  readonly queue: NetfilterQueue;
  readonly queued: QueuedPacket;
  readonly sender: Sender<Arrival>;
}

/** What is done with a packet. */
export interface IntakeHandlers {
  /**
   * Judges and answers; its views end with the call. True when an event of its
   * own tells of a refusal.
   */
  readonly judge: (arrival: Arrival, nowMs: number) => boolean;
  /** Answers what is refused at a glance; false leaves it to `judge`. */
  readonly turnAway: (arrival: Arrival, nowMs: number) => boolean;
  /** Answers a packet that there is no room for. */
  readonly shed: (arrival: Arrival, nowMs: number) => void;
}

/** Takes packets in, lets them wait, and hands them on in turn. */
export class PacketIntake {
  readonly #handlers: IntakeHandlers;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #backlog = new FairQueue<Arrival>(BACKLOG);
  readonly #senders = new Senders<Arrival>();
  readonly #dnsQueue: NetfilterQueue;

  /** @param dnsQueue Its packets do not wait behind the sender's others. */
  constructor(dnsQueue: NetfilterQueue, handlers: IntakeHandlers) {
    this.#dnsQueue = dnsQueue;
    this.#handlers = handlers;
  }

  /** Whether no packet waits here. */
  get isEmpty(): boolean {
    return this.#backlog.size === 0;
  }

  /**
   * Takes in what a queue has. What comes first when nothing waits is judged
   * where it lies: on a quiet machine that is every packet.
   */
  drain(queue: NetfilterQueue): void {
    for (let count = 0; count < DRAIN_PACKETS; count++) {
      const bytes = queue.receive(this.#buffer);
      if (bytes < 0) return;
      const messages = decodeNetlink(this.#buffer.subarray(0, bytes));
      for (const { type, payload } of messages.ok ? messages.value : []) {
        if (type !== QUEUE_PACKET_TYPE) continue;
        const queued = decodeQueued(payload);
        if (!queued.ok) continue;
        const sender = this.#senders.of(queued.value);
        const arrival = { queue, queued: queued.value, sender };
        if (count > 0 || !this.isEmpty) this.#keep(arrival);
        else this.#judge(arrival, this.#laneOf(arrival));
      }
    }
  }

  /** Judges what waits, for a moment. */
  serve(): void {
    if (this.isEmpty) return;
    const untilMs = performance.now() + SERVE_MS;
    for (;;) {
      const turn = this.#backlog.next();
      if (turn === null) return;
      if (this.#judge(turn.item, turn.lane) > untilMs) return;
    }
  }

  /** Takes what was not told of each sender. */
  sweep(nowMs: number): Untold[] {
    return this.#senders.sweep(nowMs, (lane) => this.#backlog.isSquare(lane));
  }

  /** Returns when it is done. */
  #judge(arrival: Arrival, lane: Lane<Arrival>): number {
    const { sender } = arrival;
    const nowMs = performance.now();
    const isTold = !this.#turnAway(arrival, nowMs) &&
      this.#handlers.judge(arrival, nowMs);
    const endMs = performance.now();
    if (isTold) sender.spend(endMs - nowMs);
    this.#backlog.charge(lane, endMs - nowMs);
    return endMs;
  }

  #keep(arrival: Arrival): void {
    const nowMs = performance.now();
    if (this.#turnAway(arrival, nowMs)) return;
    const { queued } = arrival;
    // The buffer is the next packet's.
    const payload = queued.payload.slice();
    const decoded = decodePacket(payload);
    const flow = decoded.ok ? flowKey(decoded.value) : null;
    const item = { ...arrival, queued: { ...queued, payload } };
    const waiter = { item, bytes: payload.length, flow };
    const isKept = this.#backlog.add(this.#laneOf(arrival), waiter);
    if (!isKept) this.#handlers.shed(arrival, nowMs);
  }

  /** Only from whom refusals are not told one by one any more. */
  #turnAway(arrival: Arrival, nowMs: number): boolean {
    return arrival.sender.isSpent(nowMs) &&
      this.#handlers.turnAway(arrival, nowMs);
  }

  #laneOf({ queue, sender }: Arrival): Lane<Arrival> {
    return queue === this.#dnsQueue ? sender.dns : sender.flows;
  }
}
