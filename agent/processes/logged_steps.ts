/**
 * What a worker works at, and which process it has started for that: the
 * entries of its log, added up.
 *
 * @module
 */
import type { WorkerLogEntry } from "../decode/worker_log.ts";
import type { StepName } from "./step_board.ts";

/** Before the first step and after the last, as the workflow shows them. */
const SET_UP: StepName = { step: "Set up job", substep: null };
const COMPLETE: StepName = { step: "Complete job", substep: null };

/** Processes that were started, and that nobody has asked for. */
const MAX_STARTED = 1024;
/** Steps beside the others; the runner allows 10. */
const MAX_BACKGROUND = 64;

/** One worker's steps. */
export class LoggedSteps {
  #current: { step: string | null; substep: string | null } | null;
  readonly #started = new Map<number, StepName | null>();
  /** By GITHUB_ACTION: those that go on beside the one worked at. */
  readonly #background = new Map<string, string>();

  /** @param isWhole Whether the first entry will be the log's first. */
  constructor(isWhole: boolean) {
    this.#current = isWhole ? SET_UP : null;
  }

  /** What is worked at; null when the log does not say. */
  get current(): StepName | null {
    const step = this.#current?.step ?? null;
    if (step === null) return null;
    // With several steps at a time nobody can say whose part it is.
    const isAlone = this.#background.size === 0;
    return { step, substep: isAlone ? this.#current!.substep : null };
  }

  /** A part of the log was not read: what it said last holds no more. */
  forget(): void {
    this.#current = null;
  }

  /** Takes in what the log says next. */
  apply(entry: WorkerLogEntry): void {
    switch (entry.kind) {
      case "step":
        this.#current = { step: entry.name, substep: null };
        return;
      case "substep":
        this.#current = { step: this.#step, substep: entry.name };
        return;
      case "substepEnded":
        this.#current = { step: this.#step, substep: null };
        return;
      case "background":
        if (this.#step !== null && this.#background.size < MAX_BACKGROUND) {
          this.#background.set(entry.action, this.#step);
        }
        this.#current = null;
        return;
      case "started":
        // The newest ones are asked for.
        this.#started.delete(entry.pid);
        this.#started.set(entry.pid, this.current);
        if (this.#started.size > MAX_STARTED) {
          this.#started.delete(this.#started.keys().next().value!);
        }
        return;
      case "finished":
        return;
      case "stepsEnded":
        this.#current = COMPLETE;
        return;
    }
  }

  /**
   * The step that the worker has started a process for; asked once.
   *
   * @returns Undefined while the log does not name the process, null when it
   * does not name the step.
   */
  take(pid: number): StepName | null | undefined {
    const name = this.#started.get(pid);
    this.#started.delete(pid);
    return name;
  }

  /** A step beside the others, by its GITHUB_ACTION. */
  beside(action: string | null): StepName | null {
    const step = action === null ? undefined : this.#background.get(action);
    return step === undefined ? null : { step, substep: null };
  }

  get #step(): string | null {
    return this.#current?.step ?? null;
  }
}
