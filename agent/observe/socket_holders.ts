/**
 * Which processes hold a socket open: a walk of /proc, newest first.
 *
 * @module
 */
import { readDirectory } from "../../ffi/directories.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { Budget } from "./budget.ts";
import type { ProcFiles } from "./proc_files.ts";
import { type Holder, readSocketInode, SeenSockets } from "./seen_sockets.ts";

/** PID_MAX_LIMIT, <linux/threads.h>. */
const MAX_PID = 4 * 1024 * 1024;

/** A walk for one holder stops here: the packet is waiting. */
const ONE_BUDGET_MS = 20;

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

/** Where to look first. */
export interface Place {
  /** A network namespace, as /proc writes it: `net:[INODE]`. */
  readonly namespace: string;
  /** A `cgroup.procs` file of processes that are likely in it; null for none. */
  readonly procsPath: string | null;
}

/** Walks /proc. */
export class SocketHolders {
  readonly #libc: Libc;
  readonly #files: ProcFiles;
  readonly #procsPath: string | null;
  readonly #seen = new SeenSockets();

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
   * Finds one holder: one that was seen on the way to another, or the first that
   * there is at a place, or elsewhere, as a daemon may have opened it in there.
   *
   * @param inode The socket's.
   * @param place Where to look first; null for nowhere.
   */
  find(inode: number, place: Place | null): Holder | null {
    const seen = this.#seen.take(inode);
    if (seen !== null) {
      const link = this.#files.link(`/proc/${seen.pid}/${seen.name}`);
      if (link === `socket:[${inode}]`) return seen;
    }
    const budget = new Budget(this.#libc, ONE_BUDGET_MS);
    for (const pid of place === null ? [] : this.#at(place)) {
      const found = this.#look({ pid, inode });
      if (found !== null) return found;
      if (budget.isSpent) return null;
    }
    const first = this.list(inode, ONE_BUDGET_MS).next();
    return first.done ? null : first.value;
  }

  /**
   * Lists the holders as they are found.
   *
   * @param inode The socket's.
   * @param budgetMs When to give up.
   * @returns At its end, whether the walk came to an end in time.
   */
  *list(inode: number, budgetMs: number): Generator<Holder, boolean> {
    const budget = new Budget(this.#libc, budgetMs);
    const beyond: number[] = [];
    const tried = new Set<number>();
    for (const pid of this.#candidates()) {
      if (tried.has(pid)) continue;
      tried.add(pid);
      const found = this.#look({ pid, inode, beyond });
      if (found !== null) yield found;
      if (budget.isSpent) return false;
    }
    for (const pid of beyond) {
      const found = this.#look({ pid, inode, budget });
      if (found !== null) yield found;
      if (budget.isSpent) return false;
    }
    return true;
  }

  *#at({ namespace, procsPath }: Place): Generator<number> {
    if (procsPath !== null) {
      const procs = tryReadText(this.#libc, procsPath) ?? "";
      yield* inOrder(this.#libc, procs.split("\n"));
    }
    for (const pid of newestFirst(this.#libc)) {
      if (this.#files.link(`/proc/${pid}/ns/net`) === namespace) yield pid;
    }
  }

  *#candidates(): Generator<number> {
    if (this.#procsPath !== null) {
      const procs = tryReadText(this.#libc, this.#procsPath) ?? "";
      yield* inOrder(this.#libc, procs.split("\n"));
    }
    yield* newestFirst(this.#libc);
  }

  /**
   * Looks at one process's descriptors: at the first ones, and at all of them
   * with a time to end.
   */
  #look(
    of: {
      readonly pid: number;
      readonly inode: number;
      /** Takes the process when it has more than were looked at. */
      readonly beyond?: number[];
      readonly budget?: Budget;
    },
  ): Holder | null {
    const { pid, inode, beyond, budget } = of;
    const directoryFd = this.#files.openDirectory(`/proc/${pid}/fd`);
    if (directoryFd < 0) return null;
    const names = this.#files.names(directoryFd);
    try {
      for (const [index, name] of names.entries()) {
        if (index > 0 && index % FIRST_LINKS === 0) {
          if (budget === undefined) beyond?.push(pid);
          if (budget === undefined || budget.isSpent) return null;
        }
        const held = { directoryFd, name: cString(name) };
        const seen = readSocketInode(this.#files.linkAt(held));
        if (seen === 0) continue;
        const holder = { pid, name: `fd/${name}` };
        if (seen === inode) return holder;
        this.#seen.add(seen, holder);
      }
      return null;
    } finally {
      this.#files.close(directoryFd);
    }
  }
}

/** Every process, newest first. */
export function newestFirst(libc: Libc): readonly number[] {
  return inOrder(libc, readDirectory(libc, "/proc") ?? []);
}

/** The pid that was given last, as proc_loadavg(5) says. */
export function newestPid(libc: Libc): number {
  const loadavg = tryReadText(libc, "/proc/loadavg") ?? "";
  return Number(loadavg.trim().split(" ").at(-1)) || MAX_PID;
}

/** Pids by the age of their processes, the newest first. */
export function inOrder(
  libc: Libc,
  names: readonly (string | number)[],
): readonly number[] {
  // The kernel counts pids up and starts again at the lowest: what is above
  // the last one given is older than what is below it.
  const last = newestPid(libc);
  const age = (pid: number) => (last - pid + MAX_PID) % MAX_PID;
  return names.map(Number).filter((pid) => pid > 0)
    .sort((left, right) => age(left) - age(right));
}
