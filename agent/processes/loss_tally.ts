/**
 * Sums up what the kernel could not tell of processes.
 *
 * @module
 */
import type { EventBody } from "../record/event.ts";

/** It is told so often at most. */
const PAUSE_MS = 1_000;

/** How it is told. */
export interface LossTallyOptions {
  /** A time as events carry it. */
  readonly format: (atMs: number) => string;
  /** Of what something is missing. */
  readonly what: "processes" | "sources";
  /** What follows for a person who reads the journal. */
  readonly consequence: string;
}

/** Counts what is missing until it is told. */
export class LossTally {
  readonly #tell: (event: EventBody) => void;
  readonly #options: LossTallyOptions;
  #count = 0;
  #isUnknown = false;
  #sinceMs: number | null = null;
  #heardAtMs: number = performance.now();
  #toldAtMs = -Infinity;

  /** @param tell Takes the events. */
  constructor(tell: (event: EventBody) => void, options: LossTallyOptions) {
    this.#tell = tell;
    this.#options = options;
  }

  /** @param count 0 when it is not known. */
  add(count: number, nowMs: number): void {
    this.#sinceMs ??= this.#heardAtMs;
    this.#heardAtMs = nowMs;
    this.#count += count;
    this.#isUnknown ||= count === 0;
  }

  /** Whether something is to be told by now. */
  isDue(nowMs: number): boolean {
    if (this.#sinceMs !== null) return nowMs - this.#toldAtMs > PAUSE_MS;
    this.#heardAtMs = nowMs;
    return false;
  }

  /** Tells what is missing, if anything is. */
  tell(nowMs: number): void {
    if (this.#sinceMs === null) return;
    const { format, consequence, what } = this.#options;
    const acts = what === "processes"
      ? "acts of processes"
      : "changes of files";
    const count = this.#isUnknown ? "An unknown number of" : `${this.#count}`;
    this.#tell({
      kind: "agent",
      event: "coverage_lost",
      what,
      from: format(this.#sinceMs),
      to: format(nowMs),
      message: `${count} ${acts} came faster than they could be heard of: ` +
        consequence,
    });
    this.#sinceMs = null;
    this.#count = 0;
    this.#isUnknown = false;
    this.#toldAtMs = nowMs;
  }
}
