/**
 * inotify: what is done in directories and with files, but not by whom.
 *
 * @module
 */
import { type BytePath, cPath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** <linux/inotify.h>: what can be asked for. */
export const IN = {
  MODIFY: 0x0000_0002,
  ATTRIB: 0x0000_0004,
  CLOSE_WRITE: 0x0000_0008,
  OPEN: 0x0000_0020,
  MOVED_FROM: 0x0000_0040,
  MOVED_TO: 0x0000_0080,
  CREATE: 0x0000_0100,
  DELETE: 0x0000_0200,
  DELETE_SELF: 0x0000_0400,
  MOVE_SELF: 0x0000_0800,
} as const;

/**
 * IN_MASK_ADD: who asks twice about one file must not lose what was asked for
 * before.
 */
const MASK_ADD = 0x2000_0000;
/** IN_CLOEXEC, IN_NONBLOCK */
const INIT_FLAGS = 0o2000000 | 0o4000;

/** Some thousand events with names of ordinary length. */
const BUFFER_BYTES = 65_536;
const EMPTY = new Uint8Array(0);

/** One group of watches. It borrows its {@linkcode Libc} and owns its fd. */
export class Inotify implements Disposable {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  #fd: number;

  /**
   * Opens a group that never waits; its watches end with it.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EMFILE past fs.inotify.max_user_instances.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.check(
      "inotify_init1",
      libc.symbols.inotify_init1(INIT_FLAGS),
    );
  }

  /** Readable when there is something to {@linkcode read}; -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Watches a file or directory, in addition to what is asked of it already.
   *
   * @param fd The file itself, open in any way: a path could lead elsewhere.
   * @param mask Bits of {@linkcode IN}.
   * @returns The watch, one for each file however often it is asked for.
   * @throws {SystemCallError} ENOSPC past fs.inotify.max_user_watches, EACCES
   * for what the user may not read.
   */
  watch(fd: number, mask: number): number {
    const path = cPath(`/proc/self/fd/${fd}` as BytePath);
    const { inotify_add_watch } = this.#libc.symbols;
    return this.#libc.check(
      "inotify_add_watch",
      inotify_add_watch(this.#fd, path, mask | MASK_ADD),
    );
  }

  /** Ends a watch; one that has ended already is left. */
  unwatch(watch: number): void {
    this.#libc.symbols.inotify_rm_watch(this.#fd, watch);
  }

  /**
   * Takes some of what has come; never waits.
   *
   * @returns Whole events, as the decoder takes them, which die with the next
   * call; empty when nothing has come.
   * @throws {SystemCallError} With any errno of read(2) but EAGAIN and EINTR.
   */
  read(): Uint8Array {
    const { read } = this.#libc.symbols;
    const filled = read(this.#fd, this.#buffer, BigInt(BUFFER_BYTES));
    if (filled >= 0) return this.#buffer.subarray(0, filled);
    const errno = this.#libc.errno();
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return EMPTY;
    throw new SystemCallError("read", errno);
  }

  /** Closes the group; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
