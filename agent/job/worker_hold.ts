/**
 * Holds the runner's worker while the post step of a red job ends, so that the
 * job cannot become green.
 *
 * @module
 */
import { decodeProcStat } from "../decode/proc.ts";
import { decodeProcEnd } from "../decode/proc_end.ts";
import { startTicksOf } from "../state.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { ProcessId } from "./process_id.ts";

/** <asm/signal.h> */
const SIGNAL = { KILL: 9, CONT: 18, STOP: 19 } as const;
/** It shows lines, writes files and uploads an artifact. */
const POST_MS = 120_000;
/** A thread that waits for a disk stops when that has answered. */
const STOP_MS = 5_000;
const POLL_MS = 2;

/** One worker; it is killed at most once. */
export class WorkerHold {
  readonly #libc: Libc;
  readonly #worker: ProcessId;

  /**
   * @param libc Must outlive this object.
   * @param worker The runner's process for the job.
   */
  constructor(libc: Libc, worker: ProcessId) {
    this.#libc = libc;
    this.#worker = worker;
  }

  /**
   * Stops it: when this is over, it hears of nothing until {@linkcode attend} is
   * over or {@linkcode release} lets it go on. Until all its threads stand, one may still look at an ended child.
   */
  async hold(): Promise<void> {
    this.#signal(SIGNAL.STOP);
    const untilMs = performance.now() + STOP_MS;
    while (!this.#isStill() && performance.now() < untilMs) {
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  /** Lets it go on; a worker that is not held goes on as before. */
  release(): void {
    this.#signal(SIGNAL.CONT);
  }

  /** Ends it: the runner's listener tells GitHub that the job has failed. */
  kill(): void {
    this.#signal(SIGNAL.KILL);
  }

  /**
   * Waits until the post step has ended. Its parent stands still and cannot
   * take its exit code away before it is read here.
   *
   * @param post The post step.
   */
  async attend(post: ProcessId): Promise<void> {
    const { pid, startTicks } = post;
    const untilMs = performance.now() + POST_MS;
    for (;;) {
      const end = this.#endOf(post);
      if (end === "unknown" || end === 0) return this.kill();
      if (end !== null) return this.release();
      if (performance.now() > untilMs) {
        const isSame = startTicksOf(this.#libc, pid) === startTicks;
        if (isSame) this.#libc.symbols.kill(pid, SIGNAL.KILL);
      }
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  #isStill(): boolean {
    const { pid } = this.#worker;
    const threads = readDirectory(this.#libc, `/proc/${pid}/task`) ?? [];
    return threads.every((thread) => {
      const path = `/proc/${pid}/task/${thread}/stat`;
      const stat = decodeProcStat(tryRead(this.#libc, path));
      // One that is gone hears of nothing, either.
      return !stat.ok || /[TtZX]/.test(stat.value.state);
    });
  }

  /** Null while it runs; the status that its parent would be told. */
  #endOf({ pid, startTicks }: ProcessId): number | null | "unknown" {
    try {
      const text = readFile(this.#libc, `/proc/${pid}/stat`);
      const stat = decodeProcStat(text);
      // Its pid is another's: it was waited for.
      if (!stat.ok || stat.value.startTicks !== startTicks) return "unknown";
      const end = decodeProcEnd(text);
      return end.ok ? end.value : "unknown";
    } catch (error) {
      // Somebody has let the worker go on, and it has looked already.
      if (error instanceof SystemCallError) return "unknown";
      throw error;
    }
  }

  #signal(signal: number): void {
    const { pid, startTicks } = this.#worker;
    if (startTicksOf(this.#libc, pid) !== startTicks) return;
    this.#libc.symbols.kill(pid, signal);
  }
}

function tryRead(libc: Libc, path: string): Uint8Array {
  try {
    return readFile(libc, path);
  } catch (error) {
    if (error instanceof SystemCallError) return new Uint8Array();
    throw error;
  }
}
