/**
 * What belongs to a guard beside its rules and queues: source, journal, state
 * and settings. Notices when somebody else changes them.
 *
 * @module
 */
import type { Alarm } from "./alarm.ts";
import { Settings } from "./enforce/settings.ts";
import { AgentError } from "./errors.ts";
import { OwnFiles } from "./own_files.ts";
import type { Journal } from "./record/journal.ts";
import { stampOf } from "../ffi/directories.ts";
import type { Libc } from "../ffi/libc.ts";

const SHOWN_PATHS = 3;

/** What it works with; all of it is borrowed. */
export interface BelongingsOptions {
  readonly alarm: Alarm;
  readonly journal: Journal;
  /** The state's file, and how it is written again. */
  readonly state: { readonly path: string; readonly write: () => void };
}

/** Watches from when it is made. */
export class Belongings {
  readonly #libc: Libc;
  readonly #options: BelongingsOptions;
  readonly #files: OwnFiles;
  readonly #settings: Settings;
  #stateStamp: string;
  #isLooking = false;

  /**
   * The calling thread must be in the guard's network namespace.
   *
   * @param libc Must outlive this object.
   */
  constructor(libc: Libc, options: BelongingsOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#files = new OwnFiles(libc);
    this.#settings = new Settings(libc);
    this.#stateStamp = this.#stampState();
  }

  /** The state was written by us. */
  stateWritten(): void {
    this.#stateStamp = this.#stampState();
  }

  /** Looks at all of them; for every second. */
  async look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      this.#lookAtJournal();
      this.#lookAtState();
      this.#lookAtSettings();
      this.#sayFiles(await this.#files.findChanged());
    } catch (error) {
      // For want of descriptors or memory: it must not end the guard.
      console.error("Cannot look at what belongs to the guard:", error);
    } finally {
      this.#isLooking = false;
    }
  }

  #lookAtJournal(): void {
    const { journal, alarm } = this.#options;
    const damage = journal.mend();
    if (damage === null) return;
    alarm.raise({ what: "journal", message: `The journal ${damage}` });
  }

  #lookAtState(): void {
    const { state, alarm } = this.#options;
    if (this.#stampState() === this.#stateStamp) return;
    let end = "and put back";
    try {
      state.write();
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      end = `and cannot be put back: ${error.parts.why}`;
    }
    this.#stateStamp = this.#stampState();
    const message = `The state in "${state.path}" was changed ${end}`;
    alarm.raise({ what: "files", message });
  }

  #lookAtSettings(): void {
    for (const { path, isPutBack } of this.#settings.restore()) {
      this.#options.alarm.raise({
        what: "settings",
        message: `The setting "${path}" was put off, ` +
          (isPutBack ? "and is on again" : "and cannot be put on again"),
      });
    }
  }

  #sayFiles(paths: readonly string[]): void {
    if (paths.length === 0) return;
    const shown = paths.slice(0, SHOWN_PATHS).map((path) => `"${path}"`);
    const more = paths.length - shown.length;
    this.#options.alarm.raise({
      what: "files",
      message: `The agent's own files were changed: ${shown.join(", ")}` +
        (more > 0 ? `, and ${more} more` : ""),
    });
  }

  #stampState(): string {
    const stamp = stampOf(this.#libc, this.#options.state.path);
    return stamp === null ? "" : `${stamp.id} ${stamp.changed}`;
  }
}
