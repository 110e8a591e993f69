/**
 * Where a process comes from, as far as /proc shows it at this moment: for a
 * thread that no kernel map helps.
 *
 * It walks from parent to parent. What it cannot do: a process whose parent has
 * ended is init's now, or a subreaper's, so a daemon that forked twice has no
 * root here. That is said, and no other root is guessed. And a parent may end
 * during the walk.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";
import type { Libc } from "../../ffi/libc.ts";
import { ProcSnapshots, type Running } from "./proc_snapshot.ts";
import { type Descent, type Lineage, ROLE } from "./process_source.ts";

/** A chain longer than this is given up: somebody forked it to be long. */
const MAX_PARENTS = 256;

/** Walks at each question. It owns nothing. */
export class ProcDescent implements Pick<Lineage, "find"> {
  readonly #snapshots: ProcSnapshots;
  readonly #isRoot: (process: ProcessKey) => boolean;

  /**
   * @param libc Must outlive this object.
   * @param isRoot Whether a process is known to be at the top of a tree, by
   * pid and by start to a whole tick.
   */
  constructor(libc: Libc, isRoot: (process: ProcessKey) => boolean) {
    this.#snapshots = new ProcSnapshots(libc);
    this.#isRoot = isRoot;
  }

  find(pid: number): Descent | null {
    const process = this.#look(pid, Infinity);
    if (process === null) return null;
    const { startUs, parentPid } = process;
    const root = this.#rootOf(process);
    return { pid, startUs, parentPid, root, role: ROLE.PLAIN };
  }

  #rootOf(process: Running): ProcessKey | null {
    let above: Running | null = process;
    for (let count = 0; above !== null && count < MAX_PARENTS; count++) {
      const { pid, startUs, parentPid } = above;
      if (this.#isRoot({ pid, startUs })) return { pid, startUs };
      above = this.#look(parentPid, startUs);
    }
    return null;
  }

  /** A parent that is younger than its child has only its pid in common. */
  #look(pid: number, untilUs: number): Running | null {
    const running = pid > 0 ? this.#snapshots.look(pid) : null;
    return running === null || running.startUs > untilUs ? null : running;
  }
}
