/**
 * The tools that are to be read, the smallest first.
 *
 * @module
 */
import {
  type Content,
  hashContent,
  type Hashed,
} from "../observe/files/content_hash.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { Tool } from "./tool_list.ts";

/** A script that is longer has no diff. */
const KEEP_BYTES = 1 << 16;
/** Somebody who writes it all the time is looked at when he has ended. */
const MAX_TRIES = 20;
const TRY_AGAIN_MS = 20;

interface Job {
  readonly bytes: number;
  tries: number;
  dueMs: number;
}

interface Reading {
  readonly tool: Tool;
  readonly job: Job;
  readonly turns: Generator<void, Hashed>;
}

/** Reads them, in turns of some milliseconds. */
export class ToolJobs {
  readonly #libc: Libc;
  readonly #done: (tool: Tool, content: Content | null) => void;
  readonly #jobs = new Map<Tool, Job>();
  #reading: Reading | null = null;

  /**
   * @param libc Must outlive this object.
   * @param done Takes what was read; null when it could not be.
   */
  constructor(
    libc: Libc,
    done: (tool: Tool, content: Content | null) => void,
  ) {
    this.#libc = libc;
    this.#done = done;
  }

  /** Whether there is something to do at once. */
  get isBusy(): boolean {
    return this.#reading !== null;
  }

  /** How many wait, also for later. */
  get size(): number {
    return this.#jobs.size + (this.#reading === null ? 0 : 1);
  }

  /** Whether a tool waits or is being read. */
  has(tool: Tool): boolean {
    return this.#jobs.has(tool) || this.#reading?.tool === tool;
  }

  /** Takes in one; one that is being read is read again. */
  add(tool: Tool, bytes: number): void {
    if (this.#jobs.has(tool)) return;
    this.#jobs.set(tool, { bytes, tries: 0, dueMs: 0 });
  }

  /** Reads for one turn; false when there is nothing to do now. */
  attend(nowMs: number): boolean {
    this.#reading ??= this.#begin(nowMs);
    if (this.#reading === null) return false;
    const { tool, job, turns } = this.#reading;
    const turn = turns.next();
    if (!turn.done) return true;
    this.#reading = null;
    const { value } = turn;
    if (value.ok) {
      this.#done(tool, value.value);
      return true;
    }
    job.tries++;
    job.dueMs = nowMs + TRY_AGAIN_MS;
    const isOver = value.why !== "changing" || job.tries > MAX_TRIES;
    if (isOver || nowMs === Infinity) this.#done(tool, null);
    else if (!this.#jobs.has(tool)) this.#jobs.set(tool, job);
    return true;
  }

  /** The smallest first: no script waits for a large program. */
  #begin(nowMs: number): Reading | null {
    let next: readonly [Tool, Job] | null = null;
    for (const each of this.#jobs) {
      const [, { bytes, dueMs }] = each;
      if (dueMs > nowMs) continue;
      if (next === null || bytes < next[1].bytes) next = each;
    }
    if (next === null) return null;
    const [tool, job] = next;
    this.#jobs.delete(tool);
    const turns = hashContent(this.#libc, {
      ...{ path: tool.path, objectBytes: 20, withSha256: true },
      keepBytes: KEEP_BYTES,
    });
    return { tool, job, turns };
  }
}
