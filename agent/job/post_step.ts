/**
 * What is known of the runner's post step, and of its worker.
 *
 * @module
 */
import type { JobReport } from "../processes/job_children.ts";
import { isSame, type ProcessId, processOf } from "./process_id.ts";

/** What the kernel tells goes by another thread: it may come after the asker. */
const KNOWN_MS = 2_000;

/** Who is told of it. */
export interface PostWatcher {
  /** It has started, or something in its place. */
  postStarted(): void;
  /** What was in its place has ended. */
  otherEnded(): Promise<void>;
}

/** Hears from the process thread. */
export class PostStep {
  readonly #over = Promise.withResolvers<void>();
  readonly #waiting = new Set<() => void>();
  #watcher: PostWatcher | null = null;
  #post: ProcessId | null = null;
  #hasAsked = false;

  /** Settled when no post step will ask any more. */
  get over(): Promise<void> {
    return this.#over.promise;
  }

  /** Whether it has been answered. */
  get hasAsked(): boolean {
    return this.#hasAsked;
  }

  /** Has somebody told when it starts; at once when it has. */
  watch(watcher: PostWatcher): void {
    this.#watcher = watcher;
    if (this.#post !== null) watcher.postStarted();
  }

  /** Takes in what has become of the job. */
  hear(report: JobReport): void {
    switch (report.what) {
      case "post":
        this.#post = processOf(report);
        this.#watcher?.postStarted();
        for (const wake of this.#waiting) wake();
        return;
      case "gone":
        if (!this.#is(processOf(report))) return;
        this.#post = null;
        return this.#over.resolve();
      case "other":
        return this.#watcher?.postStarted();
      case "other gone":
        void this.#watcher?.otherEnded();
        return;
      case "worker ended":
        return this.#over.resolve();
    }
  }

  /** It has got its answer. */
  answered(): void {
    this.#hasAsked = true;
    this.#over.resolve();
  }

  /** Whether a process is the post step. */
  async isPost(process: ProcessId): Promise<boolean> {
    if (this.#post === null) {
      const known = Promise.withResolvers<void>();
      this.#waiting.add(known.resolve);
      const timer = setTimeout(known.resolve, KNOWN_MS);
      await known.promise;
      clearTimeout(timer);
      this.#waiting.delete(known.resolve);
    }
    return this.#is(process);
  }

  #is(process: ProcessId): boolean {
    return this.#post !== null && isSame(this.#post, process);
  }
}
