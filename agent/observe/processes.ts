/**
 * Which process holds a socket, and what it is.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { KnownProcess } from "./known_process.ts";
import { ProcFiles } from "./proc_files.ts";
import {
  ALL_BUDGET_MS,
  ONE_BUDGET_MS,
  SocketHolders,
} from "./socket_holders.ts";

/** A process above another. */
export interface Ancestor {
  readonly pid: number;
  readonly exe: string | null;
}

/** A process, as it was when it was last looked at. */
export interface Process {
  readonly pid: number;
  /** Null for a kernel thread, or when it was never there. */
  readonly exe: string | null;
  readonly args: readonly string[];
}

/** Descriptors are kept open on this many processes, three on each. */
const MAX_KNOWN = 256;
/** A chain longer than this is cut: somebody forked it to be long. */
const MAX_ANCESTORS = 32;
/**
 * Recently seen (process, descriptor) pairs that are tried first, at a system
 * call each: a parallel build has more senders than processors.
 */
const MAX_HOT = 64;
/** A socket without a holder is not looked for again for this long. */
const UNFOUND_MS = 1000;
const MAX_UNFOUND = 1024;
/** The last socket with one holder is not looked at again for this long. */
const SURE_MS = 100;

interface Hot {
  readonly process: KnownProcess;
  /** Such as `fd/7`. */
  readonly name: Uint8Array<ArrayBuffer>;
}

/** How to look processes up. */
export interface ProcessTableOptions {
  /**
   * Path of a `cgroup.procs` file whose processes are tried before all others;
   * null when a whole host is guarded.
   */
  readonly procsPath: string | null;
  /**
   * Whether the executable is read while the packet waits, because the policy
   * decides on it; otherwise it is read for the journal, after the verdict.
   */
  readonly readsExe: boolean;
}

/** Finds the owner of a socket by walking /proc, newest processes first. */
export class ProcessTable implements Disposable {
  readonly #files: ProcFiles;
  readonly #readsExe: boolean;
  readonly #holders: SocketHolders;
  /** By inode, until when nobody is looked for again. */
  readonly #unfound = new Map<number, number>();
  #sure = { inode: 0, exe: "", untilMs: 0 };
  /** In the order of last use. */
  readonly #known = new Map<number, KnownProcess>();
  #hot: Hot[] = [];
  readonly #link = new Uint8Array(32);

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: ProcessTableOptions) {
    this.#files = new ProcFiles(libc);
    this.#readsExe = options.readsExe;
    this.#holders = new SocketHolders(libc, this.#files, options);
  }

  /**
   * Finds a process that holds a socket open.
   *
   * @param inode As sock_diag gives it.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns Null when nobody is found within the budget. What it shows may
   * change with the next look-up.
   */
  find(inode: number, nowMs: number): Process | null {
    if (inode === 0) return null;
    const link = this.#linkText(inode);
    for (const [index, hot] of this.#hot.entries()) {
      if (!hot.process.isLink(hot.name, link)) continue;
      if (index > 0) {
        this.#hot.splice(index, 1);
        this.#hot.unshift(hot);
      }
      // A known process may have executed another program since.
      if (this.#readsExe) hot.process.readExe();
      hot.process.refresh(nowMs);
      return hot.process;
    }
    return this.#search(inode, link);
  }

  /**
   * Whether every process that holds a socket runs the same program. Any of
   * them may be the one that sends by it.
   *
   * @param inode As sock_diag gives it.
   * @param exe That program.
   * @returns False also when not all could be looked at in time.
   */
  isHeldOnlyBy(inode: number, exe: string): boolean {
    const { inode: lastInode, exe: lastExe, untilMs } = this.#sure;
    // Whoever holds it alone would have to give it away by its own will.
    if (
      inode === lastInode && exe === lastExe && performance.now() < untilMs
    ) return true;
    const holders = this.#holders.list(this.#linkText(inode), ALL_BUDGET_MS);
    for (;;) {
      const next = holders.next();
      if (next.done) {
        const untilMs = performance.now() + SURE_MS;
        if (next.value) this.#sure = { inode, exe, untilMs };
        return next.value;
      }
      using process = new KnownProcess(this.#files, next.value.pid);
      if (process.exe !== exe) return false;
    }
  }

  /**
   * Lists those above a process. Meant for after the verdict: it costs more
   * than a packet should wait for.
   *
   * @param process As {@linkcode find} returned it.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns Parent first.
   */
  describe(process: Process, nowMs: number): readonly Ancestor[] {
    const known = this.#known.get(process.pid);
    if (known !== process) return [];
    const ancestors: Ancestor[] = [];
    let pid = known.parentPid;
    while (pid > 0 && ancestors.length < MAX_ANCESTORS) {
      const parent = this.#know(pid);
      parent.refresh(nowMs);
      ancestors.push({ pid, exe: parent.exe });
      pid = parent.parentPid;
    }
    return ancestors;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const process of [...this.#known.values()]) this.#forget(process);
  }

  #search(inode: number, link: Uint8Array): Process | null {
    const nowMs = performance.now();
    // A socket that nobody is found for is asked about packet after packet.
    if (nowMs < (this.#unfound.get(inode) ?? 0)) return null;
    const holder = this.#holders.list(link, ONE_BUDGET_MS).next();
    if (holder.done) {
      this.#unfound.set(inode, nowMs + UNFOUND_MS);
      if (this.#unfound.size > MAX_UNFOUND) {
        this.#unfound.delete(this.#unfound.keys().next().value!);
      }
      return null;
    }
    const { pid, name } = holder.value;
    // What is known of a pid may be of a process that has ended.
    const before = this.#known.get(pid);
    if (before !== undefined && !before.readExe()) this.#forget(before);
    else before?.read();
    const process = this.#know(pid);
    this.#knowParents(process);
    this.#hot.unshift({ process, name: cString(name) });
    this.#hot.length = Math.min(this.#hot.length, MAX_HOT);
    return process;
  }

  /** Looks at those above while the packet waits: they may end together. */
  #knowParents(process: KnownProcess): void {
    let pid = process.parentPid;
    for (let count = 0; pid > 0 && count < MAX_ANCESTORS; count++) {
      const before = this.#known.get(pid);
      if (before !== undefined && !before.readExe()) this.#forget(before);
      pid = this.#know(pid).parentPid;
    }
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
    this.#hot = this.#hot.filter((hot) => hot.process !== process);
    process[Symbol.dispose]();
  }

  #linkText(inode: number): Uint8Array {
    // By hand, as TextEncoder would cost more than the look-up itself.
    const text = `socket:[${inode}]`;
    for (let at = 0; at < text.length; at++) {
      this.#link[at] = text.charCodeAt(at);
    }
    return this.#link.subarray(0, text.length);
  }
}
