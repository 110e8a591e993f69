/**
 * Knows of each process what it has executed since it was made.
 *
 * @module
 */
import type { ProcessRecord } from "../decode/process_record.ts";
import { isHeard, type ProcessId, processOf } from "../job/process_id.ts";

/** A process that has executed one program, and no other, since its fork. */
export interface FreshChild {
  /** Who made it. */
  readonly parentPid: number;
  readonly exe: string | null;
  readonly args: readonly string[];
}

interface Child {
  readonly startUs: number;
  readonly parentPid: number;
  programs: number;
  exe: string | null;
  args: readonly string[];
}

/** Processes that have not ended; more are no runner's machine. */
const MAX_CHILDREN = 65_536;

/** Hears what the kernel tells, in its order. */
export class FreshChildren {
  readonly #children = new Map<number, Child>();

  /** Takes in one record. */
  hear(record: ProcessRecord): void {
    // What is missing may be the program that one has executed before.
    if (record.kind === "lost") return this.#children.clear();
    const { pid, startUs } = record;
    if (record.kind === "fork") {
      const { parentPid } = record;
      this.#children.delete(pid);
      const none = { programs: 0, exe: null, args: [] };
      this.#children.set(pid, { startUs, parentPid, ...none });
      if (this.#children.size <= MAX_CHILDREN) return;
      const [oldest] = this.#children.keys();
      this.#children.delete(oldest!);
      return;
    }
    const child = this.#children.get(pid);
    if (child?.startUs !== startUs) return;
    if (record.kind === "exit") {
      this.#children.delete(pid);
      return;
    }
    child.programs++;
    // Its path and arguments are of no use for a second one, and long.
    const { exe, args } = child.programs === 1
      ? record
      : { exe: null, args: [] };
    child.exe = exe;
    child.args = args;
  }

  /** What is known of a process; null where it is not all that it has done. */
  find(process: ProcessId): FreshChild | null {
    const { pid } = process;
    const child = this.#children.get(pid);
    if (child?.programs !== 1) return null;
    return isHeard(processOf({ ...child, pid }), process) ? child : null;
  }
}
