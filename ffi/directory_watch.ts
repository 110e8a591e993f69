/**
 * fanotify with names: who makes, writes, moves or removes what in a directory.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { cString, fromBytes } from "./text.ts";

/** <linux/fanotify.h> */
export const CHANGE = {
  MODIFY: 0x0000_0002,
  CLOSE_WRITE: 0x0000_0008,
  MOVED_FROM: 0x0000_0040,
  MOVED_TO: 0x0000_0080,
  CREATE: 0x0000_0100,
  DELETE: 0x0000_0200,
  /** Changes were lost; only in an event. */
  Q_OVERFLOW: 0x0000_4000,
} as const;
const ALL = CHANGE.MODIFY | CHANGE.CLOSE_WRITE | CHANGE.MOVED_FROM |
  CHANGE.MOVED_TO | CHANGE.CREATE | CHANGE.DELETE;
/** FAN_EVENT_ON_CHILD and FAN_ONDIR: of what is in it, directories too. */
const INSIDE = 0x0800_0000 | 0x4000_0000;

/** CLOEXEC, NONBLOCK, REPORT_DIR_FID, REPORT_NAME */
const INIT_FLAGS = 0x1 | 0x2 | 0x400 | 0x800;
const MARK_ADD = 0x1;
const AT_FDCWD = -100; // <linux/fcntl.h>
const INFO_DIRECTORY_AND_NAME = 2;

/**
 * struct fanotify_event_metadata, and in what follows it a header of type, pad
 * and length, the file system's id, and struct file_handle with the name behind.
 */
const AT = { eventBytes: 0, headBytes: 6, mask: 8, pid: 20 } as const;
const INFO = { type: 0, handleBytes: 12, handleType: 16, handle: 20 } as const;
const HANDLE_BYTES = 128; // MAX_HANDLE_SZ

const BUFFER_BYTES = 16_384;
/** Somebody who makes events all the time must not keep us here. */
const MAX_READS = 32;

/** Something was done in a marked directory. */
export interface Change {
  /** Bits of {@linkcode CHANGE}: several, when they followed each other. */
  readonly mask: number;
  /** Who did it; 0 for somebody in no pid namespace of ours. */
  readonly pid: number;
  /** The path that was marked; null when changes were lost. */
  readonly directory: string | null;
  /** Of what it was done to; empty for the directory itself. */
  readonly name: string;
}

/** Marks on directories. It borrows its {@linkcode Libc} and owns its fd. */
export class DirectoryWatch implements Disposable {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  /** Paths by what the kernel names the directories by. */
  readonly #paths = new Map<string, string>();
  #fd: number;

  /**
   * Opens a group that asks nobody to wait; its marks end with it.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EINVAL before Linux 5.9, EPERM without rights.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.check(
      "fanotify_init",
      libc.symbols.fanotify_init(INIT_FLAGS, 0),
    );
  }

  /** Readable when there is something to {@linkcode read}; -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Asks for all changes in a directory, not in those below it.
   *
   * @returns Whether it was not marked before.
   * @throws {SystemCallError} With the errno of fanotify_mark(2), or of a file
   * system whose files have no handles.
   */
  mark(path: string): boolean {
    const { symbols } = this.#libc;
    const handle = new Uint8Array(8 + HANDLE_BYTES);
    const view = new DataView(handle.buffer);
    view.setUint32(0, HANDLE_BYTES, true);
    const name = cString(path);
    const mountId = new Uint8Array(4);
    this.#libc.check(
      "name_to_handle_at",
      symbols.name_to_handle_at(AT_FDCWD, name, handle, mountId, 0),
    );
    const key = handle.subarray(4, 8 + view.getUint32(0, true)).toHex();
    if (this.#paths.get(key) === path) return false;
    const mask = BigInt(ALL | INSIDE);
    this.#libc.check(
      "fanotify_mark",
      symbols.fanotify_mark(this.#fd, MARK_ADD, mask, AT_FDCWD, name),
    );
    this.#paths.set(key, path);
    return true;
  }

  /** How many directories have been marked. */
  get size(): number {
    return this.#paths.size;
  }

  /**
   * Takes what has come; never waits.
   *
   * @returns In the order in which it happened.
   * @throws {SystemCallError} With any errno of read(2) but EAGAIN and EINTR.
   */
  read(): Change[] {
    const changes: Change[] = [];
    for (let reads = 0; reads < MAX_READS; reads++) {
      const bytes = BigInt(BUFFER_BYTES);
      const filled = this.#libc.symbols.read(this.#fd, this.#buffer, bytes);
      if (filled < 0) {
        const errno = this.#libc.errno();
        if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return changes;
        throw new SystemCallError("read", errno);
      }
      if (filled === 0) return changes;
      for (let at = 0; at < filled;) {
        changes.push(this.#changeAt(at));
        at += this.#view.getUint32(at + AT.eventBytes, true);
      }
    }
    return changes;
  }

  /** Closes the group; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }

  #changeAt(at: number): Change {
    const mask = this.#view.getUint32(at + AT.mask, true);
    const pid = this.#view.getInt32(at + AT.pid, true);
    const info = at + this.#view.getUint16(at + AT.headBytes, true);
    const end = at + this.#view.getUint32(at + AT.eventBytes, true);
    const isNamed = info + INFO.handle <= end &&
      this.#buffer[info + INFO.type] === INFO_DIRECTORY_AND_NAME;
    if (!isNamed) return { mask, pid, directory: null, name: "" };
    const handleBytes = this.#view.getUint32(info + INFO.handleBytes, true);
    const nameAt = info + INFO.handle + handleBytes;
    const key = this.#buffer.subarray(info + INFO.handleType, nameAt).toHex();
    const nameEnd = this.#buffer.indexOf(0, nameAt);
    const name = fromBytes(this.#buffer.subarray(nameAt, nameEnd));
    const directory = this.#paths.get(key) ?? null;
    return { mask, pid, directory, name: name === "." ? "" : name };
  }
}
