/**
 * Trees that are still to be marked, a little at a time.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { isGone } from "../../../ffi/directory_entries.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { DirectoryFinder } from "./directory_finder.ts";
import type { FanotifyMarks } from "./fanotify_marks.ts";

/** More than these are done with by one walk of everything. */
const MAX_WAITING = 256;
/**
 * A new directory is about to be filled, often by thousands at a time, and each
 * write of that would be told twice: when it is made, and when it is closed.
 */
const NEW_MS = 250;
/** More than these are marked at once. */
const MAX_NEW = 65_536;

/** Walks for directories that have come, and for roots that are back. */
export class FanotifyWalks {
  readonly #marks: FanotifyMarks;
  readonly #finder: DirectoryFinder;
  /** Those that have not begun, and which of them are roots. */
  readonly #waiting = new Map<BytePath, "root" | "directory">();
  /** New directories, the oldest first, and when they are to be marked. */
  readonly #new = new Map<BytePath, number>();
  #current: { path: BytePath; walk: Generator<void> } | null = null;

  /** Both borrowed. */
  constructor(marks: FanotifyMarks, finder: DirectoryFinder) {
    this.#marks = marks;
    this.#finder = finder;
  }

  /** Whether {@linkcode work} has anything to do at once. */
  get hasMore(): boolean {
    if (this.#current !== null || this.#waiting.size > 0) return true;
    const [dueMs] = this.#new.values();
    return dueMs !== undefined && dueMs <= performance.now();
  }

  /** Marks what is below a directory that has come, later. */
  add(path: BytePath): void {
    if (this.#waiting.has(path)) return;
    if (this.#waiting.size < MAX_WAITING) {
      this.#waiting.set(path, "directory");
      return;
    }
    // Somebody may move a large directory to and fro for ever.
    this.#waiting.clear();
    for (const root of this.#finder.roots.paths) this.addRoot(root);
  }

  /** Marks a new directory, with nothing in it that is not new too, later. */
  addNew(path: BytePath): void {
    const [oldest] = this.#new.size < MAX_NEW ? [] : this.#new.keys();
    if (oldest !== undefined) this.#markNew(oldest);
    this.#new.set(path, performance.now() + NEW_MS);
  }

  /** Begins again with a root, later. */
  addRoot(path: BytePath): void {
    this.#waiting.set(path, "root");
  }

  /** Marks a root and all below it. */
  *walkRoot(root: BytePath): Generator<void> {
    const real = this.#marks.markRoot(root);
    // What was found to be outside before may be below this root.
    this.#finder.names.forgetOutside();
    yield* this.#marks.markTree(real);
  }

  /** Goes on until a time on the clock of `performance.now()`. */
  work(untilMs: number): void {
    for (const [path, dueMs] of this.#new) {
      const nowMs = performance.now();
      if (dueMs > nowMs || nowMs > untilMs) break;
      this.#markNew(path);
    }
    while (performance.now() < untilMs) {
      this.#current ??= this.#next();
      if (this.#current === null) return;
      if (!this.#walkOn(this.#current)) this.#current = null;
    }
  }

  #markNew(path: BytePath): void {
    this.#new.delete(path);
    this.#marks.markNew(path);
  }

  #next(): { path: BytePath; walk: Generator<void> } | null {
    const [first] = this.#waiting;
    if (first === undefined) return null;
    const [path, kind] = first;
    this.#waiting.delete(path);
    if (kind === "root") return { path, walk: this.walkRoot(path) };
    const real = this.#finder.roots.realOf(path) ?? path;
    return { path, walk: this.#marks.markTree(real) };
  }

  /** False when it is at its end. */
  #walkOn({ path, walk }: { path: BytePath; walk: Generator<void> }): boolean {
    try {
      return walk.next().done !== true;
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      // That it is there no more is told; that it comes back will be.
      if (!isGone(error)) this.#marks.refuse(path, error);
      return false;
    }
  }
}
