/**
 * Which program a process ran at a time, also when it has ended since.
 *
 * A process that executes something harmless right after its deed must not be
 * taken for that.
 *
 * @module
 */
import type { ProcessKey } from "../decode/process_record.ts";
import type { Above, ProcessAct, Scope, TreeProcess } from "./process_tree.ts";

/** Processes that have ended and may still be asked about. */
const MAX_ENDED = 2_048;
/** Programs of one process. */
const MAX_PROGRAMS = 8;

/** A program that a process runs or ran. */
export interface Program {
  readonly pid: number;
  /** Microseconds from boot. */
  readonly fromUs: number;
  readonly exe: string | null;
  /** The file behind it; null for unknown. */
  readonly program: string | null;
  readonly args: readonly string[];
  readonly uid: number;
  readonly above: readonly Above[];
  readonly root: ProcessKey | null;
  readonly scope: Scope;
  /** Whether it is its parent's: it has executed none itself. */
  readonly isForked: boolean;
  /** The one that it ran before. */
  readonly before: Program | null;
}

/** Remembers the last programs of every process. */
export class Programs {
  readonly #running = new Map<number, Program>();
  /** The oldest first. */
  readonly #ended = new Map<number, Program>();

  /** Hears what a process did, after the tree. */
  hear(act: ProcessAct, process: TreeProcess): void {
    const { pid, atUs } = act;
    switch (act.kind) {
      case "fork":
        this.#running.set(pid, {
          ...programOf(process, atUs),
          isForked: true,
        });
        return;
      case "exec": {
        const before = this.#running.get(pid) ?? null;
        const program = programOf(process, atUs);
        this.#running.set(pid, { ...program, before: cut(before, 1) });
        return;
      }
      case "exit": {
        const last = this.#running.get(pid) ?? programOf(process, 0);
        this.#running.delete(pid);
        this.#ended.delete(pid);
        this.#ended.set(pid, last);
        if (this.#ended.size > MAX_ENDED) {
          this.#ended.delete(this.#ended.keys().next().value!);
        }
        return;
      }
    }
  }

  /**
   * The program that a process ran at a time.
   *
   * @param pid Who had it then.
   * @param options The time, and the process that has the pid now.
   */
  find(
    pid: number,
    options: { readonly atUs: number; readonly now: TreeProcess | null },
  ): Program | null {
    const { atUs, now } = options;
    const running = this.#runningAs(pid, now);
    return programAt(running, atUs) ??
      programAt(this.#ended.get(pid) ?? null, atUs) ?? running;
  }

  /**
   * All programs that a process ran in a span of time, the last first.
   *
   * @returns Null when there may be others that nobody remembers.
   */
  between(
    pid: number,
    options: {
      readonly fromUs: number;
      readonly untilUs: number;
      readonly now: TreeProcess | null;
    },
  ): readonly Program[] | null {
    const { fromUs, untilUs, now } = options;
    const found: Program[] = [];
    for (
      const last of [this.#runningAs(pid, now), this.#ended.get(pid) ?? null]
    ) {
      for (let each = last; each !== null; each = each.before) {
        if (each.fromUs <= untilUs) found.push(each);
        // Before it was forked there was none.
        if (each.fromUs <= fromUs || each.isForked) return found;
      }
    }
    return null;
  }

  /**
   * When a process was made, in microseconds from boot.
   *
   * @param pid Who had it at a time.
   * @returns -Infinity when nobody remembers.
   */
  bornUs(pid: number, atUs: number): number {
    for (const last of [this.#running.get(pid), this.#ended.get(pid)]) {
      for (let each = last ?? null; each !== null; each = each.before) {
        if (each.isForked && each.fromUs <= atUs) return each.fromUs;
      }
    }
    return -Infinity;
  }

  #runningAs(pid: number, now: TreeProcess | null): Program | null {
    return this.#running.get(pid) ?? (now === null ? null : programOf(now, 0));
  }
}

function programOf(process: TreeProcess, fromUs: number): Program {
  const { pid, exe, program, args, uid, above, root, scope } = process;
  const known = { pid, exe, program, args, uid, above, root, scope };
  return { ...known, fromUs, isForked: false, before: null };
}

/** Without those that are the longest ago. */
function cut(program: Program | null, depth: number): Program | null {
  if (program === null || depth === MAX_PROGRAMS) return null;
  if (program.before === null) return program;
  return { ...program, before: cut(program.before, depth + 1) };
}

function programAt(program: Program | null, atUs: number): Program | null {
  let found = program;
  while (found !== null && found.fromUs > atUs) found = found.before;
  return found;
}
