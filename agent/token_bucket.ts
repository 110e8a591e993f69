/**
 * How often something may be done: at once up to a bound, then at a rate.
 *
 * @module
 */

/** What a bucket holds and how fast it fills. */
export interface TokenRate {
  readonly burst: number;
  readonly perSecond: number;
}

/** A bucket of tokens, full at first. */
export class TokenBucket {
  readonly #rate: TokenRate;
  #tokens: number;
  #filledAtMs = 0;

  /** @param rate Its burst is at least 1. */
  constructor(rate: TokenRate) {
    this.#rate = rate;
    this.#tokens = rate.burst;
  }

  /**
   * How many tokens there are, parts of one included.
   *
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  level(nowMs: number): number {
    const { burst, perSecond } = this.#rate;
    const seconds = Math.max(0, nowMs - this.#filledAtMs) / 1000;
    this.#tokens = Math.min(burst, this.#tokens + seconds * perSecond);
    this.#filledAtMs = Math.max(nowMs, this.#filledAtMs);
    return this.#tokens;
  }

  /** Whether there is not one token. */
  isEmpty(nowMs: number): boolean {
    return this.#tokens < 1 && this.level(nowMs) < 1;
  }

  /** Takes tokens, also more than there are: then it is empty for longer. */
  take(count: number): void {
    this.#tokens -= count;
  }

  /** Whether it is as full as a new one. */
  isFull(nowMs: number): boolean {
    return this.level(nowMs) === this.#rate.burst;
  }
}
