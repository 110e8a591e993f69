/**
 * Lets a journal say much about few repetitions, and little about many.
 *
 * @module
 */

/** So many are told one by one. */
const ONE_BY_ONE = 32;
/** Whoever comes up with more keys loses the count of the first. */
const MAX_KEYS = 4_096;

/** Counts by keys; bounded whatever comes. */
export class Sparing {
  readonly #counts = new Map<string, number>();

  /**
   * Counts one more of a key.
   *
   * @returns How many there are by now when this one is to be told: the first
   * ones, and after them each power of two; null otherwise.
   */
  count(key: string): number | null {
    const count = (this.#counts.get(key) ?? 0) + 1;
    this.#counts.delete(key);
    this.#counts.set(key, count);
    if (this.#counts.size > MAX_KEYS) {
      this.#counts.delete(this.#counts.keys().next().value!);
    }
    const isTold = count <= ONE_BY_ONE || (count & (count - 1)) === 0;
    return isTold ? count : null;
  }
}
