/**
 * Which process holds a socket, and what it is.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { KnownProcess } from "./known_process.ts";
import {
  type Ancestor,
  type Ancestry,
  type AncestryQuestions,
  KnownProcesses,
} from "./known_processes.ts";
import { ProcFiles } from "./proc_files.ts";
import type { SocketFiles } from "./bpf/socket_files.ts";
import type { Place } from "./socket_holders.ts";
import { SocketLink } from "./socket_link.ts";
import { SocketSearch } from "./socket_search.ts";
import { Unfound } from "./unfound.ts";

/** A process, as it was when it was last looked at. */
export interface Process {
  readonly pid: number;
  /** Null for a kernel thread, or when it was never there. */
  readonly exe: string | null;
  /**
   * The same as far as a policy may go by it: null where another file than the
   * one that we see at that path is behind it, see `programs.ts`.
   */
  readonly program: string | null;
  readonly args: readonly string[];
  /** Clock ticks from boot to its start. */
  readonly startTicks: number;
  /** 0 for none. */
  readonly parentPid: number;
  /** The id of its container; null when it is in none. */
  readonly container: string | null;
}

/**
 * Recently seen (process, descriptor) pairs that are tried first, at a system
 * call each: a parallel build has more senders than processors.
 */
const MAX_HOT = 64;
/** The processes among them that a new socket may be of. */
const MAX_RECENT = 4;
/** The last socket with one holder is not looked at again for this long. */
const SURE_MS = 100;

/** The inode of no socket. */
const NOBODYS = 0xffff_ffff;

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
   * Paths of the programs that the policy names. With any, executables are read
   * while the packet waits; else for the journal, after the verdict.
   */
  readonly programs: ReadonlySet<string>;
  /** Those of which it names the content too; read at once. */
  readonly hashed: ReadonlySet<string>;
  /** Tells who holds a socket; null where only /proc does. Borrowed. */
  readonly files: SocketFiles | null;
}

/** Finds the owner of a socket by walking /proc, newest processes first. */
export class ProcessTable implements Disposable {
  readonly #files: ProcFiles;
  readonly #readsExe: boolean;
  readonly #search: SocketSearch;
  /** By inode. */
  readonly #unfound = new Unfound();
  #sole = { inode: 0, pid: 0, untilMs: 0 };
  readonly #known: KnownProcesses;
  #hot: Hot[] = [];
  readonly #link = new SocketLink();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: ProcessTableOptions) {
    this.#files = new ProcFiles(libc, options.programs);
    this.#readsExe = options.programs.size > 0;
    this.#search = new SocketSearch(libc, this.#files, options);
    for (const path of options.hashed) this.#files.hashes.learn(path);
    this.#known = new KnownProcesses(this.#files, (process) => {
      this.#hot = this.#hot.filter((hot) => hot.process !== process);
    });
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
    return this.findIn(null, { inode, nowMs });
  }

  /** Looks once for nobody: what has never run takes ten times as long. */
  warmUp(): void {
    this.#search.findOne(NOBODYS, { place: null, recent: [] });
  }

  /**
   * Like {@linkcode find}, beginning at one place.
   *
   * @param place Null for none.
   */
  findIn(
    place: Place | null,
    of: { readonly inode: number; readonly nowMs: number },
  ): Process | null {
    const { inode, nowMs } = of;
    if (inode === 0) return null;
    const link = this.#link.of(inode);
    for (const [index, hot] of this.#hot.entries()) {
      if (!hot.process.isLink(hot.name, link)) continue;
      if (index > 0) {
        this.#hot.splice(index, 1);
        this.#hot.unshift(hot);
      }
      // A known process may have executed another program since.
      if (this.#readsExe) hot.process.readExe();
      hot.process.refresh(nowMs);
      this.#known.use(hot.process);
      return hot.process;
    }
    return this.#lookFor(inode, place);
  }

  /**
   * Whether every process that holds a socket is accepted. Any of them may be
   * the one that sends by it.
   *
   * @param inode As sock_diag gives it.
   * @param of Whom to accept, and one who is accepted already.
   * @returns False also when not all could be looked at in time.
   */
  isHeldOnlyBy(
    inode: number,
    of: {
      readonly owner: Process;
      readonly accept: (one: Process) => boolean;
    },
  ): boolean {
    const { owner, accept } = of;
    const { inode: lastInode, pid, untilMs } = this.#sole;
    // Whoever holds it alone would have to give it away by its own will.
    if (
      inode === lastInode && pid === owner.pid && performance.now() < untilMs
    ) return true;
    if (this.#search.isSole(inode, owner.pid)) return true;
    const pids = this.#search.findAll(inode);
    if (pids === null || pids.length === 0) return false;
    for (const pid of pids) {
      using process = new KnownProcess(this.#files, pid);
      if (!accept(process)) return false;
    }
    if (pids.length === 1) {
      const untilMs = performance.now() + SURE_MS;
      this.#sole = { inode, pid: pids[0]!, untilMs };
    }
    return true;
  }

  /** Whether a process is one of those that hold a socket. */
  isHolder(inode: number, process: Process): boolean {
    if (inode === 0) return false;
    return this.#search.isHolder(inode, process.pid);
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
    return process instanceof KnownProcess
      ? this.#known.listAbove(process, nowMs)
      : [];
  }

  /** Whether what a process has executed is the file at a path it names. */
  isExecuted(path: string, executed: string | null): boolean {
    return this.#files.programs.isExecuted(path, executed);
  }

  /** The programs above a process, for a policy. */
  ancestryOf(process: Process, of: AncestryQuestions): Ancestry {
    return process instanceof KnownProcess
      ? this.#known.ancestryOf(process, of)
      : { programs: [], isWhole: false };
  }

  /** The SHA-256 of what a process runs, in hex; null when it is not known. */
  hashOf(process: Process): string | null {
    return process instanceof KnownProcess ? process.hash() : null;
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#known[Symbol.dispose]();
  }

  #lookFor(inode: number, place: Place | null): Process | null {
    // A socket that nobody is found for is asked about packet after packet.
    if (this.#unfound.has(inode)) return null;
    const hot = new Set(this.#hot.map(({ process }) => process.pid));
    const recent = [...hot].slice(0, MAX_RECENT);
    const holder = this.#search.findOne(inode, { place, recent });
    if (holder === null) {
      this.#unfound.add(inode);
      return null;
    }
    const { pid, name } = holder;
    const process = this.#known.look(pid);
    process.readContainer();
    this.#known.learnAbove(process);
    this.#hot.unshift({ process, name: cString(name) });
    this.#hot.length = Math.min(this.#hot.length, MAX_HOT);
    return process;
  }
}
