/**
 * What was looked for in vain, so that it is not looked for with every packet.
 *
 * @module
 */

/** Not looked for again for this long. */
const UNFOUND_MS = 1_000;
/** The oldest is forgotten beyond this many. */
const MAX_UNFOUND = 1_024;

/** Numbers that nothing was found for a moment ago. */
export class Unfound {
  readonly #untilMs = new Map<number, number>();

  /** Whether it is too early to look again. */
  has(key: number): boolean {
    return performance.now() < (this.#untilMs.get(key) ?? 0);
  }

  /** Remembers that nothing was found. */
  add(key: number): void {
    this.#untilMs.delete(key);
    this.#untilMs.set(key, performance.now() + UNFOUND_MS);
    if (this.#untilMs.size <= MAX_UNFOUND) return;
    this.#untilMs.delete(this.#untilMs.keys().next().value!);
  }
}
