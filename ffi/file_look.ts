/**
 * Files by their bytes of a path: what they are, and what is in them.
 *
 * Nothing here follows a link at a path's end, waits for a device or a pipe,
 * or leaves a trace at what it looks at.
 *
 * @module
 */
import { type BytePath, bytePath, cPath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";
import { callAt } from "./long_path.ts";

/** <linux/stat.h>: the bits of st_mode that say what a file is. */
export const FILE_TYPE = {
  MASK: 0o170000,
  DIRECTORY: 0o040000,
  PLAIN: 0o100000,
  LINK: 0o120000,
} as const;

/** What lstat(2) says of a file. */
export interface FileLook {
  /** Major number times 2^32, and minor number. */
  readonly device: number;
  readonly inode: bigint;
  /** What it is, and permission bits: st_mode. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Names that it has. */
  readonly links: number;
  readonly bytes: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  /** When it was last changed in any way; nobody can set this back. */
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
}

/** struct statx, <linux/stat.h>: the same on every architecture. */
const STATX = {
  links: 16,
  uid: 20,
  gid: 24,
  mode: 28,
  inode: 32,
  size: 40,
  ctimeSeconds: 96,
  ctimeNanoseconds: 104,
  mtimeSeconds: 112,
  mtimeNanoseconds: 120,
  deviceMajor: 136,
  deviceMinor: 140,
  bytes: 256,
  basic: 0x7ff,
} as const;

/** <linux/fcntl.h>, each without its `AT_`. */
const LOOK = {
  SYMLINK_NOFOLLOW: 0x100,
  NO_AUTOMOUNT: 0x800,
  EMPTY_PATH: 0x1000,
} as const;

/** <asm-generic/fcntl.h> */
const O_NOATIME = 0o1000000;

const STATX_BUFFER = new Uint8Array(STATX.bytes);
const STATX_VIEW = new DataView(STATX_BUFFER.buffer);
/** <linux/limits.h>: PATH_MAX. */
const LINK_BUFFER = new Uint8Array(4096);
const EMPTY_PATH = new Uint8Array(1);

/** No such name, whatever the kernel's reason: nobody could open it. */
const ABSENT: ReadonlySet<number> = new Set([
  ERRNO.ENOENT,
  ERRNO.ENOTDIR,
  ERRNO.ELOOP,
  ERRNO.ENAMETOOLONG,
]);

/**
 * Looks at what has a name, a symbolic link as itself.
 *
 * @param path Of any length; links before its last part are followed.
 * @returns Null when it is not there.
 * @throws {SystemCallError} When nobody can say: EACCES, EIO and the like.
 */
export function lookAt(libc: Libc, path: BytePath): FileLook | null {
  const flags = LOOK.SYMLINK_NOFOLLOW | LOOK.NO_AUTOMOUNT;
  const { statx } = libc.symbols;
  const result = callAt(
    libc,
    path,
    (fd, name) => statx(fd, name, flags, STATX.basic, STATX_BUFFER),
  );
  return isAbsent(libc, "statx", result) ? null : readStatx();
}

/**
 * The same for a name in an open directory.
 *
 * @throws {SystemCallError} As {@linkcode lookAt}.
 */
export function lookBelow(
  libc: Libc,
  fd: number,
  name: BytePath,
): FileLook | null {
  const flags = LOOK.SYMLINK_NOFOLLOW | LOOK.NO_AUTOMOUNT;
  const { statx } = libc.symbols;
  const result = statx(fd, cPath(name), flags, STATX.basic, STATX_BUFFER);
  return isAbsent(libc, "statx", result) ? null : readStatx();
}

/**
 * Looks at what an open descriptor is of.
 *
 * @throws {SystemCallError} With the errno of statx(2).
 */
export function lookBehind(libc: Libc, fd: number): FileLook {
  const flags = LOOK.EMPTY_PATH;
  const { statx } = libc.symbols;
  const result = statx(fd, EMPTY_PATH, flags, STATX.basic, STATX_BUFFER);
  libc.check("statx", result);
  return readStatx();
}

/** Whether it is the same file, and nobody has changed it in between. */
export function isUnchanged(before: FileLook, after: FileLook): boolean {
  return before.inode === after.inode && before.device === after.device &&
    before.ctimeNanoseconds === after.ctimeNanoseconds &&
    before.ctimeSeconds === after.ctimeSeconds &&
    before.bytes === after.bytes && before.mode === after.mode;
}

/** What a file is: one of {@linkcode FILE_TYPE}, or a type that it leaves out. */
export function typeOf({ mode }: FileLook): number {
  return mode & FILE_TYPE.MASK;
}

/**
 * Opens a plain file for reading; its time of access stays where that can be.
 *
 * @returns The descriptor, which children do not inherit; null when there is no
 * such plain file.
 * @throws {SystemCallError} EAGAIN while another holds a lease on it, which
 * the kernel ends by itself; EACCES, EIO and the like.
 */
export function openPlain(libc: Libc, path: BytePath): number | null {
  // To open a device can set it going.
  const look = lookAt(libc, path);
  if (look === null || typeOf(look) !== FILE_TYPE.PLAIN) return null;
  const flags = O.RDONLY | O.NOFOLLOW | O.NONBLOCK | O.CLOEXEC;
  const open = (more: number) =>
    callAt(
      libc,
      path,
      (fd, name) => libc.symbols.openat(fd, name, flags | more, 0),
    );
  let fd = open(O_NOATIME);
  // Only the owner may ask for that.
  if (fd < 0 && libc.errno() === ERRNO.EPERM) fd = open(0);
  if (isAbsent(libc, "openat", fd)) return null;
  if (typeOf(lookBehind(libc, fd)) === FILE_TYPE.PLAIN) return fd;
  libc.symbols.close(fd);
  return null;
}

/**
 * Reads from a place in an open file.
 *
 * @returns How many bytes were put at the beginning of `into`; 0 at the end.
 * @throws {SystemCallError} With the errno of pread(2).
 */
export function readAt(
  libc: Libc,
  fd: number,
  { at, into }: { readonly at: number; readonly into: Uint8Array<ArrayBuffer> },
): number {
  const { pread } = libc.symbols;
  for (;;) {
    const result = pread(fd, into, BigInt(into.length), BigInt(at));
    if (result >= 0) return result;
    const errno = libc.errno();
    if (errno !== ERRNO.EINTR) throw new SystemCallError("pread", errno);
  }
}

/**
 * Where a symbolic link leads, as it is written.
 *
 * @returns Null when there is no link of that name.
 * @throws {SystemCallError} With the errno of readlink(2).
 */
export function linkTarget(libc: Libc, path: BytePath): BytePath | null {
  const { readlinkat } = libc.symbols;
  const size = BigInt(LINK_BUFFER.length);
  const result = callAt(
    libc,
    path,
    (fd, name) => readlinkat(fd, name, LINK_BUFFER, size),
  );
  if (result < 0 && libc.errno() === ERRNO.EINVAL) return null;
  if (isAbsent(libc, "readlinkat", result)) return null;
  return bytePath(LINK_BUFFER.subarray(0, result));
}

function isAbsent(libc: Libc, call: string, result: number): boolean {
  if (result >= 0) return false;
  const errno = libc.errno();
  if (ABSENT.has(errno)) return true;
  throw new SystemCallError(call, errno);
}

function readStatx(): FileLook {
  const uint32 = (at: number) => STATX_VIEW.getUint32(at, true);
  const uint64 = (at: number) => STATX_VIEW.getBigUint64(at, true);
  const int64 = (at: number) => Number(STATX_VIEW.getBigInt64(at, true));
  return {
    device: uint32(STATX.deviceMajor) * 2 ** 32 + uint32(STATX.deviceMinor),
    inode: uint64(STATX.inode),
    mode: STATX_VIEW.getUint16(STATX.mode, true),
    uid: uint32(STATX.uid),
    gid: uint32(STATX.gid),
    links: uint32(STATX.links),
    bytes: int64(STATX.size),
    mtimeSeconds: int64(STATX.mtimeSeconds),
    mtimeNanoseconds: uint32(STATX.mtimeNanoseconds),
    ctimeSeconds: int64(STATX.ctimeSeconds),
    ctimeNanoseconds: uint32(STATX.ctimeNanoseconds),
  };
}
