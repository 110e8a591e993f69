/**
 * Keeps one refused flow from filling the journal packet by packet.
 *
 * @module
 */

/** The same flow is said again after this long. */
const SAID_MS = 5_000;
const MAX_FLOWS = 8_192;

/** Flows whose refusal was written a moment ago. */
export class RecentFlows {
  readonly #saidAtMs = new Map<string, number>();

  /**
   * Whether this flow's refusal is to be written now, and remembers that.
   *
   * @param key Whatever tells flows apart.
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  isNews(key: string, nowMs: number): boolean {
    const saidAtMs = this.#saidAtMs.get(key);
    if (saidAtMs !== undefined && nowMs - saidAtMs < SAID_MS) return false;
    // Set anew, so that the map's order is the order of time.
    this.#saidAtMs.delete(key);
    this.#saidAtMs.set(key, nowMs);
    if (this.#saidAtMs.size > MAX_FLOWS) {
      this.#saidAtMs.delete(this.#saidAtMs.keys().next().value!);
    }
    return true;
  }
}
