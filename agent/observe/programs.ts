/**
 * Whether a process runs the program that its executable's path names.
 *
 * What /proc/PID/exe reads as is no more than a path, and any user can have
 * another file behind it: put there in a mount namespace of his own, or told to
 * the kernel with PR_SET_MM_MAP as root of his own user namespace.
 *
 * @module
 */
import { deviceOfMount } from "../decode/mountinfo.ts";
import { idBehind, idBelow } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { O, openFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** The programs that a policy names, as this process sees them. */
export class Programs {
  readonly #libc: Libc;
  readonly #asked: ReadonlySet<string>;
  readonly #kernelIds = new Map<string, string>();

  /**
   * @param libc Must outlive this object.
   * @param asked Absolute paths. Others are never looked at: a user's own file
   * system could let us wait for ever.
   */
  constructor(libc: Libc, asked: ReadonlySet<string>) {
    this.#libc = libc;
    this.#asked = asked;
  }

  /** How many programs are asked for. */
  get count(): number {
    return this.#asked.size;
  }

  /**
   * Whether a process runs the file that is at a path for us too, and has no
   * other root directory. One that may mount is root, unless it is in another
   * user namespace: so mount namespaces need not be the same, and services with
   * one of their own are known as well.
   *
   * @param directoryFd Its directory in /proc.
   * @param exe Its executable, as /proc says.
   * @returns True also for what nobody asks for.
   */
  isGenuine(directoryFd: number, exe: string): boolean {
    if (!this.#asked.has(exe)) return true;
    const isSame = (theirs: string, ours: string) => {
      const id = idBelow(this.#libc, directoryFd, theirs);
      return id !== null && id === idBehind(this.#libc, ours);
    };
    return isSame("exe", exe) && isSame("root", "/") &&
      isSame("ns/user", "/proc/self/ns/user");
  }

  /**
   * Whether what a process has executed is the file at a path.
   *
   * Its child can change what {@linkcode isGenuine} goes by: one that shares
   * its memory, and is root of a user namespace of its own.
   *
   * @param path That nobody asks for is any file's.
   * @param executed As `Descent.program` says.
   */
  isExecuted(path: string, executed: string | null): boolean {
    if (!this.#asked.has(path)) return true;
    if (executed === null) return false;
    if (this.#kernelIds.get(path) === executed) return true;
    // It may have been replaced since, or be another inode of the same file.
    const kernelId = kernelIdOf(this.#libc, path);
    if (kernelId === null) return false;
    this.#kernelIds.set(path, kernelId);
    return kernelId === executed;
  }
}

/**
 * Which file is at a path, as the kernel itself counts: what stat(2) says is
 * another number on overlayfs and btrfs.
 *
 * @returns As `ExecRecord.program` says; null for unknown.
 */
export function kernelIdOf(libc: Libc, path: string): string | null {
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.PATH });
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  try {
    const info = tryReadText(libc, `/proc/thread-self/fdinfo/${fd}`) ?? "";
    const inode = /^ino:\s*([0-9]+)$/m.exec(info)?.[1];
    const mount = /^mnt_id:\s*([0-9]+)$/m.exec(info)?.[1];
    if (inode === undefined || mount === undefined) return null;
    const mounts = tryReadText(libc, "/proc/thread-self/mountinfo") ?? "";
    const device = deviceOfMount(mounts, mount);
    return device === null ? null : `${device} ${inode}`;
  } finally {
    libc.symbols.close(fd);
  }
}
