/**
 * One worker's log, whichever file it is in: the runner begins another one when
 * one is full.
 *
 * @module
 */
import { LoggedSteps } from "./logged_steps.ts";
import type { StepName } from "./step_board.ts";
import { type LogIntruder, WorkerLogFile } from "./worker_log_file.ts";
import { idBehind } from "../../ffi/directories.ts";
import type { Libc } from "../../ffi/libc.ts";

/** A worker without a log must not cost a search at each turn of the thread. */
const RETRY_MS = 10;

/** Asks for what a worker has logged. */
export class WorkerLog implements Disposable {
  readonly #libc: Libc;
  readonly #workerPid: number;
  readonly #onIntruder: (intruder: LogIntruder) => void;
  readonly #steps = new LoggedSteps(true);
  #file: WorkerLogFile | null = null;
  #isBelieved = true;
  #isFirst = true;
  #triedAtMs = -Infinity;

  /**
   * @param libc Must outlive this object.
   * @param onIntruder Told once, when somebody else could write the log.
   */
  constructor(
    libc: Libc,
    of: {
      readonly workerPid: number;
      readonly onIntruder: (intruder: LogIntruder) => void;
    },
  ) {
    this.#libc = libc;
    this.#workerPid = of.workerPid;
    this.#onIntruder = of.onIntruder;
  }

  /** Readable when somebody does something with it. */
  get fds(): readonly number[] {
    return this.#file === null ? [] : [this.#file.fd];
  }

  /** False for good from when somebody else could write it. */
  get isBelieved(): boolean {
    return this.#isBelieved;
  }

  /** What is worked at, as last read; null when that is not known. */
  get current(): StepName | null {
    return this.#isBelieved && this.#file !== null ? this.#steps.current : null;
  }

  /** Takes in what was written since. */
  read(): void {
    if (!this.#isBelieved) return;
    this.#file?.read();
    if (this.#isBelieved && this.#hasMoved()) this.#open();
  }

  /**
   * The step that a process was started for.
   *
   * @param action Its GITHUB_ACTION, for steps that go on beside each other.
   * @returns Undefined when the log does not yet say.
   */
  take(pid: number, action: string | null): StepName | null | undefined {
    if (!this.#isBelieved) return null;
    return this.#steps.beside(action) ?? this.#steps.take(pid);
  }

  #hasMoved(): boolean {
    return this.#file === null ||
      idBehind(this.#libc, this.#file.link) !== this.#file.id;
  }

  #open(): void {
    // At once, and not when the other one is found: the worker closes a full
    // one before it makes the next, and what starts then is of no former step.
    if (!this.#isFirst) this.#steps.forget();
    const nowMs = performance.now();
    if (nowMs - this.#triedAtMs < RETRY_MS) return;
    this.#triedAtMs = nowMs;
    const file = WorkerLogFile.open(this.#libc, {
      workerPid: this.#workerPid,
      steps: this.#steps,
      isFirst: this.#isFirst,
      onIntruder: (intruder) => {
        this.#isBelieved = false;
        this.#onIntruder(intruder);
      },
    });
    if (file === null) return;
    this.#isFirst = false;
    this.#file?.[Symbol.dispose]();
    this.#file = file;
    if (this.#isBelieved) file.read();
  }

  /** Closes its file; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#file?.[Symbol.dispose]();
    this.#file = null;
  }
}
