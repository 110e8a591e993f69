/**
 * fanotify: who does what with a file, by pid.
 *
 * inotify tells the same, and not by whom.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/** <linux/fanotify.h>: what is asked for, and what an event says. */
export const FAN = {
  MODIFY: 0x0000_0002,
  CLOSE_WRITE: 0x0000_0008,
  CLOSE_NOWRITE: 0x0000_0010,
  OPEN: 0x0000_0020,
  /** Events were lost; only in an event. */
  Q_OVERFLOW: 0x0000_4000,
  /** Of a directory: what is done with the files in it. */
  EVENT_ON_CHILD: 0x0800_0000,
} as const;

const INIT = { CLOEXEC: 0x1, NONBLOCK: 0x2 } as const;
const MARK = { ADD: 0x1, MOUNT: 0x10 } as const;
const AT_FDCWD = -100; // <linux/fcntl.h>
/** <linux/fcntl.h>: for the descriptors that come with events. */
const O_LARGEFILE_CLOEXEC = 0o2100000;

/** struct fanotify_event_metadata, on every architecture. */
const AT = { eventBytes: 0, mask: 8, fd: 16, pid: 20, bytes: 24 } as const;

const BUFFER_BYTES = 8192;
/** Somebody who makes events all the time must not keep us here. */
const MAX_READS = 64;

/** Somebody has done something with a marked file. */
export interface FileEvent {
  /** Bits of {@linkcode FAN}: several, when they followed each other. */
  readonly mask: number;
  /** The thread group; 0 when it is in no pid namespace of ours. */
  readonly pid: number;
}

/** One group of marks. It borrows its {@linkcode Libc} and owns its fd. */
export class Fanotify implements Disposable {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #fd: number;

  /**
   * Opens a group that asks nobody to wait. It ends with its descriptor, and
   * its marks with it.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EPERM without CAP_SYS_ADMIN, ENOSYS in a kernel
   * without it.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    const flags = INIT.CLOEXEC | INIT.NONBLOCK;
    this.#fd = libc.check(
      "fanotify_init",
      libc.symbols.fanotify_init(flags, O_LARGEFILE_CLOEXEC),
    );
  }

  /** Readable when there is something to {@linkcode read}; -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Asks for what is done with one file, by whatever name.
   *
   * @param fileFd The file itself, open.
   * @param mask Bits of {@linkcode FAN}.
   * @throws {SystemCallError} With the errno of fanotify_mark(2).
   */
  mark(fileFd: number, mask: number): void {
    const { symbols } = this.#libc;
    this.#libc.check(
      "fanotify_mark",
      symbols.fanotify_mark(this.#fd, MARK.ADD, BigInt(mask), fileFd, null),
    );
  }

  /**
   * Asks for what is done with a file or directory, or in the whole mount that
   * a path leads to.
   *
   * @throws {SystemCallError} With the errno of fanotify_mark(2).
   */
  markPath(
    path: string,
    options: { readonly mask: number; readonly isMount?: boolean },
  ): void {
    const { mask, isMount = false } = options;
    const flags = MARK.ADD | (isMount ? MARK.MOUNT : 0);
    const { symbols } = this.#libc;
    this.#libc.check(
      "fanotify_mark",
      symbols.fanotify_mark(
        this.#fd,
        flags,
        BigInt(mask),
        AT_FDCWD,
        cString(path),
      ),
    );
  }

  /**
   * Takes what has come; never waits.
   *
   * @param look Shown the file of each event, open for reading: the descriptor
   * is closed when it returns.
   * @returns In the order in which it happened.
   * @throws {SystemCallError} With any errno of read(2) but EAGAIN and EINTR.
   */
  read(look?: (event: FileEvent, fileFd: number) => void): FileEvent[] {
    const events: FileEvent[] = [];
    for (let reads = 0; reads < MAX_READS; reads++) {
      const filled = this.#libc.symbols.read(
        this.#fd,
        this.#buffer,
        BigInt(BUFFER_BYTES),
      );
      if (filled < 0) {
        const errno = this.#libc.errno();
        if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return events;
        throw new SystemCallError("read", errno);
      }
      if (filled === 0) return events;
      for (let at = 0; at + AT.bytes <= filled;) {
        const fileFd = this.#view.getInt32(at + AT.fd, true);
        const event = {
          mask: this.#view.getUint32(at + AT.mask, true),
          pid: this.#view.getInt32(at + AT.pid, true),
        };
        events.push(event);
        if (fileFd >= 0) {
          look?.(event, fileFd);
          this.#libc.symbols.close(fileFd);
        }
        at += this.#view.getUint32(at + AT.eventBytes, true);
      }
    }
    return events;
  }

  /** Closes the group; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
