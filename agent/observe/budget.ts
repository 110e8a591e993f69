/**
 * How long somebody is looked for while a packet waits.
 *
 * @module
 */
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Libc } from "../../ffi/libc.ts";

/** On a machine with more work than processors, a thread waits for its turn. */
const MOST_TIMES = 20;

/** Processor time of the calling thread, begun when it is made. */
export class Budget {
  readonly #libc: Libc;
  readonly #untilUs: number;
  readonly #latestMs: number;

  /**
   * @param libc Must outlive this object.
   * @param milliseconds Of the processor; of the clock it is 20 times as long.
   */
  constructor(libc: Libc, milliseconds: number) {
    this.#libc = libc;
    this.#untilUs = readClockUs(libc, CLOCK.THREAD_CPUTIME) +
      milliseconds * 1_000;
    this.#latestMs = performance.now() + milliseconds * MOST_TIMES;
  }

  /** Whether it is time to give up. */
  get isSpent(): boolean {
    return readClockUs(this.#libc, CLOCK.THREAD_CPUTIME) > this.#untilUs ||
      performance.now() > this.#latestMs;
  }
}
