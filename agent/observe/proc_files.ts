/**
 * The files of one process under /proc, read without an allocation too many.
 *
 * @module
 */
import { decodeContainerId } from "../decode/container_id.ts";
import { readDirectoryFd } from "../../ffi/directories.ts";
import { O } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString, fromBytes } from "../../ffi/text.ts";
import { ProgramHashes } from "./program_hashes.ts";
import { Programs } from "./programs.ts";

/** Files are read up to this; an argument vector past it is cut. */
const READ_BYTES = 16_384;
const PATH_MAX = 4096n; // <linux/limits.h>
const AT_FDCWD = -100; // <linux/fcntl.h>

const EXE = cString("exe");

/** Reads through one buffer: what it returns dies with the next call. */
export class ProcFiles {
  readonly #libc: Libc;
  readonly #buffer = new Uint8Array(READ_BYTES);
  /** Which executables are what their paths say. */
  readonly programs: Programs;
  readonly hashes: ProgramHashes;
  /** The container that we are in ourselves. */
  readonly #ownContainer: string | null;

  /**
   * @param libc Must outlive this object.
   * @param programs Those that a policy names; default none.
   */
  constructor(libc: Libc, programs: ReadonlySet<string> = new Set()) {
    this.#libc = libc;
    this.programs = new Programs(libc, programs);
    this.hashes = new ProgramHashes(libc);
    const self = this.openDirectory("/proc/self");
    this.#ownContainer = this.container(self, null);
    this.close(self);
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

  /** What a symbolic link in a directory holds; empty when it is gone. */
  linkAt(
    link: { directoryFd: number; name: Uint8Array<ArrayBuffer> },
  ): Uint8Array {
    const count = this.#readLink(link.directoryFd, link.name);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  /** What a symbolic link holds; null when it cannot be read. */
  link(path: string): string | null {
    const count = this.#readLink(AT_FDCWD, cString(path));
    return count < 0 ? null : fromBytes(this.#buffer.subarray(0, count));
  }

  /** A file as it is now, from its start; none of it when it is gone. */
  read(fd: number): Uint8Array {
    const { symbols } = this.#libc;
    const count = symbols.pread(fd, this.#buffer, BigInt(READ_BYTES), 0n);
    return this.#buffer.subarray(0, Math.max(count, 0));
  }

  /**
   * The container of a process; null for none.
   *
   * @param ownId The one that all we see is in; default the one that we are in.
   */
  container(
    directoryFd: number,
    ownId: string | null = this.#ownContainer,
  ): string | null {
    const fd = this.openFile(directoryFd, "cgroup");
    if (fd < 0) return null;
    const name = decodeContainerId(this.read(fd), ownId);
    this.close(fd);
    return name?.id ?? null;
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
