/**
 * The agent's signs of life, and what is looked at with each of them.
 *
 * @module
 */
import type { Journal } from "./record/journal.ts";
import { HEARTBEAT_NAME } from "./remains.ts";
import { replaceFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { cString } from "../ffi/text.ts";

/** How often the agent leaves a sign of life. */
const HEARTBEAT_MS = 500;
/** Between two of them, but for who was stopped. */
const MAX_PAUSE_MS = 2_000;

/** What it works with; all of it is borrowed. */
export interface HeartOptions {
  readonly journal: Journal;
  /** Where the sign is left. */
  readonly directory: string;
  /** Called with each beat, and told how many there were before. */
  readonly onBeat: (count: number) => void;
}

/** Beats from when it is made until it is stopped. */
export class Heart {
  readonly #libc: Libc;
  readonly #options: HeartOptions;
  readonly #path: string;
  readonly #timer: ReturnType<typeof setInterval>;
  #last = { atMs: 0, time: "", count: 0 };

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: HeartOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#path = `${options.directory}/${HEARTBEAT_NAME}`;
    this.#beat();
    this.#timer = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  /** Takes the sign away. */
  remove(): void {
    this.#libc.symbols.unlink(cString(this.#path));
  }

  /** Ends it; the last sign stays. */
  stop(): void {
    clearInterval(this.#timer);
  }

  #beat(): void {
    const { journal, onBeat } = this.#options;
    this.#notePause();
    try {
      replaceFile(this.#libc, this.#path, journal.now());
    } catch {
      // A full disk: the journal's last event is the sign of life then.
    }
    onBeat(this.#last.count);
    journal.flush();
  }

  /** Whoever was stopped has let no packet by, but has not judged any either. */
  #notePause(): void {
    const { journal } = this.#options;
    const { atMs, time, count } = this.#last;
    const now = journal.now();
    const nowMs = performance.now();
    this.#last = { atMs: nowMs, time: now, count: count + 1 };
    if (count === 0 || nowMs - atMs < MAX_PAUSE_MS) return;
    journal.write({
      kind: "agent",
      event: "impaired",
      from: time,
      to: now,
      message: `The agent did not run for ${Math.round(nowMs - atMs)} ms; ` +
        "packets waited for it in the kernel, and none left unseen.",
    });
  }
}
