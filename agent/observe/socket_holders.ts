/**
 * Which processes hold a socket open: a walk of /proc, newest first.
 *
 * @module
 */
import { readDirectory } from "../../ffi/directories.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import type { ProcFiles } from "./proc_files.ts";

/** PID_MAX_LIMIT, <linux/threads.h>. */
const MAX_PID = 4 * 1024 * 1024;

/** A walk for one holder stops here: the packet is waiting. */
export const ONE_BUDGET_MS = 20;

/**
 * A walk for all holders reads every link there is, which on a busy machine
 * with some hundred processes takes tens of milliseconds.
 */
export const ALL_BUDGET_MS = 150;

/**
 * Links of each process that are read before those beyond are: somebody with
 * 100,000 descriptors must not use up the time for everybody else.
 */
const FIRST_LINKS = 256;

/** A process that holds a socket. */
export interface Holder {
  readonly pid: number;
  /** Such as `fd/7`. */
  readonly name: string;
}

/** Walks /proc. */
export class SocketHolders {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #procsPath: string | null;

  /**
   * @param files Must outlive this object, as `libc` must.
   * @param procsPath A `cgroup.procs` file whose processes are tried before all
   * others; null for none.
   */
  constructor(
    libc: Libc,
    files: ProcFiles,
    options: { procsPath: string | null },
  ) {
    this.#libc = libc;
    this.#files = files;
    this.#procsPath = options.procsPath;
  }

  /**
   * Lists the holders as they are found.
   *
   * @param link As /proc writes it: `socket:[INODE]`.
   * @param budgetMs When to give up.
   * @returns At its end, whether the walk came to an end in time.
   */
  *list(link: Uint8Array, budgetMs: number): Generator<Holder, boolean> {
    const untilMs = performance.now() + budgetMs;
    const beyond: number[] = [];
    const tried = new Set<number>();
    for (const pid of this.#candidates()) {
      if (tried.has(pid)) continue;
      tried.add(pid);
      const names = this.#names(pid);
      const found = this.#findLink(pid, names.slice(0, FIRST_LINKS), link);
      if (found !== null) yield found;
      else if (names.length > FIRST_LINKS) beyond.push(pid);
      if (performance.now() > untilMs) return false;
    }
    for (const pid of beyond) {
      const rest = this.#names(pid).slice(FIRST_LINKS);
      for (let at = 0; at < rest.length; at += FIRST_LINKS) {
        const some = rest.slice(at, at + FIRST_LINKS);
        const found = this.#findLink(pid, some, link);
        if (found !== null) {
          yield found;
          break;
        }
        if (performance.now() > untilMs) return false;
      }
    }
    return true;
  }

  *#candidates(): Generator<number> {
    // The kernel counts pids up and starts again at the lowest: what is above
    // the last one given is older than what is below it.
    const loadavg = tryReadText(this.#libc, "/proc/loadavg") ?? "";
    const last = Number(loadavg.trim().split(" ").at(-1)) || MAX_PID;
    const age = (pid: number) => (last - pid + MAX_PID) % MAX_PID;
    const newestFirst = (names: readonly string[]) =>
      names.map(Number).filter((pid) => pid > 0)
        .sort((left, right) => age(left) - age(right));
    if (this.#procsPath !== null) {
      const procs = tryReadText(this.#libc, this.#procsPath) ?? "";
      yield* newestFirst(procs.split("\n"));
    }
    yield* newestFirst(readDirectory(this.#libc, "/proc") ?? []);
  }

  #names(pid: number): string[] {
    const directoryFd = this.#files.openDirectory(`/proc/${pid}/fd`);
    if (directoryFd < 0) return [];
    const names = this.#files.names(directoryFd);
    this.#files.close(directoryFd);
    return names;
  }

  #findLink(
    pid: number,
    names: readonly string[],
    link: Uint8Array,
  ): Holder | null {
    const directoryFd = this.#files.openDirectory(`/proc/${pid}/fd`);
    if (directoryFd < 0) return null;
    const found = names.find((name) =>
      this.#files.isLink({ directoryFd, name: cString(name) }, link)
    );
    this.#files.close(directoryFd);
    return found === undefined ? null : { pid, name: `fd/${found}` };
  }
}
