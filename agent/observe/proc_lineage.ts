/**
 * Which process descends from which, kept here out of what the kernel tells.
 *
 * It is as late as its reader: unlike the map that BPF programs keep, it knows
 * of a process only when its fork was drained.
 *
 * @module
 */
import { TICK_US } from "../decode/clock_ticks.ts";
import type { ProcessKey } from "../decode/process_record.ts";
import { type Descent, type Lineage, ROLE } from "./process_source.ts";

/** A process and who made it. */
export interface Child extends ProcessKey {
  readonly parentPid: number;
}

interface Entry extends Descent {
  root: ProcessKey | null;
  role: number;
}

/** Kept in the thread that drains a source. */
export class ProcLineage implements Lineage {
  readonly #entries = new Map<number, Entry>();

  /** How many processes are known. */
  get size(): number {
    return this.#entries.size;
  }

  /** The known ones. */
  pids(): readonly number[] {
    return [...this.#entries.keys()];
  }

  find(pid: number): Descent | null {
    const entry = this.#entries.get(pid);
    return entry === undefined ? null : { ...entry };
  }

  setRole(process: ProcessKey, role: number): void {
    const entry = this.#same(process);
    if (entry !== null) entry.role = role;
  }

  beginTree(process: ProcessKey, root: ProcessKey = process): void {
    const entry = this.#same(process);
    if (entry === null) return;
    const isFirst = root.pid === process.pid;
    const { pid, startUs } = isFirst ? entry : root;
    entry.root = { pid, startUs };
  }

  /** A process was made. */
  fork(child: Child): void {
    const { pid, startUs, parentPid } = child;
    const parent = this.#entries.get(parentPid);
    const root = parent?.role === ROLE.WORKER
      ? { pid, startUs }
      : parent?.root ?? null;
    const role = ROLE.PLAIN;
    this.#entries.set(pid, { pid, startUs, parentPid, root, role });
  }

  /** A process executes another program: what it was to us, it is no more. */
  exec(pid: number): void {
    const entry = this.#entries.get(pid);
    if (entry !== undefined) entry.role = ROLE.PLAIN;
  }

  /** A process has ended. What descends from it keeps its root. */
  exit(pid: number): void {
    this.#entries.delete(pid);
  }

  /**
   * Takes in what runs, at the start and after a loss.
   *
   * One whose fork was not heard descends from its parent of now; a daemon that
   * init has taken has no root then.
   */
  fill(running: readonly Child[]): void {
    const there = new Set(running.map(({ pid }) => pid));
    for (const pid of this.pids()) {
      if (!there.has(pid)) this.#entries.delete(pid);
    }
    // Parents first: without them their children would have no root.
    const sorted = running.toSorted((left, right) =>
      left.startUs - right.startUs || left.pid - right.pid
    );
    for (const process of sorted) {
      if (this.#same(process) === null) this.fork(process);
    }
  }

  /** A start out of /proc is up to a tick from the one of its fork. */
  #same({ pid, startUs }: ProcessKey): Entry | null {
    const entry = this.#entries.get(pid);
    if (entry === undefined) return null;
    return Math.abs(entry.startUs - startUs) <= TICK_US ? entry : null;
  }
}
