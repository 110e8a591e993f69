/**
 * The processes that descriptors are kept open on, and what is above them.
 *
 * @module
 */
import { KnownProcess } from "./known_process.ts";
import type { ProcFiles } from "./proc_files.ts";

/** Descriptors are kept open on this many processes, three on each. */
const MAX_KNOWN = 256;
/** A chain longer than this is cut: somebody forked it to be long. */
const MAX_ANCESTORS = 32;

/** A process above another. */
export interface Ancestor {
  readonly pid: number;
  readonly exe: string | null;
}

/** The programs above a process, as far as a policy may go by them. */
export interface Ancestry {
  /** Parent first; those that could be made sure of. */
  readonly programs: readonly string[];
  /** Whether these are all, and nobody was taken in by another parent. */
  readonly isWhole: boolean;
}

/** What is asked about those on the way. */
export interface AncestryQuestions {
  /** Whether a process was made by the one that is its parent. */
  readonly isMaker: (child: KnownProcess) => boolean;
  /** Its program as far as a policy may go by it; null for none. */
  readonly programOf: (one: KnownProcess) => string | null;
}

/** Some processes, in the order of their last use. */
export class KnownProcesses implements Disposable {
  readonly #files: ProcFiles;
  readonly #onForget: (process: KnownProcess) => void;
  readonly #known = new Map<number, KnownProcess>();

  /**
   * @param files Must outlive this object.
   * @param onForget Called before what is kept of a process is closed.
   */
  constructor(files: ProcFiles, onForget: (process: KnownProcess) => void) {
    this.#files = files;
    this.#onForget = onForget;
  }

  /** The process that has a pid now; what is known of it is read anew. */
  look(pid: number): KnownProcess {
    // What is known of a pid may be of a process that has ended.
    const before = this.#known.get(pid);
    if (before !== undefined && !before.readExe()) this.#forget(before);
    else before?.read();
    return this.#know(pid);
  }

  /** Keeps a process longer than those that were not used since. */
  use(process: KnownProcess): void {
    if (this.#known.get(process.pid) !== process) return;
    this.#known.delete(process.pid);
    this.#known.set(process.pid, process);
  }

  /** Looks at those above while a packet waits: they may end together. */
  learnAbove(process: KnownProcess): void {
    let pid = process.parentPid;
    for (let count = 0; pid > 0 && count < MAX_ANCESTORS; count++) {
      const before = this.#known.get(pid);
      if (before !== undefined && !before.readExe()) this.#forget(before);
      pid = this.#know(pid).parentPid;
    }
  }

  /** Lists those above, parent first; empty for who is not known any more. */
  listAbove(process: KnownProcess, nowMs: number): readonly Ancestor[] {
    if (this.#known.get(process.pid) !== process) return [];
    const ancestors: Ancestor[] = [];
    let pid = process.parentPid;
    while (pid > 0 && ancestors.length < MAX_ANCESTORS) {
      const parent = this.#know(pid);
      parent.refresh(nowMs);
      ancestors.push({ pid, exe: parent.exe });
      pid = parent.parentPid;
    }
    return ancestors;
  }

  /** Looks at everybody above a process that lives, for a policy. */
  ancestryOf(process: KnownProcess, of: AncestryQuestions): Ancestry {
    const programs: string[] = [];
    let isWhole = true;
    let child = process;
    for (let count = 0; count < MAX_ANCESTORS; count++) {
      child.read();
      const pid = child.parentPid;
      if (pid === 0) return { programs, isWhole };
      isWhole &&= of.isMaker(child);
      const parent = this.look(pid);
      child.read();
      // It has ended, and somebody else may have its pid.
      if (child.parentPid !== pid) break;
      const program = of.programOf(parent);
      if (program === null) isWhole = false;
      else programs.push(program);
      child = parent;
    }
    return { programs, isWhole: false };
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const process of [...this.#known.values()]) this.#forget(process);
  }

  #know(pid: number): KnownProcess {
    const known = this.#known.get(pid) ?? new KnownProcess(this.#files, pid);
    this.#known.delete(pid);
    this.#known.set(pid, known);
    if (this.#known.size > MAX_KNOWN) {
      this.#forget(this.#known.values().next().value!);
    }
    return known;
  }

  #forget(process: KnownProcess): void {
    this.#known.delete(process.pid);
    this.#onForget(process);
    process[Symbol.dispose]();
  }
}
