/**
 * The times of files and those of processes, on one scale.
 *
 * @module
 */
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import type { Libc } from "../../ffi/libc.ts";

/** Files are stamped with the time of day, processes with that since boot. */
export class FileClock {
  readonly #libc: Libc;
  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /** Microseconds since 1970. */
  nowUs(): number {
    return readClockUs(this.#libc, CLOCK.REALTIME);
  }

  /** Microseconds from boot. */
  bootUs(): number {
    return readClockUs(this.#libc, CLOCK.BOOTTIME);
  }

  /** A time since 1970 as one from boot, exact but for some microseconds. */
  toBoot(us: number): number {
    return us - this.nowUs() + this.bootUs();
  }
}
