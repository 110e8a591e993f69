/**
 * Locks of git's that were let go, until what was written under them is
 * decided about.
 *
 * @module
 */
import type { BytePath } from "../../ffi/byte_path.ts";
import { HeldWrites } from "./held_writes.ts";
import type { IndexLock } from "./index_locks.ts";

/** Locks of one repository that were let go one after the other. */
export interface Arrival {
  readonly gitDirectory: BytePath;
  /** Whether git itself did it. */
  readonly isGit: boolean;
  readonly pid: number | null;
  readonly heardAtMs: number;
  /** What git wrote before each of them was let go. */
  readonly held: HeldWrites;
  /** How many there were. */
  readonly count: number;
  /** Whether somebody else has written the index since. */
  isForged: boolean;
}

/** One arrival for each repository, the oldest first. */
export class Arrivals {
  readonly #arrivals = new Map<BytePath, Arrival>();

  /** The next one that is in none of the directories that are held. */
  next(isHeld: (gitDirectory: BytePath) => boolean): Arrival | null {
    for (const arrival of this.#arrivals.values()) {
      if (!isHeld(arrival.gitDirectory)) return arrival;
    }
    return null;
  }

  delete({ gitDirectory }: Arrival): void {
    this.#arrivals.delete(gitDirectory);
  }

  /** What is held with a file; null when the file is not. */
  holding(path: BytePath): HeldWrites | null {
    for (const { held } of this.#arrivals.values()) {
      if (held.has(path)) return held;
    }
    return null;
  }

  /** An index is in place; `lock` is null when nobody knew of one. */
  put(
    { gitDirectory, lock, pid }: Pick<Arrival, "gitDirectory" | "pid"> & {
      readonly lock: IndexLock | null;
    },
    nowMs: number,
  ): void {
    const before = this.#arrivals.get(gitDirectory);
    // Who writes one right after git does not undo that it was git.
    if (lock === null && before !== undefined) return;
    this.#arrivals.set(gitDirectory, {
      ...{ gitDirectory, pid, heardAtMs: nowMs },
      ...{ isGit: lock !== null, isForged: false },
      ...joined(before, lock),
    });
  }

  /**
   * A lock was given up: what git has written without an index is held to the
   * one that is there.
   */
  giveUp(lock: IndexLock, nowMs: number): void {
    const { gitDirectory } = lock;
    const [first] = lock.held;
    if (first === undefined) return;
    const [, { act: { pid } }] = first;
    const before = this.#arrivals.get(gitDirectory);
    const { isGit = true, isForged = false } = before ?? {};
    this.#arrivals.set(gitDirectory, {
      ...{ gitDirectory, pid, heardAtMs: nowMs, isGit, isForged },
      ...joined(before, lock),
    });
  }

  /** Somebody else has written the index. */
  doubt(gitDirectory: BytePath): void {
    const arrival = this.#arrivals.get(gitDirectory);
    if (arrival !== undefined) arrival.isForged = true;
  }
}

function joined(
  before: Arrival | undefined,
  lock: IndexLock | null,
): Pick<Arrival, "held" | "count"> {
  const held = before?.held ?? new HeldWrites();
  for (const [path, write] of lock?.held ?? []) held.add(path, write);
  return { held, count: (before?.count ?? 0) + 1 };
}
