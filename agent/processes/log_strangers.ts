/**
 * Who has opened a worker's log and not closed it: it can be open for writing
 * without being written to, and whoever opened it can have handed it on.
 *
 * @module
 */
import { WriterSearch } from "../observe/file_writers.ts";
import type { Libc } from "../../ffi/libc.ts";

/** For each that has opened it, so often and so far apart. */
const SEARCHES = 10;
const SEARCH_MS = 1_000;
/**
 * On a busy machine a search takes half a second, and steps wait for their
 * names meanwhile.
 */
const TURN_MS = 4;

/** Looks for those who could write a file without being heard of. */
export class LogStrangers {
  readonly #libc: Libc;
  readonly #fileId: string;
  readonly #pids = new Set<number>();
  #searchesLeft = 0;
  #search: WriterSearch | null = null;
  #begunAtMs = -Infinity;

  /**
   * @param libc Must outlive this object.
   * @param fileId As {@link stampOf} gives it.
   */
  constructor(libc: Libc, fileId: string) {
    this.#libc = libc;
    this.#fileId = fileId;
  }

  /** Somebody has opened the file, and cannot write it himself. */
  opened(pid: number): void {
    this.#pids.add(pid);
    this.#searchesLeft = SEARCHES;
  }

  /** Nobody has it open any more by what this process had opened. */
  closed(pid: number): void {
    this.#pids.delete(pid);
  }

  /** Looks on for a moment; those who can write, of whom the worker is one. */
  lookOn(nowMs: number): readonly number[] {
    if (this.#pids.size === 0) {
      this.#search = null;
      return [];
    }
    if (this.#search === null) {
      if (nowMs - this.#begunAtMs < SEARCH_MS) return [];
      this.#begunAtMs = nowMs;
      this.#search = new WriterSearch(this.#libc, this.#fileId);
    }
    const found = this.#search.lookOn(TURN_MS);
    if (!this.#search.isDone) return found;
    this.#search = null;
    if (--this.#searchesLeft <= 0) this.#pids.clear();
    return found;
  }
}
