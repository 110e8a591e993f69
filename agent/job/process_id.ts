/**
 * Which process it is: by its pid and by its start, as another one may have its
 * pid by now.
 *
 * @module
 */
import { ticksOf } from "../decode/clock_ticks.ts";
import { decodeProcStat, type ProcStat } from "../decode/proc.ts";
import type { ProcessKey } from "../decode/process_record.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** One process for as long as the machine runs. */
export interface ProcessId {
  readonly pid: number;
  /** Clock ticks from boot to its start. */
  readonly startTicks: number;
}

/** What the kernel says now of a pid; null when its process has ended. */
export type Look = (
  pid: number,
) => Pick<ProcStat, "parentPid" | "startTicks"> | null;

/** Looks into /proc. */
export function lookBy(libc: Libc): Look {
  return (pid) => {
    try {
      const stat = decodeProcStat(readFile(libc, `/proc/${pid}/stat`));
      // A zombie has ended; only its parent has not looked yet.
      return stat.ok && stat.value.state !== "Z" ? stat.value : null;
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  };
}

/** The process that has a pid now; null when there is none. */
export function processAt(look: Look, pid: number): ProcessId | null {
  const found = look(pid);
  return found === null ? null : { pid, startTicks: found.startTicks };
}

/** Who is a process's parent now; null when either has ended. */
export function parentOf(look: Look, child: ProcessId): ProcessId | null {
  const pid = parentPidOf(look, child);
  if (pid === null) return null;
  const parent = processAt(look, pid);
  // The kernel gives the child another parent before it gives the pid away: as
  // long as the child names it, nobody else was looked at.
  return parentPidOf(look, child) === pid ? parent : null;
}

/** The process that a record is about. */
export function processOf({ pid, startUs }: ProcessKey): ProcessId {
  return { pid, startTicks: ticksOf(startUs) };
}

/** Whether it is one and the same. */
export function isSame(left: ProcessId, right: ProcessId): boolean {
  return left.pid === right.pid && left.startTicks === right.startTicks;
}

/**
 * Whether a process that was heard of, by whichever source, is one that was
 * looked at: the connector's time of a fork is microseconds behind, so it can be
 * in the next tick.
 */
export function isHeard(heard: ProcessId, seen: ProcessId): boolean {
  const lateTicks = heard.startTicks - seen.startTicks;
  return heard.pid === seen.pid && (lateTicks === 0 || lateTicks === 1);
}

function parentPidOf(look: Look, { pid, startTicks }: ProcessId) {
  const found = look(pid);
  return found?.startTicks === startTicks ? found.parentPid : null;
}
