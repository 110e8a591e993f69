/**
 * What the kernel tells of processes, whichever of its interfaces told it.
 *
 * The decoders of all process sources give these, so that nothing behind them
 * knows which source it was.
 *
 * @module
 */

/** A process, told apart from a later one that gets the same pid. */
export interface ProcessKey {
  /** In the agent's pid namespace: that of the thread group. */
  readonly pid: number;
  /** Microseconds from boot (CLOCK_BOOTTIME) to the start of the process. */
  readonly startUs: number;
}

/** One process was made by another. */
export interface ForkRecord extends ProcessKey {
  readonly kind: "fork";
  /** Who called fork(2), also with CLONE_PARENT. */
  readonly parentPid: number;
  /** Microseconds from boot. */
  readonly atUs: number;
}

/** A process has executed a program. */
export interface ExecRecord extends ProcessKey {
  readonly kind: "exec";
  /** At that moment. */
  readonly parentPid: number;
  /** Microseconds from boot. */
  readonly atUs: number;
  /** The real user. */
  readonly uid: number;
  /**
   * Absolute path from the root of its mount namespace, as /proc/<pid>/exe says
   * it: ` (deleted)` stands behind one that has no place any more. Null when it
   * was not to be had, also for one deeper than 48 directories and mounts.
   */
  readonly exe: string | null;
  /** Lossy UTF-8; cut as {@link decodeArguments} cuts. */
  readonly args: readonly string[];
  /** Like {@link exe}. */
  readonly cwd: string | null;
  /** Of its own network namespace; null when the source does not say. */
  readonly netNamespace: number | null;
  /**
   * The environment it was started with, `NAME=value` each, bounded; null when
   * it was not asked for: it is for children of a worker only.
   */
  readonly environment: readonly string[] | null;
  /**
   * The file that was executed, whatever is at its path: device as in
   * mountinfo, and inode. Null when it was not to be had, missing where the
   * source cannot say.
   */
  readonly program?: string | null;
}

/** The last thread of a process has ended. */
export interface ExitRecord extends ProcessKey {
  readonly kind: "exit";
  /** Microseconds from boot. */
  readonly atUs: number;
  /** As exit(3) was told, 0 to 255; null when a signal ended it. */
  readonly exitCode: number | null;
  /** The signal that ended it; null when it ended by itself. */
  readonly signal: number | null;
}

/** The kernel could not hand over everything. */
export interface LostRecord {
  readonly kind: "lost";
  /** How many records are missing; 0 when that is not known. */
  readonly count: number;
}

/** What one source tells, in the order in which it happened. */
export type ProcessRecord = ForkRecord | ExecRecord | ExitRecord | LostRecord;
