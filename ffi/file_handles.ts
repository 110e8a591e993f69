/**
 * Handles: names that the kernel gives to files, whatever paths they have.
 *
 * @module
 */
import { type BytePath, bytePath, cPath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";
import { cString } from "./text.ts";

/**
 * A file by its file system's id and its handle, in lower case hex, as events
 * have them. What is in it is the file system's affair.
 */
export type FileKey = string;

/** A file's handle, and the mount that it was asked through. */
export interface FileHandle {
  readonly key: FileKey;
  readonly mountId: number;
}

/**
 * struct file_handle, <fcntl.h>: how many bytes it has, what kind they are of,
 * and the bytes. In front of it the file system's id, so that both are in the
 * order in which events have them.
 */
const AT = { fsid: 0, handleBytes: 8, handle: 16 } as const;
const MAX_HANDLE_BYTES = 128; // MAX_HANDLE_SZ
const FSID_HEX = 2 * AT.handleBytes;
/** struct statfs of 64 bits, <bits/statfs.h>: up to f_fsid, and all of it. */
const STATFS = { fsid: 56, bytes: 120 } as const;
const AT_EMPTY_PATH = 0x1000; // <linux/fcntl.h>
/** struct statx, <linux/stat.h>: how many names it has. */
const STATX = { links: 16, bytes: 256, wanted: 0x4 } as const;

/** PATH_MAX, <linux/limits.h>. */
const PATH_BYTES = 4096;
/** What the kernel writes behind the path of a directory that is removed. */
const REMOVED = " (deleted)";

const BUFFER = new Uint8Array(AT.handle + MAX_HANDLE_BYTES);
const VIEW = new DataView(BUFFER.buffer);
const STATFS_BUFFER = new Uint8Array(STATFS.bytes);
const PATH_BUFFER = new Uint8Array(PATH_BYTES);
const EMPTY = cString("");

/** The id of the file system that an open file is on, as keys begin with it. */
export function fileSystemOf(libc: Libc, fd: number): string {
  libc.check("fstatfs", libc.symbols.fstatfs(fd, STATFS_BUFFER));
  return STATFS_BUFFER.subarray(STATFS.fsid, STATFS.fsid + 8).toHex();
}

/** The same of a key. */
export function fileSystemIn(key: FileKey): string {
  return key.slice(0, FSID_HEX);
}

/**
 * Asks for the handle of an open file.
 *
 * @param fileSystem Where it is: {@linkcode fileSystemOf}.
 * @throws {SystemCallError} EOPNOTSUPP on a file system without handles.
 */
export function handleOf(
  libc: Libc,
  fd: number,
  fileSystem: string,
): FileHandle {
  const mountId = new Int32Array(1);
  VIEW.setUint32(AT.handleBytes, MAX_HANDLE_BYTES, true);
  const result = libc.symbols.name_to_handle_at(
    fd,
    EMPTY,
    BUFFER.subarray(AT.handleBytes),
    mountId,
    AT_EMPTY_PATH,
  );
  libc.check("name_to_handle_at", result);
  const end = AT.handle + VIEW.getUint32(AT.handleBytes, true);
  const key = fileSystem + BUFFER.subarray(AT.handleBytes, end).toHex();
  return { key, mountId: mountId[0]! };
}

/**
 * Opens a file by its handle, only to ask what it is.
 *
 * @param mountFd Anything on a mount of its file system, open; no O_PATH.
 * @returns The descriptor; null when there is no such file any more.
 * @throws {SystemCallError} EPERM without CAP_DAC_READ_SEARCH.
 */
export function openHandle(
  libc: Libc,
  mountFd: number,
  key: FileKey,
): number | null {
  const handle = Uint8Array.fromHex(key.slice(FSID_HEX));
  const flags = O.PATH | O.CLOEXEC;
  const fd = libc.symbols.open_by_handle_at(mountFd, handle, flags);
  if (fd >= 0) return fd;
  const errno = libc.errno();
  if (errno === ERRNO.ESTALE) return null;
  throw new SystemCallError("open_by_handle_at", errno);
}

/**
 * Where a directory is without links on the way.
 *
 * @throws {SystemCallError} With the errno of open(2); ENOENT also when its
 * path is too long for the kernel.
 */
export function realDirectory(libc: Libc, path: BytePath): BytePath {
  const flags = O.PATH | O.DIRECTORY | O.CLOEXEC;
  const fd = libc.check("open", libc.symbols.open(cPath(path), flags, 0));
  try {
    const real = pathOfDirectory(libc, fd);
    if (real !== null) return real;
    throw new SystemCallError("open", ERRNO.ENOENT);
  } finally {
    libc.symbols.close(fd);
  }
}

/**
 * Where an open directory is now, seen from our root.
 *
 * @returns Null when it is removed, or its path is too long for the kernel.
 */
export function pathOfDirectory(libc: Libc, fd: number): BytePath | null {
  const count = libc.symbols.readlinkat(
    fd,
    cString(`/proc/self/fd/${fd}`),
    PATH_BUFFER,
    BigInt(PATH_BYTES),
  );
  if (count < 0) return null;
  const path = bytePath(PATH_BUFFER.subarray(0, count));
  // Somebody may have called a directory so that is still there.
  if (path.endsWith(REMOVED) && !hasNames(libc, fd)) return null;
  return path;
}

function hasNames(libc: Libc, fd: number): boolean {
  const statx = new Uint8Array(STATX.bytes);
  const view = new DataView(statx.buffer);
  const { symbols } = libc;
  const result = symbols.statx(fd, EMPTY, AT_EMPTY_PATH, STATX.wanted, statx);
  return result >= 0 && view.getUint32(STATX.links, true) > 0;
}
