/**
 * All processes that live, and of each what was above it when it was made.
 *
 * Pure: it is fed with what the kernel tells, and with one look at those that
 * were there before.
 *
 * @module
 */
import { microsecondsOf, ticksOf } from "../decode/clock_ticks.ts";
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ProcessKey,
} from "../decode/process_record.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import { ROLE } from "../observe/process_source.ts";

/** What one process did. */
export type ProcessAct = ForkRecord | ExecRecord | ExitRecord;

/** A process above another, as it was when that one was made. */
export interface Above {
  readonly pid: number;
  readonly exe: string | null;
}

/** Whether a guard tells of a process; all of one tree share it. */
export interface Scope {
  /** Null while that is not yet known. */
  isInside: boolean | null;
}

/** A process, as it is now; when it has ended, as it was. */
export interface TreeProcess extends ProcessKey {
  /** Who made it, dead or alive; 0 when that is not known. */
  readonly parentPid: number;
  /** Null when it was not to be had. */
  readonly exe: string | null;
  readonly args: readonly string[];
  /** The file behind it, as `ExecRecord.program` says; null for unknown. */
  readonly program: string | null;
  readonly cwd: string | null;
  /** The real user, when it executed its program. */
  readonly uid: number;
  /** Parent first, at most 32; the same object for all children of one. */
  readonly above: readonly Above[];
  /** The first process of its tree; null outside such a tree. */
  readonly root: ProcessKey | null;
  /** One of {@linkcode ROLE}. */
  readonly role: number;
  readonly scope: Scope;
}

/** A chain longer than this is cut: somebody forked it to be long. */
const MAX_ABOVE = 32;
/** More than a machine runs; the one that is known for longest makes room. */
const MAX_PROCESSES = 1 << 17;

interface Known extends TreeProcess {
  /** To a clock tick only when it was found and not heard of. */
  startUs: number;
  isRough: boolean;
  parentPid: number;
  exe: string | null;
  args: readonly string[];
  program: string | null;
  cwd: string | null;
  uid: number;
  above: readonly Above[];
  /** What its children have above them, until it executes another program. */
  aboveChildren: readonly Above[] | null;
  root: ProcessKey | null;
  role: number;
  scope: Scope;
}

/** Knows processes by pid and start. */
export class ProcessTree {
  readonly #processes = new Map<number, Known>();
  readonly #scope: Scope;

  /** @param scope Of all processes that inherit no other one. */
  constructor(scope: Scope) {
    this.#scope = scope;
  }

  /** How many processes it knows. */
  get size(): number {
    return this.#processes.size;
  }

  /** The process that has a pid now; null when it is not known. */
  find(pid: number): TreeProcess | null {
    return this.#processes.get(pid) ?? null;
  }

  /**
   * Takes in what was there already; what was heard of since is kept, and what
   * is not there is forgotten.
   *
   * @param found All processes there are.
   */
  meet(found: readonly FoundProcess[]): void {
    const byPid = new Map(found.map((process) => [process.pid, process]));
    for (const known of [...this.#processes.values()]) {
      const { pid } = known;
      const now = byPid.get(pid);
      if (
        now === undefined ||
        !isSame(known, microsecondsOf(now.startTicks), true)
      ) {
        this.#processes.delete(pid);
      }
    }
    const adopt = (process: FoundProcess, depth: number): Known => {
      const { pid, parentPid, exe, args, uid, startTicks } = process;
      const before = this.#processes.get(pid);
      if (before !== undefined) return before;
      const above = byPid.get(parentPid);
      const parent = above === undefined || depth === MAX_ABOVE
        ? null
        : adopt(above, depth + 1);
      return this.#add({ pid, startUs: microsecondsOf(startTicks) }, {
        ...{ parent, parentPid, isRough: true },
        ...{ exe, args, uid, cwd: null, program: null },
      });
    };
    for (const process of found) adopt(process, 0);
  }

  /**
   * Takes in what a process did.
   *
   * @returns That process.
   */
  take(act: ProcessAct): TreeProcess {
    switch (act.kind) {
      case "fork":
        return this.#know(act, act.parentPid);
      case "exec": {
        const process = this.#know(act, act.parentPid);
        const { exe, args, cwd, uid, program = null } = act;
        process.aboveChildren = null;
        return Object.assign(process, { exe, args, cwd, uid, program });
      }
      case "exit": {
        const process = this.#know(act, 0);
        this.#processes.delete(act.pid);
        return process;
      }
    }
  }

  /** Gives a process a role, from its next child on. */
  setRole({ pid, startUs }: ProcessKey, role: number): void {
    const known = this.#processes.get(pid);
    if (known !== undefined && isSame(known, startUs, false)) known.role = role;
  }

  /** Puts a process into a tree; its next children are in it too. */
  beginTree(process: ProcessKey, root: ProcessKey = process): void {
    const known = this.#processes.get(process.pid);
    if (known === undefined || !isSame(known, process.startUs, false)) return;
    known.root = { pid: root.pid, startUs: root.startUs };
  }

  /** Puts a process, and all that it makes from now on, into a scope. */
  setScope(process: TreeProcess, scope: Scope): void {
    const known = this.#processes.get(process.pid);
    if (known === process) known.scope = scope;
  }

  #know({ pid, startUs }: ProcessKey, parentPid: number): Known {
    const known = this.#processes.get(pid);
    if (known !== undefined && isSame(known, startUs, false)) {
      known.startUs = startUs;
      known.isRough = false;
      return known;
    }
    // Whoever had the pid has ended, and that was not heard of.
    this.#processes.delete(pid);
    const parent = this.#processes.get(parentPid) ?? null;
    return this.#add({ pid, startUs }, {
      ...{ parent, parentPid, isRough: false },
      // A child runs its parent's program until it executes another.
      ...{ exe: parent?.exe ?? null, args: parent?.args ?? [] },
      ...{ uid: parent?.uid ?? 0, cwd: parent?.cwd ?? null },
      program: parent?.program ?? null,
    });
  }

  #add(
    { pid, startUs }: ProcessKey,
    of:
      & Pick<Known, "parentPid" | "isRough" | "exe" | "args" | "uid" | "cwd">
      & Pick<Known, "program">
      & { readonly parent: Known | null },
  ): Known {
    const { parent, ...rest } = of;
    const isFirst = parent?.role === ROLE.WORKER;
    const process: Known = {
      ...{ pid, startUs, ...rest },
      above: parent === null ? [] : aboveChildrenOf(parent),
      aboveChildren: null,
      root: isFirst ? { pid, startUs } : parent?.root ?? null,
      role: ROLE.PLAIN,
      scope: parent?.scope ?? this.#scope,
    };
    this.#processes.set(pid, process);
    if (this.#processes.size > MAX_PROCESSES) {
      this.#processes.delete(this.#processes.keys().next().value!);
    }
    return process;
  }
}

function aboveChildrenOf(parent: Known): readonly Above[] {
  const { pid, exe, above } = parent;
  parent.aboveChildren ??= [{ pid, exe }, ...above.slice(0, MAX_ABOVE - 1)];
  return parent.aboveChildren;
}

/** Whether a process started then; one that was found is known to a tick. */
function isSame(
  { startUs: knownUs, isRough }: Known,
  startUs: number,
  isTick: boolean,
): boolean {
  if (!isRough && !isTick) return knownUs === startUs;
  return ticksOf(knownUs) === ticksOf(startUs);
}
