/**
 * Directories by their bytes of a path: opened without following a link, and
 * read some names at a time.
 *
 * @module
 */
import { type BytePath, bytePath, cPath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import { FILE_TYPE, lookBelow, typeOf } from "./file_look.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";
import { callAt } from "./long_path.ts";

/** struct linux_dirent64: d_ino 8, d_off 8, d_reclen 2, d_type 1, d_name. */
const AT = { recordBytes: 16, type: 18, name: 19 } as const;

/** Some 500 names, of which nobody has to wait for the end. */
const BUFFER = new Uint8Array(16_384);
const VIEW = new DataView(BUFFER.buffer);
const DOT = 0x2e;
/** <dirent.h>: d_type holds the bits of st_mode that say what a file is. */
const TYPE_SHIFT = 12;

const FLAGS = O.RDONLY | O.DIRECTORY | O.NOFOLLOW | O.CLOEXEC;
/** <linux/statfs.h>, 64 bits: f_type first. */
const STATFS_BYTES = 120;

/**
 * What holds no files but the kernel's own view of itself, <linux/magic.h>:
 * proc, sysfs, cgroup, cgroup2, devpts, debugfs, tracefs, securityfs, bpf,
 * pstore.
 */
const KERNEL_SYSTEMS: ReadonlySet<bigint> = new Set([
  0x9fa0n,
  0x62656572n,
  0x27e0ebn,
  0x63677270n,
  0x1cd1n,
  0x64626720n,
  0x74726163n,
  0x73636673n,
  0xcafe4a11n,
  0x6165676cn,
]);

/** A name in a directory. */
export interface DirectoryEntry {
  readonly name: BytePath;
  /** One of {@linkcode FILE_TYPE}, or a type that it leaves out. */
  readonly type: number;
}

/**
 * Opens a directory, which a link to one is not.
 *
 * @param path Of any length.
 * @returns The descriptor, which children do not inherit.
 * @throws {SystemCallError} With the errno of openat(2).
 */
export function openDirectory(libc: Libc, path: BytePath): number {
  const { openat } = libc.symbols;
  const result = callAt(
    libc,
    path,
    (fd, name) => openat(fd, name, FLAGS, 0),
  );
  return libc.check("openat", result);
}

/**
 * The same for a name in an open directory; `..` is one.
 *
 * @throws {SystemCallError} With the errno of openat(2).
 */
export function openBelow(libc: Libc, fd: number, name: BytePath): number {
  const result = libc.symbols.openat(fd, cPath(name), FLAGS, 0);
  return libc.check("openat", result);
}

/**
 * Reads on in an open directory.
 *
 * @param only Directories: then other names are left out.
 * @returns Some names, `.` and `..` left out, in the order of the kernel; null
 * at the end.
 * @throws {SystemCallError} With the errno of getdents64(2): ENOENT when the
 * directory was removed.
 */
export function readEntries(
  libc: Libc,
  fd: number,
  only?: "directories",
): DirectoryEntry[] | null {
  const { getdents64 } = libc.symbols;
  const result = getdents64(fd, BUFFER, BigInt(BUFFER.length));
  const filled = libc.check("getdents64", result);
  if (filled === 0) return null;
  const entries: DirectoryEntry[] = [];
  const unknown: BytePath[] = [];
  for (
    let at = 0;
    at < filled;
    at += VIEW.getUint16(at + AT.recordBytes, true)
  ) {
    const type = BUFFER[at + AT.type]! << TYPE_SHIFT;
    const isWanted = only === undefined || type === FILE_TYPE.DIRECTORY;
    if (!isWanted && type !== 0 || isDots(at + AT.name)) continue;
    const end = BUFFER.indexOf(0, at + AT.name);
    const name = bytePath(BUFFER.subarray(at + AT.name, end));
    if (type === 0) unknown.push(name);
    else entries.push({ name, type });
  }
  // Not every file system says what its names are of.
  for (const name of unknown) {
    const look = lookBelow(libc, fd, name);
    if (look === null) continue;
    const type = typeOf(look);
    if (only !== undefined && type !== FILE_TYPE.DIRECTORY) continue;
    entries.push({ name, type });
  }
  return entries;
}

/** Whether an open directory is of the kernel's own, as those of /proc are. */
export function isOfKernel(libc: Libc, fd: number): boolean {
  const buffer = new Uint8Array(STATFS_BYTES);
  const result = libc.symbols.fstatfs(fd, buffer);
  if (result < 0) throw new SystemCallError("fstatfs", libc.errno());
  const type = new DataView(buffer.buffer).getBigUint64(0, true);
  return KERNEL_SYSTEMS.has(type);
}

/** Whether a failure means that the directory is not there any more. */
export function isGone(error: SystemCallError): boolean {
  return error.errno === ERRNO.ENOENT || error.errno === ERRNO.ENOTDIR ||
    error.errno === ERRNO.ELOOP;
}

function isDots(at: number): boolean {
  if (BUFFER[at] !== DOT) return false;
  const second = BUFFER[at + 1];
  return second === 0 || second === DOT && BUFFER[at + 2] === 0;
}
