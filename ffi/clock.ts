/**
 * The kernel's clocks.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

/**
 * <linux/time.h>: since 1970, which may step; since boot without the time that
 * the machine was suspended, and with it; and what the calling thread has had
 * of a processor.
 */
export const CLOCK = {
  REALTIME: 0,
  MONOTONIC: 1,
  THREAD_CPUTIME: 3,
  BOOTTIME: 7,
} as const;

/**
 * Reads a clock.
 *
 * @param clock Of {@linkcode CLOCK}.
 * @returns Whole microseconds.
 */
export function readClockUs(libc: Libc, clock: number): number {
  const time = new BigInt64Array(2); // struct timespec, <bits/types>
  libc.check("clock_gettime", libc.symbols.clock_gettime(clock, time));
  return Number(time[0]!) * 1e6 + Math.floor(Number(time[1]!) / 1000);
}
