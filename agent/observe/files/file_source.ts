/**
 * Where changes of files are heard of: one contract for both interfaces of the
 * kernel.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";

/** The interfaces, the better first. */
export type FileSourceName = "fanotify" | "inotify";

/** Something was done to a name in a directory, or to the file behind it. */
export interface FileChange {
  readonly kind: "change";
  /**
   * Bits of {@linkcode ACT}: several, when they followed each other and nobody
   * can say in which order.
   */
  readonly acts: number;
  /**
   * Absolute: the name that it was done by, below a watched directory; or the
   * path that was given to {@linkcode FileSource.follow}.
   */
  readonly path: BytePath;
  readonly isDirectory: boolean;
  /**
   * The thread group, in the agent's pid namespace; null when the interface
   * does not tell, or it is in no pid namespace of ours.
   */
  readonly pid: number | null;
  /**
   * It was done after this time, on the clock of `performance.now()`: before
   * it, all that had come was taken. Missing when that is not known.
   */
  readonly sinceMs?: number;
}

/** Changes were lost: everything must be looked at. */
export interface LostChanges {
  readonly kind: "lost";
}

/** What was done. */
export const ACT = {
  /** Written or truncated, and perhaps still open. */
  WRITTEN: 1,
  /** Closed by somebody who had opened it to write. */
  CLOSED: 2,
  /** A new name for a new or, by link(2), an old file. */
  CREATED: 4,
  /** A name is gone. */
  REMOVED: 8,
  /** A name has come, or was replaced, by rename(2). */
  MOVED_HERE: 16,
  /** A name is gone by rename(2). */
  MOVED_AWAY: 32,
  /** Mode, owner, times or number of names. */
  ATTRIBUTES: 64,
  /** Opened, in any way: only for what is followed with `reads`. */
  OPENED: 128,
} as const;

/** Hears of changes; everything it holds ends with its descriptors. */
export interface FileSource extends Disposable {
  /** Which interface it is. */
  readonly name: FileSourceName;
  /** Readable when there is something to {@linkcode drain}. */
  readonly fds: readonly number[];
  /**
   * Hears of a directory and all below it from now on, what comes to be there
   * later included. Yields after some milliseconds of work; changes are heard
   * of from the moment in which their directory was reached, and everything
   * that was there when the generator has ended is covered without a gap.
   *
   * @throws {SystemCallError} When the directory cannot be watched at all.
   */
  watchTree(root: BytePath): Generator<void>;
  /** Hears of the names in a directory from now on, not of those below it. */
  watchDirectory(path: BytePath): void;
  /**
   * Hears of one file whatever name it is written by, from now on.
   *
   * @param reads Whether of who opens it too.
   * @returns False when it is not there or cannot be watched.
   */
  follow(path: BytePath, reads?: boolean): boolean;
  /**
   * What has come since the last call, in the order in which it happened;
   * never waits, and returns after some thousands even when there is more.
   */
  drain(): readonly (FileChange | LostChanges)[];
  /**
   * What was done before this time was taken out, on the clock of
   * `performance.now()`.
   */
  readonly drainedMs: number;
  /**
   * Directories that are not watched, though they should be, each with a
   * sentence that says why; each is returned once.
   */
  takeRefused(): readonly { readonly path: BytePath; readonly why: string }[];
}
