/**
 * The locks that git holds while it changes a work tree.
 *
 * It takes `index.lock` before it writes the first file, and renames it to
 * `index` after the last: what was written before, or is written later, it has
 * not put in place.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import type { GitProcesses } from "./git_processes.ts";
import { HeldWrites } from "./held_writes.ts";
import { splitPath } from "./sources.ts";

const LOCK = "index.lock";
const INDEX = "index";
/** What it did last is heard of within this time after it has ended. */
const ENDED_MS = 150;
/** Git never writes an index so. */
const IN_PLACE = ACT.WRITTEN | ACT.CLOSED | ACT.CREATED;

/** One lock, and what was written under it. */
export interface IndexLock {
  readonly gitDirectory: BytePath;
  readonly family: number;
  readonly held: HeldWrites;
  /** When somebody under it was last heard of. */
  heardAtMs: number;
}

/** What has become of a lock, or of an index. */
export type LockEnd =
  /** An index is in place; `lock` is null when it was nobody's known. */
  | {
    readonly kind: "index";
    readonly gitDirectory: BytePath;
    readonly lock: IndexLock | null;
    readonly pid: number | null;
  }
  /** Somebody else has written to an index where it is. */
  | { readonly kind: "touched"; readonly gitDirectory: BytePath }
  /** The index is as it was: `git restore --source` writes files alone. */
  | { readonly kind: "given up"; readonly lock: IndexLock };

/** Knows those that are held by git, by where its index is. */
export class IndexLocks {
  readonly #gits: GitProcesses;
  readonly #locks = new Map<BytePath, IndexLock>();

  /** @param gits Lent. */
  constructor(gits: GitProcesses) {
    this.#gits = gits;
  }

  /** Whether git is about to write an index there. */
  isHeld(gitDirectory: BytePath): boolean {
    return this.#locks.has(gitDirectory);
  }

  /** The lock under which somebody writes; null for none. */
  find(pid: number | null, nowMs: number): IndexLock | null {
    if (this.#locks.size === 0) return null;
    const git = this.#gits.findBy(pid, nowMs);
    if (git === null) return null;
    for (const lock of this.#locks.values()) {
      if (lock.family !== git.family && pid !== null) continue;
      lock.heardAtMs = nowMs;
      return lock;
    }
    return null;
  }

  /** The lock under which a file was written; null for none. */
  holding(path: BytePath): IndexLock | null {
    for (const lock of this.#locks.values()) {
      if (lock.held.has(path)) return lock;
    }
    return null;
  }

  /** Takes in a change in a directory of git's. */
  take({ path, acts, pid }: FileChange, nowMs: number): LockEnd | null {
    const { directory, name } = splitPath(path);
    if (name === LOCK) {
      if ((acts & ACT.CREATED) !== 0) this.#begin(directory, pid, nowMs);
      else if ((acts & ACT.REMOVED) !== 0) return this.#giveUp(directory);
      return null;
    }
    if (name !== INDEX) return null;
    if ((acts & ACT.MOVED_HERE) === 0) {
      if ((acts & IN_PLACE) === 0) return null;
      return { kind: "touched", gitDirectory: directory };
    }
    const lock = this.#locks.get(directory) ?? null;
    const git = this.#gits.findBy(pid, nowMs);
    const isOurs = lock !== null && git !== null &&
      (pid === null || git.family === lock.family);
    if (isOurs) this.#locks.delete(directory);
    return {
      ...{ kind: "index", gitDirectory: directory, pid },
      lock: isOurs ? lock : null,
    };
  }

  /** Whether a git seems to have ended without an index. */
  isAnyEnded(nowMs: number): boolean {
    return this.#ended(nowMs).length > 0;
  }

  /** Those whose git has ended without an index. */
  takeEnded(nowMs: number): readonly LockEnd[] {
    return this.#ended(nowMs).map((lock) => {
      this.#locks.delete(lock.gitDirectory);
      return { kind: "given up", lock };
    });
  }

  #ended(nowMs: number): readonly IndexLock[] {
    return [...this.#locks.values()].filter(({ family, heardAtMs }) =>
      nowMs - heardAtMs >= ENDED_MS &&
      (nowMs === Infinity || !this.#gits.isAlive(family))
    );
  }

  #begin(gitDirectory: BytePath, pid: number | null, nowMs: number): void {
    const git = this.#gits.findLate(pid, nowMs);
    if (git === null) return;
    const { family } = git;
    const before = this.#locks.get(gitDirectory);
    const held = before?.held ?? new HeldWrites();
    const lock = { gitDirectory, family, held, heardAtMs: nowMs };
    this.#locks.set(gitDirectory, lock);
  }

  #giveUp(gitDirectory: BytePath): LockEnd | null {
    const lock = this.#locks.get(gitDirectory);
    if (lock === undefined) return null;
    this.#locks.delete(gitDirectory);
    return { kind: "given up", lock };
  }
}
