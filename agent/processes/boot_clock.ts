/**
 * Times that the kernel counts from boot, as events carry them.
 *
 * @module
 */
import { WallClock } from "../record/line.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Libc } from "../../ffi/libc.ts";

/** The two clocks part only while the machine sleeps. */
const SYNC_MS = 1_000;

/** Writes microseconds from boot as wall-clock time. */
export class BootClock {
  readonly #libc: Libc;
  readonly #clock = new WallClock();
  #bootMs = 0;
  #syncedAtMs = -Infinity;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** @returns RFC 3339 in UTC with microseconds. */
  format(atUs: number): string {
    const nowMs = performance.now();
    if (nowMs - this.#syncedAtMs > SYNC_MS) {
      const bootMs = nowMs - readClockUs(this.#libc, CLOCK.BOOTTIME) / 1000;
      // What has been told must not change by the time between two calls.
      if (Math.abs(bootMs - this.#bootMs) > 1) this.#bootMs = bootMs;
      this.#syncedAtMs = nowMs;
    }
    return this.#clock.format(this.#bootMs + atUs / 1000);
  }
}
