/**
 * Whose a change is, and when it was made: what the kernel has told of it.
 *
 * @module
 */
import type { FileClock } from "./file_clock.ts";
import type { Deed } from "./finding.ts";
import type { PendingLook } from "./pending_looks.ts";
import { grainUs, type Stamp } from "./stamp.ts";

/** Between an act and hearing of it, when nothing better is known. */
const HEARING_US = 20_000;

/** The thread is never held up for longer. */
const LATE_US = 250_000;

/** A file after a change, and the clock that it goes by. */
export interface DeedMarks {
  /** Null when there is no file any more. */
  readonly stamp: Stamp | null;
  readonly clock: FileClock;
}

/** Whose deed it was. */
export function deedOf(pending: PendingLook, marks: DeedMarks): Deed {
  const { writer, other, pids } = pending;
  const pid = writer === undefined ? other ?? null : writer;
  const known = pids === null || pids.size === 0 || pids.has(null)
    ? null
    : [...pids] as number[];
  const heardUs = bootUsOf(pending.writtenAtMs, marks.clock);
  const span = spanBefore(heardUs, marks);
  const sinceUs = pending.sinceMs === Infinity
    ? -Infinity
    : bootUsOf(pending.sinceMs, marks.clock);
  const fromUs = Math.max(span.fromUs, sinceUs);
  // The file's own time is that of something else then.
  const untilUs = fromUs > span.untilUs ? heardUs : span.untilUs;
  return { pid, pids: known, fromUs, untilUs };
}

/** Rather too early than too late, when the thread is held up in between. */
function bootUsOf(ms: number, clock: FileClock): number {
  return clock.bootUs() - Math.max(0, performance.now() - ms) * 1000;
}

/**
 * When something was done that was heard of: the file's own time says it,
 * unless that is younger than our hearing of it, which makes it somebody
 * else's.
 *
 * @param heardUs Microseconds from boot.
 */
export function spanBefore(
  heardUs: number,
  { stamp, clock }: DeedMarks,
): Pick<Deed, "fromUs" | "untilUs"> {
  const { ctimeUs } = stamp ?? { ctimeUs: Infinity };
  const changedUs = clock.toBoot(ctimeUs);
  // From Linux 6.13 on a change has a time of its own only where it would else
  // have the very one that somebody has looked at: any other has the last tick's.
  const lastUs = changedUs + grainUs(ctimeUs);
  // Who moves a directory leaves the times of all that is in it.
  if (changedUs > heardUs || lastUs < heardUs - LATE_US) {
    return { fromUs: heardUs - HEARING_US, untilUs: heardUs };
  }
  return {
    fromUs: Math.max(changedUs, heardUs - LATE_US),
    untilUs: Math.min(heardUs, lastUs),
  };
}
