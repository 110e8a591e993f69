/**
 * The files of one process under /proc, read without an allocation too many.
 *
 * @module
 */
import { readDirectoryFd } from "../../ffi/directories.ts";
import { O } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

/** Files are read up to this; an argument vector past it is cut. */
const READ_BYTES = 16_384;
const PATH_MAX = 4096n; // <linux/limits.h>
const AT_FDCWD = -100; // <linux/fcntl.h>

const EXE = cString("exe");

/** Reads through one buffer: what it returns dies with the next call. */
export class ProcFiles {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(READ_BYTES);

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /**
   * Opens a directory of /proc; what is read through it afterwards is this
   * process or nothing, also when its pid is used again.
   *
   * @returns The descriptor, or -1.
   */
  openDirectory(path: string): number {
    const flags = O.RDONLY | O.DIRECTORY | O.CLOEXEC;
    return this.#libc.symbols.openat(AT_FDCWD, cString(path), flags, 0);
  }

  /** Opens a file in such a directory; the descriptor, or -1. */
  openFile(directoryFd: number, name: string): number {
    const flags = O.RDONLY | O.CLOEXEC;
    return this.#libc.symbols.openat(directoryFd, cString(name), flags, 0);
  }

  /** Closes what was opened; -1 is nothing. */
  close(fd: number): void {
    if (fd >= 0) this.#libc.symbols.close(fd);
  }

  /** The executable's path; empty for a kernel thread or a process gone. */
  exe(directoryFd: number): Uint8Array {
    const count = this.#readLink(directoryFd, EXE);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  /** A file as it is now, from its start; none of it when it is gone. */
  read(fd: number): Uint8Array {
    const { symbols } = this.#libc;
    const count = symbols.pread(fd, this.#buffer, BigInt(READ_BYTES), 0n);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  /** The names in a directory that was just opened. */
  names(directoryFd: number): string[] {
    return readDirectoryFd(this.#libc, directoryFd);
  }

  /** Whether a symbolic link in a directory holds exactly this text. */
  isLink(
    link: { directoryFd: number; name: Uint8Array<ArrayBuffer> },
    text: Uint8Array,
  ): boolean {
    const count = this.#readLink(link.directoryFd, link.name);
    if (count !== text.length) return false;
    for (let at = 0; at < count; at++) {
      if (this.#buffer[at] !== text[at]) return false;
    }
    return true;
  }

  #readLink(directoryFd: number, name: Uint8Array<ArrayBuffer>): number {
    const { symbols } = this.#libc;
    return symbols.readlinkat(directoryFd, name, this.#buffer, PATH_MAX);
  }
}
