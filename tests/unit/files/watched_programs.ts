/**
 * A world of processes as the parts for files see it, fed by a test.
 *
 * @module
 */
import { FileClock } from "../../../agent/files/file_clock.ts";
import type { FileWorld } from "../../../agent/files/file_listener.ts";
import type { Finding } from "../../../agent/files/finding.ts";
import { Programs } from "../../../agent/processes/programs.ts";
import {
  type ProcessAct,
  ProcessTree,
} from "../../../agent/processes/process_tree.ts";
import { Libc } from "../../../ffi/libc.ts";

/** The world, and what was found in it. */
export class WatchedPrograms implements Disposable {
  readonly #libc = new Libc();
  readonly tree: ProcessTree;
  readonly clock: FileClock;
  readonly found: Finding[] = [];
  readonly world: FileWorld;
  readonly #programs = new Programs();

  /** @param isInside Whether a guard is to tell of all these processes. */
  constructor(isInside = true) {
    this.tree = new ProcessTree({ isInside });
    this.clock = new FileClock(this.#libc);
    const order = { scope: "host", netns: null, files: null };
    const { tree, clock } = this;
    this.world = {
      processes: { libc: this.#libc, tree, programs: this.#programs, order },
      clock,
      find: (finding: Finding) => void this.found.push(finding),
    } as unknown as FileWorld;
  }

  /** Microseconds from boot, at this moment. */
  get nowUs(): number {
    return this.clock.bootUs();
  }

  /** Takes in what a process did. */
  hear(act: ProcessAct): void {
    const process = this.tree.take(act);
    this.#programs.hear(act, process);
  }

  [Symbol.dispose](): void {
    this.#libc[Symbol.dispose]();
  }
}
