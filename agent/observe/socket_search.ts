/**
 * Finds who holds a socket: asks the kernel where it can tell, else /proc.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import type { SocketFiles } from "./bpf/socket_files.ts";
import type { ProcFiles } from "./proc_files.ts";
import {
  ALL_BUDGET_MS,
  inOrder,
  newestPid,
  type Place,
  SocketHolders,
} from "./socket_holders.ts";
import type { Holder } from "./seen_sockets.ts";

/**
 * The youngest processes are asked one by one before all of them are: a build
 * makes one after the other, and with 25,000 descriptors on a machine all of
 * them take 10 ms.
 */
const MAX_YOUNG = 8;

/** How to search. */
export interface SearchOptions {
  /** As in `ProcessTableOptions`. */
  readonly procsPath: string | null;
  /** Null where the kernel cannot tell. Borrowed. */
  readonly files: SocketFiles | null;
}

/** Searches. It owns nothing. */
export class SocketSearch {
  readonly #libc: Libc;
  readonly #files: SocketFiles | null;
  readonly #walk: SocketHolders;

  /** @param proc Must outlive this object, as `libc` must. */
  constructor(libc: Libc, proc: ProcFiles, options: SearchOptions) {
    this.#libc = libc;
    this.#files = options.files;
    this.#walk = new SocketHolders(libc, proc, options);
  }

  /**
   * Finds one holder, if there are several a young one.
   *
   * @param of Where to look first, and processes to be asked before others.
   * @returns Null when nobody was found in time.
   */
  findOne(
    inode: number,
    of: { readonly place: Place | null; readonly recent: readonly number[] },
  ): Holder | null {
    const files = this.#files;
    if (files === null) return this.#walk.find(inode, of.place);
    const last = newestPid(this.#libc);
    const young = Array.from({ length: MAX_YOUNG }, (_, at) => last - at);
    for (const pid of [...of.recent, ...young]) {
      const [found] = files.listOf(inode, pid) ?? [];
      if (found !== undefined) return holderOf(found);
    }
    const all = files.list(inode);
    if (all === null) return this.#walk.find(inode, of.place);
    const [newest] = inOrder(this.#libc, all.map(({ pid }) => pid));
    const found = all.find(({ pid }) => pid === newest);
    return found === undefined ? null : holderOf(found);
  }

  /** All holders; null when not all could be looked at in time. */
  findAll(inode: number): readonly number[] | null {
    const all = this.#files?.list(inode) ?? null;
    if (all !== null) return [...new Set(all.map(({ pid }) => pid))];
    const holders = this.#walk.list(inode, ALL_BUDGET_MS);
    const pids: number[] = [];
    for (;;) {
      const next = holders.next();
      if (next.done) return next.value ? pids : null;
      pids.push(next.value.pid);
    }
  }

  /** Whether a process is one of the holders. */
  isHolder(inode: number, pid: number): boolean {
    const own = this.#files?.listOf(inode, pid) ?? null;
    if (own !== null) return own.length > 0;
    return this.findAll(inode)?.includes(pid) ?? false;
  }

  /**
   * Whether a process is known at once to be the only holder.
   *
   * @returns False also when that takes a closer look.
   */
  isSole(inode: number, pid: number): boolean {
    return this.#files?.isHeldOnlyBy(inode, pid) ?? false;
  }
}

function holderOf(of: { pid: number; descriptor: number }): Holder {
  return { pid: of.pid, name: `fd/${of.descriptor}` };
}
