/**
 * Two units of one time from boot: clock ticks, in which /proc counts the start
 * of a process, and microseconds, in which records of processes carry it.
 *
 * @see {@link https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html | proc_pid_stat(5)}, field 22
 * @module
 */

/**
 * One tick in microseconds: USER_HZ of <asm-generic/param.h> is 100, whatever
 * the kernel's own clock runs at.
 */
export const TICK_US = 10_000;

/**
 * The tick that a moment is in, rounded down as the kernel rounds.
 *
 * @param microseconds From boot. NaN gives NaN, which equals no tick.
 * @returns Clock ticks from boot.
 */
export function ticksOf(microseconds: number): number {
  return Math.floor(microseconds / TICK_US);
}

/**
 * The first moment of a tick.
 *
 * @param ticks Clock ticks from boot. NaN gives NaN.
 * @returns Microseconds from boot.
 */
export function microsecondsOf(ticks: number): number {
  return ticks * TICK_US;
}
