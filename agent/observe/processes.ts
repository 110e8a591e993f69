/**
 * Which process holds a socket, and what it is.
 *
 * @module
 */
import { decodeArguments, decodeProcStat } from "../decode/proc.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { ProcFiles } from "./proc_files.ts";

/** A process above another. */
export interface Ancestor {
  readonly pid: number;
  readonly exe: string | null;
}

/** A process, as it was when it was last looked at. */
export interface Process {
  readonly pid: number;
  /** Null for a kernel thread, or when it is gone. */
  readonly exe: string | null;
  readonly args: readonly string[];
  /** Parent first. */
  readonly ancestors: readonly Ancestor[];
}

/** Descriptors are kept open on this many processes. */
const MAX_KNOWN = 128;
/** A chain longer than this is cut: somebody forked it to be long. */
const MAX_ANCESTORS = 32;
/** Recently seen (process, descriptor) pairs that are tried first. */
const MAX_HOT = 8;
/** A look-up stops here and finds nobody: the packet is waiting. */
const MAX_LINKS_READ = 50_000;

interface Known extends Process {
  /** Of /proc/PID, safe from pid reuse. */
  readonly directoryFd: number;
  exe: string | null;
  args: readonly string[];
  ancestors: readonly Ancestor[];
}

interface Hot {
  readonly process: Known;
  /** Such as `fd/7`. */
  readonly name: Uint8Array<ArrayBuffer>;
  readonly directoryFd: number;
}

/** Finds the owner of a socket by walking /proc, newest processes first. */
export class ProcessTable implements Disposable {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #procsPath: string | null;
  readonly #known = new Map<number, Known>();
  #hot: Hot[] = [];
  readonly #link = new Uint8Array(32);

  /**
   * @param libc Must outlive this object.
   * @param procsPath Path of a `cgroup.procs` file whose processes are tried
   * before all others; null when a whole host is guarded.
   */
  constructor(libc: Libc, procsPath: string | null) {
    this.#libc = libc;
    this.#files = new ProcFiles(libc);
    this.#procsPath = procsPath;
  }

  /**
   * Finds a process that holds a socket open.
   *
   * The executable is read anew each time, since a policy may decide on it.
   *
   * @param inode As sock_diag gives it.
   * @returns Null when nobody is found within the budget.
   */
  find(inode: number): Process | null {
    if (inode === 0) return null;
    const link = this.#linkText(inode);
    for (const [index, hot] of this.#hot.entries()) {
      if (!this.#files.isLink(hot, link)) continue;
      if (index > 0) {
        this.#hot.splice(index, 1);
        this.#hot.unshift(hot);
      }
      hot.process.exe = this.#files.exe(hot.directoryFd);
      return hot.process;
    }
    return this.#search(link);
  }

  /**
   * Brings arguments and ancestors up to date: a known process may have
   * executed another program under the same pid. Meant for after the verdict.
   *
   * @param process As {@linkcode find} returned it.
   */
  refresh(process: Process): void {
    const known = this.#known.get(process.pid);
    if (known === process) this.#read(known);
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const process of [...this.#known.values()]) this.#forget(process);
  }

  #search(link: Uint8Array): Process | null {
    let budget = MAX_LINKS_READ;
    const tried = new Set<number>();
    for (const pid of this.#candidates()) {
      if (tried.has(pid)) continue;
      tried.add(pid);
      const directoryFd = this.#files.open(`/proc/${pid}/fd`);
      if (directoryFd < 0) continue;
      const names = this.#files.names(directoryFd);
      const found = names.find((name) =>
        this.#files.isLink({ directoryFd, name: cString(name) }, link)
      );
      this.#files.close(directoryFd);
      if (found !== undefined) return this.#remember(pid, `fd/${found}`);
      budget -= names.length + 1;
      if (budget <= 0) return null;
    }
    return null;
  }

  *#candidates(): Generator<number> {
    const newestFirst = (names: readonly string[]) =>
      names.map(Number).filter((pid) => pid > 0).sort((a, b) => b - a);
    if (this.#procsPath !== null) {
      const procs = tryReadText(this.#libc, this.#procsPath) ?? "";
      yield* newestFirst(procs.split("\n"));
    }
    yield* newestFirst(readDirectory(this.#libc, "/proc") ?? []);
  }

  #remember(pid: number, name: string): Process | null {
    const process = this.#know(pid);
    if (process === null) return null;
    const { directoryFd } = process;
    this.#hot.unshift({ process, name: cString(name), directoryFd });
    this.#hot.length = Math.min(this.#hot.length, MAX_HOT);
    return process;
  }

  #know(pid: number): Known | null {
    const before = this.#known.get(pid);
    // The descriptor goes dead with the process it was opened on.
    if (before !== undefined && this.#read(before)) return before;
    if (before !== undefined) this.#forget(before);
    const directoryFd = this.#files.open(`/proc/${pid}`);
    if (directoryFd < 0) return null;
    const process: Known = {
      pid,
      directoryFd,
      exe: null,
      args: [],
      ancestors: [],
    };
    this.#known.set(pid, process);
    if (this.#known.size > MAX_KNOWN) {
      this.#forget(this.#known.values().next().value!);
    }
    this.#read(process);
    return process;
  }

  #forget(process: Known): void {
    this.#known.delete(process.pid);
    this.#hot = this.#hot.filter((hot) => hot.process !== process);
    this.#files.close(process.directoryFd);
  }

  /** False when it is gone: what was read while it lived stays. */
  #read(process: Known): boolean {
    const { directoryFd } = process;
    const exe = this.#files.exe(directoryFd);
    if (exe === null) return false;
    process.exe = exe;
    process.args = decodeArguments(this.#files.cmdline(directoryFd));
    process.ancestors = this.#ancestorsOf(directoryFd);
    return true;
  }

  #ancestorsOf(directoryFd: number): Ancestor[] {
    const ancestors: Ancestor[] = [];
    let stat = decodeProcStat(this.#files.stat(directoryFd));
    while (stat.ok && stat.value.parentPid > 0) {
      if (ancestors.length === MAX_ANCESTORS) break;
      const pid = stat.value.parentPid;
      const parentFd = this.#files.open(`/proc/${pid}`);
      if (parentFd < 0) break;
      ancestors.push({ pid, exe: this.#files.exe(parentFd) });
      stat = decodeProcStat(this.#files.stat(parentFd));
      this.#files.close(parentFd);
    }
    return ancestors;
  }

  #linkText(inode: number): Uint8Array {
    const text = `socket:[${inode}]`;
    const { written } = new TextEncoder().encodeInto(text, this.#link);
    return this.#link.subarray(0, written);
  }
}
