/**
 * Chance that can be repeated.
 *
 * @module
 */

/** Numbers that look like chance and follow from a seed. */
export class Random {
  #state: number;

  /** @param seed Any number; its lowest 32 bits count. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to `limit - 1`; 0 when the limit is below 1. */
  below(limit: number): number {
    return limit < 1 ? 0 : this.#next() % limit;
  }

  /** One of several. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Weyl's sequence through a mixer that tells neighbours far apart. */
  #next(): number {
    this.#state = (this.#state + 0x9e37_79b9) | 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
    mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
    return (mixed ^ (mixed >>> 16)) >>> 0;
  }
}
