/**
 * Flows that were watched a moment ago.
 *
 * @module
 */

import type { Packet } from "./decode/packet.ts";
import { MARK } from "./enforce/marks.ts";
import { isSilent } from "./passing.ts";
import { isOpening } from "./watched_flow.ts";

/** A packet of a flow that was let go is in the queue no longer than this. */
const LET_GO_MS = 5_000;
/** A server may close its side so much later than the client. */
const CLOSED_MS = 60_000;
const MAX_FLOWS = 8_192;

/** What became of flows, as far as it matters for their next packet. */
export class LateFlows {
  /** When flows were let go, in the order of time. */
  readonly #letGoAtMs = new Map<string, number>();
  /** When clients closed flows without a word, in the order of time. */
  readonly #closedAtMs = new Map<string, number>();
  /** Flows that there was no room for. */
  readonly #forgotten = new Set<string>();

  /** How many flows were let go. */
  get size(): number {
    return this.#letGoAtMs.size;
  }

  /** Whether anything is known of a flow. */
  isKnown(key: string): boolean {
    return this.#letGoAtMs.has(key) || this.#closedAtMs.has(key) ||
      this.isForgotten(key);
  }

  /** The mark for a packet of a flow that has ended; null when it is none. */
  markOf(
    key: string,
    of: { packet: Packet; allowMark: number },
  ): number | null {
    const { packet, allowMark } = of;
    // It was in the queue already when the flow was let go.
    if (this.#letGoAtMs.has(key) && !isOpening(packet)) return allowMark;
    // What the kernel still says of a socket that nobody holds any more.
    const isRest = this.#closedAtMs.has(key) && isSilent(packet);
    return isRest ? MARK.PASS : null;
  }

  /** Whether a flow had to be forgotten before it said anything. */
  isForgotten(key: string): boolean {
    return this.#forgotten.has(key);
  }

  /** Remembers that a flow was let go. */
  addLetGo(key: string, nowMs: number): void {
    addBounded(this.#letGoAtMs, { key, nowMs });
  }

  /** Remembers that its client closed a flow without a word. */
  addClosed(key: string, nowMs: number): void {
    addBounded(this.#closedAtMs, { key, nowMs });
  }

  /** Remembers that there was no room for a flow. */
  addForgotten(key: string): void {
    this.#forgotten.add(key);
    if (this.#forgotten.size <= MAX_FLOWS) return;
    this.#forgotten.delete(this.#forgotten.values().next().value!);
  }

  /** A new flow between the same ends begins. */
  delete(key: string): void {
    this.#letGoAtMs.delete(key);
    this.#closedAtMs.delete(key);
    this.#forgotten.delete(key);
  }

  /** Lets time pass. */
  expire(nowMs: number): void {
    expireBefore(this.#letGoAtMs, nowMs - LET_GO_MS);
    expireBefore(this.#closedAtMs, nowMs - CLOSED_MS);
  }
}

function addBounded(
  flows: Map<string, number>,
  { key, nowMs }: { key: string; nowMs: number },
): void {
  flows.delete(key);
  flows.set(key, nowMs);
  if (flows.size <= MAX_FLOWS) return;
  flows.delete(flows.keys().next().value!);
}

function expireBefore(flows: Map<string, number>, thenMs: number): void {
  for (const [key, atMs] of flows) {
    if (atMs >= thenMs) break;
    flows.delete(key);
  }
}
