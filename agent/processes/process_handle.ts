/**
 * The main thread's end of the process thread.
 *
 * @module
 */
import type { FileSourceName } from "../observe/files/file_source.ts";
import type { FilesFds, ProcessSourceName } from "../observe/process_source.ts";
import type { JobReport } from "./job_children.ts";
import {
  type ProcessOrder,
  type ProcessReport,
  SHARED,
} from "./process_messages.ts";
import type { Libc } from "../../ffi/libc.ts";
import { WakeUp } from "../../ffi/wake_up.ts";

/**
 * A thread that reads /proc can be held there for ever: the arguments of a
 * process may be in a file of its own making. The guard must end all the same.
 */
const STOP_MS = 10_000;

/** By what processes are heard of. */
export interface Heard {
  readonly source: ProcessSourceName;
  /** The map of descents that the kernel keeps; null where it keeps none. */
  readonly lineageFd: number | null;
  /** What lists the holders of sockets; null where there is nothing. */
  readonly filesFds: FilesFds | null;
  /** By what changes of files are heard of; null when they are not. */
  readonly files: FileSourceName | null;
  /** Why no better source was to be had; empty with the best one. */
  readonly refused: string;
}

/** What the thread is to know, and who takes its events. */
export interface ProcessHandleOptions {
  readonly order: Omit<ProcessOrder, "stopFd">;
  readonly onEvents: (encoded: readonly string[]) => void;
  readonly onJob: (report: JobReport) => void;
}

/** A process thread, from when it is made until it is stopped. */
export class ProcessHandle {
  readonly #worker: Worker;
  readonly #wakeUp: WakeUp;
  readonly #options: ProcessHandleOptions;
  readonly #ready = Promise.withResolvers<Heard | string>();
  readonly #done = Promise.withResolvers<void>();
  readonly #lost = Promise.withResolvers<string>();

  /**
   * Starts the thread.
   *
   * @param libc Must outlive the thread.
   */
  constructor(libc: Libc, options: ProcessHandleOptions) {
    this.#options = options;
    this.#wakeUp = new WakeUp(libc);
    const url = new URL("./process_worker.ts", import.meta.url).href;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ProcessReport>) =>
      this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
    this.#worker.postMessage({ ...options.order, stopFd: this.#wakeUp.fd });
  }

  /** What it hears by, once it hears; or why it cannot. */
  get ready(): Promise<Heard | string> {
    return this.#ready.promise;
  }

  /** Says why, when it has ended by itself; else it is never settled. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  /**
   * Ends it; its last events have been handed over.
   *
   * @returns False when it does not end, and was given up.
   */
  async stop(): Promise<boolean> {
    this.#wakeUp.set();
    const { promise, resolve } = Promise.withResolvers<false>();
    const timer = setTimeout(() => resolve(false), STOP_MS);
    const done = this.#done.promise.then(() => true);
    const isDone = await Promise.race([done, promise]);
    clearTimeout(timer);
    this.#worker.terminate();
    // One that was given up may still wait for it.
    if (isDone) this.#wakeUp[Symbol.dispose]();
    return isDone;
  }

  #hear(report: ProcessReport): void {
    switch (report.kind) {
      case "ready": {
        const { kind: _, ...heard } = report;
        return this.#ready.resolve(heard);
      }
      case "events": {
        this.#options.onEvents(report.encoded);
        const shared = new Int32Array(this.#options.order.shared);
        Atomics.add(shared, SHARED.written, 1);
        return;
      }
      case "job":
        return this.#options.onJob(report.report);
      case "done":
        // It may have been told to end before it was ready.
        this.#ready.resolve("it was told to end");
        return this.#done.resolve();
      case "failed":
        this.#done.resolve();
        return this.#ready.resolve(report.why);
    }
  }

  #lose(message: string): void {
    this.#done.resolve();
    this.#ready.resolve(message);
    this.#lost.resolve(message);
  }
}
