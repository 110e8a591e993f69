/**
 * The files of one process under /proc, read without an allocation too many.
 *
 * @module
 */
import { readDirectoryFd } from "../../ffi/directories.ts";
import { O } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString, fromBytes } from "../../ffi/text.ts";

/** Files are read up to this; an argument vector past it is cut. */
const READ_BYTES = 16_384;
const AT_FDCWD = -100; // <linux/fcntl.h>

const NAME = {
  exe: cString("exe"),
  cmdline: cString("cmdline"),
  stat: cString("stat"),
} as const;

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
  open(path: string): number {
    const flags = O.RDONLY | O.DIRECTORY | O.CLOEXEC;
    return this.#libc.symbols.openat(AT_FDCWD, cString(path), flags, 0);
  }

  /** Closes what {@linkcode open} gave. */
  close(directoryFd: number): void {
    this.#libc.symbols.close(directoryFd);
  }

  /** The executable's path; null for a kernel thread or a process gone. */
  exe(directoryFd: number): string | null {
    const count = this.#readLink(directoryFd, NAME.exe);
    return count < 0 ? null : fromBytes(this.#buffer.subarray(0, count));
  }

  /** The bytes of `cmdline`, none when the process is gone. */
  cmdline(directoryFd: number): Uint8Array {
    return this.#read(directoryFd, NAME.cmdline);
  }

  /** The bytes of `stat`, none when the process is gone. */
  stat(directoryFd: number): Uint8Array {
    return this.#read(directoryFd, NAME.stat);
  }

  /** The names in a directory that {@linkcode open} gave, once. */
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

  #read(directoryFd: number, name: Uint8Array<ArrayBuffer>): Uint8Array {
    const { symbols } = this.#libc;
    const flags = O.RDONLY | O.CLOEXEC;
    const fd = symbols.openat(directoryFd, name, flags, 0);
    if (fd < 0) return this.#buffer.subarray(0, 0);
    const size = BigInt(READ_BYTES);
    const count = Number(symbols.read(fd, this.#buffer, size));
    symbols.close(fd);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  #readLink(directoryFd: number, name: Uint8Array<ArrayBuffer>): number {
    const { symbols } = this.#libc;
    return Number(
      symbols.readlinkat(directoryFd, name, this.#buffer, 4096n), // PATH_MAX
    );
  }
}
