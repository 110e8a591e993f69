/**
 * Directories through libc.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import { O, openFile } from "./files.ts";
import type { Libc } from "./libc.ts";
import { cString, fromBytes } from "./text.ts";

/** struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name. */
const AT = { recordBytes: 16, name: 19 } as const;

const BUFFER_BYTES = 32_768n;
const BUFFER = new Uint8Array(Number(BUFFER_BYTES));

/**
 * The names in an open directory, `.` and `..` left out.
 *
 * @param fd A descriptor opened with O_DIRECTORY, at its start.
 * @param enough Of so many names, or some more, the rest is not read.
 * @returns Names in the order of the kernel; none when it cannot be read.
 */
export function readDirectoryFd(
  libc: Libc,
  fd: number,
  enough = Infinity,
): string[] {
  const names: string[] = [];
  const view = new DataView(BUFFER.buffer);
  for (;;) {
    const filled = libc.symbols.getdents64(fd, BUFFER, BUFFER_BYTES);
    if (filled <= 0 || names.length >= enough) return names;
    for (let at = 0; at < filled;) {
      const recordBytes = view.getUint16(at + AT.recordBytes, true);
      const end = BUFFER.indexOf(0, at + AT.name);
      const name = fromBytes(BUFFER.subarray(at + AT.name, end));
      if (name !== "." && name !== "..") names.push(name);
      at += recordBytes;
    }
  }
}

/**
 * The names in a directory.
 *
 * @returns Null when it cannot be opened.
 */
export function readDirectory(libc: Libc, path: string): string[] | null {
  const flags = O.RDONLY | O.DIRECTORY;
  let fd: number;
  try {
    fd = openFile(libc, path, { flags });
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  try {
    return readDirectoryFd(libc, fd);
  } finally {
    libc.symbols.close(fd);
  }
}

/**
 * Makes a directory and those above it; one that is there is left as it is.
 *
 * @param mode Permission bits of each directory made.
 * @throws {SystemCallError} With the errno of mkdir(2).
 */
export function makeDirectories(libc: Libc, path: string, mode: number): void {
  const parts = path.split("/").filter((part) => part !== "");
  for (let depth = 1; depth <= parts.length; depth++) {
    const directory = "/" + parts.slice(0, depth).join("/");
    const result = libc.symbols.mkdir(cString(directory), mode);
    if (result < 0) {
      const errno = libc.errno();
      if (errno !== ERRNO.EEXIST) throw new SystemCallError("mkdir", errno);
    }
  }
}

/** Who may change what is in a directory. */
export interface Ownership {
  readonly uid: number;
  readonly gid: number;
  /** True when the group or others may write. */
  readonly isShared: boolean;
}

/** struct statx, <linux/stat.h>: the same on every architecture. */
const STATX = {
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  changeSeconds: 96,
  changeNanoseconds: 104,
  deviceMajor: 136,
  deviceMinor: 140,
  bytes: 256,
  basic: 0x7ff,
} as const;

/** <linux/fcntl.h>, each without its `AT_`. */
const LOOK = {
  FDCWD: -100,
  SYMLINK_NOFOLLOW: 0x100,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
  /** <linux/stat.h>: what is known of the file, without asking a server. */
  DONT_SYNC: 0x4000,
} as const;

/** <linux/stat.h>: the bits that say what a file is, and those of a plain one. */
const S = { IFMT: 0o170000, IFREG: 0o100000 } as const;

/**
 * Asks who owns a file or directory; a symbolic link counts as itself.
 *
 * @throws {SystemCallError} With the errno of statx(2).
 */
export function ownership(libc: Libc, path: string): Ownership {
  const view = statx(libc, {
    fd: LOOK.FDCWD,
    path,
    flags: LOOK.SYMLINK_NOFOLLOW,
  });
  return {
    uid: view.getUint32(STATX.uid, true),
    gid: view.getUint32(STATX.gid, true),
    isShared: (view.getUint16(STATX.mode, true) & 0o022) !== 0,
  };
}

/**
 * Whether an open file is a plain one: no device, pipe or directory.
 *
 * @throws {SystemCallError} With the errno of statx(2).
 */
export function isPlainFile(libc: Libc, fd: number): boolean {
  const view = statx(libc, { fd, path: "", flags: LOOK.EMPTY_PATH });
  return (view.getUint16(STATX.mode, true) & S.IFMT) === S.IFREG;
}

/** What a path leads to, links followed: st_mode; null when it is not there. */
export function modeOf(libc: Libc, path: string): number | null {
  try {
    const flags = LOOK.NO_AUTOMOUNT | LOOK.DONT_SYNC;
    const view = statx(libc, { fd: LOOK.FDCWD, path, flags });
    return view.getUint16(STATX.mode, true);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

/** What tells one file from another, and from what it was before. */
export interface FileStamp {
  /** Device and inode: the same file, by whatever name. */
  readonly id: string;
  readonly sizeBytes: number;
  /** When it was last changed in any way; nobody can set this back. */
  readonly changed: string;
}

/**
 * Stamps a file by its path, a symbolic link as itself, or an open one.
 *
 * @returns Null when it is not there.
 */
export function stampOf(libc: Libc, file: string | number): FileStamp | null {
  const of = typeof file === "string"
    ? { fd: LOOK.FDCWD, path: file, flags: LOOK.SYMLINK_NOFOLLOW }
    : { fd: file, path: "", flags: LOOK.EMPTY_PATH };
  let view: DataView;
  try {
    view = statx(libc, of);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  const uint32 = (at: number) => view.getUint32(at, true);
  const uint64 = (at: number) => view.getBigUint64(at, true);
  return {
    id: idOf(view),
    sizeBytes: Number(uint64(STATX.size)),
    changed: `${uint64(STATX.changeSeconds)}.` +
      `${uint32(STATX.changeNanoseconds)}`,
  };
}

/**
 * Which file a path leads to, links followed, also those of /proc: nothing is
 * opened for it.
 *
 * @returns As {@linkcode FileStamp} names it; null when there is none.
 */
export function idBehind(libc: Libc, path: string): string | null {
  return idBelow(libc, LOOK.FDCWD, path);
}

/** The same for a path that begins at an open directory. */
export function idBelow(
  libc: Libc,
  directoryFd: number,
  path: string,
): string | null {
  try {
    return idOf(statx(libc, { fd: directoryFd, path, flags: 0 }));
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

function idOf(view: DataView): string {
  const uint32 = (at: number) => view.getUint32(at, true);
  return `${uint32(STATX.deviceMajor)}:${uint32(STATX.deviceMinor)} ` +
    `${view.getBigUint64(STATX.inode, true)}`;
}

function statx(
  libc: Libc,
  of: { fd: number; path: string; flags: number },
): DataView {
  const buffer = new Uint8Array(STATX.bytes);
  const { fd, path, flags } = of;
  const result = libc.symbols.statx(
    fd,
    cString(path),
    flags,
    STATX.basic,
    buffer,
  );
  libc.check("statx", result);
  return new DataView(buffer.buffer);
}
