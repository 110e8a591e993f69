/**
 * Flows that were watched a moment ago.
 *
 * @module
 */

/** A packet of a flow that was let go is in the queue no longer than this. */
const LET_GO_MS = 5_000;
const MAX_FLOWS = 8_192;

/** What became of flows, as far as it matters for their next packet. */
export class LateFlows {
  /** When flows were let go, in the order of time. */
  readonly #letGoAtMs = new Map<string, number>();
  /** Flows that there was no room for. */
  readonly #forgotten = new Set<string>();

  /** How many flows were let go. */
  get size(): number {
    return this.#letGoAtMs.size;
  }

  /** Whether anything is known of a flow. */
  isKnown(key: string): boolean {
    return this.isLetGo(key) || this.isForgotten(key);
  }

  /** Whether a flow was let go a moment ago. */
  isLetGo(key: string): boolean {
    return this.#letGoAtMs.has(key);
  }

  /** Whether a flow had to be forgotten before it said anything. */
  isForgotten(key: string): boolean {
    return this.#forgotten.has(key);
  }

  /** Remembers that a flow was let go. */
  addLetGo(key: string, nowMs: number): void {
    this.#letGoAtMs.set(key, nowMs);
    if (this.#letGoAtMs.size <= MAX_FLOWS) return;
    this.#letGoAtMs.delete(this.#letGoAtMs.keys().next().value!);
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
    this.#forgotten.delete(key);
  }

  /** Lets time pass. */
  expire(nowMs: number): void {
    for (const [key, atMs] of this.#letGoAtMs) {
      if (nowMs - atMs <= LET_GO_MS) break;
      this.#letGoAtMs.delete(key);
    }
  }
}
