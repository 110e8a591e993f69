/**
 * fanotify with handles: who makes, writes, moves or removes what in whole file
 * systems.
 *
 * @module
 */
import { type BytePath, cPath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** <linux/fanotify.h>: what is asked for. */
export const HEAR = {
  MODIFY: 0x0000_0002,
  ATTRIB: 0x0000_0004,
  CLOSE_WRITE: 0x0000_0008,
  OPEN: 0x0000_0020,
  MOVED_FROM: 0x0000_0040,
  MOVED_TO: 0x0000_0080,
  CREATE: 0x0000_0100,
  DELETE: 0x0000_0200,
  /** Of a directory: what is done with the files in it. */
  EVENT_ON_CHILD: 0x0800_0000,
  /** Also what is done with directories. */
  ONDIR: 0x4000_0000,
} as const;

const INIT = {
  CLOEXEC: 0x1,
  NONBLOCK: 0x2,
  UNLIMITED_QUEUE: 0x10,
  UNLIMITED_MARKS: 0x20,
  REPORT_FID: 0x200,
  REPORT_DIR_FID: 0x400,
  REPORT_NAME: 0x800,
  /** Linux 5.17: of a name that comes or goes, also what it was the name of. */
  REPORT_TARGET_FID: 0x1000,
} as const;
const BASE = INIT.CLOEXEC | INIT.NONBLOCK | INIT.UNLIMITED_QUEUE |
  INIT.UNLIMITED_MARKS | INIT.REPORT_FID | INIT.REPORT_DIR_FID |
  INIT.REPORT_NAME;
const MARK = { ADD: 0x1, DONT_FOLLOW: 0x4, FILESYSTEM: 0x100 } as const;
const AT_FDCWD = -100; // <linux/fcntl.h>

/** One group of marks. It borrows its {@linkcode Libc} and owns its fd. */
export class FileSystemWatch implements Disposable {
  readonly #libc: Libc;
  #fd: number;

  /**
   * Opens a group that asks nobody to wait. It ends with its descriptor, and
   * its marks with it.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EPERM without CAP_SYS_ADMIN, EINVAL before Linux
   * 5.9, ENOSYS in a kernel without it.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    const { fanotify_init } = libc.symbols;
    let fd = fanotify_init(BASE | INIT.REPORT_TARGET_FID, 0);
    if (fd < 0 && libc.errno() === ERRNO.EINVAL) fd = fanotify_init(BASE, 0);
    this.#fd = libc.check("fanotify_init", fd);
  }

  /** Readable when there is something to {@linkcode read}; -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Asks for what is done with a file or directory, or in the whole file
   * system that it is on. What was asked for before stays asked for.
   *
   * @param file The file itself, open and not by O_PATH; or its path.
   * @param options Bits of {@linkcode HEAR}; whether of all there; and whether
   * the path may end at a link.
   * @throws {SystemCallError} With the errno of fanotify_mark(2).
   */
  mark(
    file: number | BytePath,
    options: {
      readonly mask: number;
      readonly isWhole?: boolean;
      readonly isLinkFollowed?: boolean;
    },
  ): void {
    const { mask, isWhole = false, isLinkFollowed = false } = options;
    const ends = isLinkFollowed ? 0 : MARK.DONT_FOLLOW;
    const flags = MARK.ADD | (isWhole ? MARK.FILESYSTEM : 0);
    const { fanotify_mark } = this.#libc.symbols;
    const bits = BigInt(mask);
    const result = typeof file === "number"
      ? fanotify_mark(this.#fd, flags, bits, file, null)
      : fanotify_mark(this.#fd, flags | ends, bits, AT_FDCWD, cPath(file));
    this.#libc.check("fanotify_mark", result);
  }

  /**
   * Takes what has come, as the kernel writes it; never waits.
   *
   * @returns How many bytes of the buffer are filled; 0 when nothing has come.
   * @throws {SystemCallError} With any errno of read(2) but EAGAIN and EINTR.
   */
  read(into: Uint8Array<ArrayBuffer>): number {
    const size = BigInt(into.length);
    const filled = this.#libc.symbols.read(this.#fd, into, size);
    if (filled >= 0) return filled;
    const errno = this.#libc.errno();
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return 0;
    throw new SystemCallError("read", errno);
  }

  /** Closes the group; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
