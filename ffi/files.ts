/**
 * Files through libc: of /proc and /sys as well, which Deno's own functions
 * only read under `--allow-all`.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { cString, fromBytes } from "./text.ts";

/** <fcntl.h>, <asm-generic/fcntl.h>; the last two differ on arm64. */
export const O = {
  RDONLY: 0,
  WRONLY: 1,
  RDWR: 2,
  CREAT: 0o100,
  EXCL: 0o200,
  TRUNC: 0o1000,
  APPEND: 0o2000,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  PATH: 0o10000000,
  DIRECTORY: Deno.build.arch === "aarch64" ? 0o40000 : 0o200000,
  NOFOLLOW: Deno.build.arch === "aarch64" ? 0o100000 : 0o400000,
} as const;

const CHUNK_BYTES = 65_536;

/**
 * Opens a file that children do not inherit.
 *
 * @param flags Of {@linkcode O}, without CLOEXEC.
 * @param mode Permission bits for a file that is made; default 0600.
 * @returns The descriptor.
 * @throws {SystemCallError} With the errno of open(2).
 */
export function openFile(
  libc: Libc,
  path: string,
  options: { readonly flags: number; readonly mode?: number },
): number {
  const { flags, mode = 0o600 } = options;
  const result = libc.symbols.open(cString(path), flags | O.CLOEXEC, mode);
  return libc.check("open", result);
}

/**
 * Reads a whole file.
 *
 * @param path Absolute path.
 * @param limitBytes More than this is an error, so that a hostile file cannot
 * fill the memory; default 16 MiB.
 * @throws {SystemCallError} With the errno of open(2) or read(2).
 * @throws {RangeError} Past the limit.
 */
export function readFile(
  libc: Libc,
  path: string,
  limitBytes = 1 << 24,
): Uint8Array<ArrayBuffer> {
  const fd = openFile(libc, path, { flags: O.RDONLY });
  try {
    let buffer = new ArrayBuffer(CHUNK_BYTES);
    let total = 0;
    for (;;) {
      // A file of sysfs gives no more than a page at a time.
      const rest = new Uint8Array(buffer, total);
      const result = libc.symbols.read(fd, rest, BigInt(rest.length));
      const count = libc.check("read", result);
      if (count === 0) return new Uint8Array(buffer.transfer(total));
      total += count;
      if (total > limitBytes) {
        throw new RangeError(
          `Cannot read "${path}": it is over ${limitBytes} bytes`,
        );
      }
      // What is transferred from is given back at once, and not some day.
      if (total === buffer.byteLength) buffer = buffer.transfer(2 * total);
    }
  } finally {
    libc.symbols.close(fd);
  }
}

/**
 * Reads a file piece by piece.
 *
 * @returns Pieces of up to that many bytes; each dies with the next one.
 * @throws {SystemCallError} With the errno of open(2) or read(2).
 */
export function* readPieces(
  libc: Libc,
  { path, pieceBytes }: { readonly path: string; readonly pieceBytes: number },
): Generator<Uint8Array, void> {
  const fd = openFile(libc, path, { flags: O.RDONLY });
  const piece = new Uint8Array(pieceBytes);
  try {
    for (let filled = 0, count = 1; count > 0;) {
      const rest = piece.subarray(filled);
      const result = libc.symbols.read(fd, rest, BigInt(rest.length));
      count = libc.check("read", result);
      filled += count;
      if (filled < pieceBytes && count > 0) continue;
      if (filled > 0) yield piece.subarray(0, filled);
      filled = 0;
    }
  } finally {
    libc.symbols.close(fd);
  }
}

/** Like {@linkcode readFile}, as text. */
export function readText(libc: Libc, path: string): string {
  return fromBytes(readFile(libc, path));
}

/** Like {@linkcode readText}, but null when the file cannot be read. */
export function tryReadText(libc: Libc, path: string): string | null {
  try {
    return readText(libc, path);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

/**
 * Writes all bytes to a descriptor.
 *
 * @throws {SystemCallError} With the errno of write(2); ENOSPC on a full disk.
 */
export function writeAll(libc: Libc, fd: number, bytes: Uint8Array): void {
  let rest = bytes as Uint8Array<ArrayBuffer>;
  while (rest.length > 0) {
    const result = libc.symbols.write(fd, rest, BigInt(rest.length));
    if (result < 0 && libc.errno() === ERRNO.EINTR) continue;
    rest = rest.subarray(libc.check("write", result));
  }
}

/**
 * Writes text over what the path leads to, be it a file, a device or a pipe.
 *
 * @throws {SystemCallError} With the errno of open(2) or write(2).
 */
export function writeFile(libc: Libc, path: string, text: string): void {
  const flags = O.WRONLY | O.CREAT | O.TRUNC;
  const fd = openFile(libc, path, { flags, mode: 0o644 });
  try {
    writeAll(libc, fd, new TextEncoder().encode(text));
  } finally {
    libc.symbols.close(fd);
  }
}

/** Writes text into a file of the kernel's, such as `cgroup.procs`. */
export function writeControl(libc: Libc, path: string, text: string): void {
  const fd = openFile(libc, path, { flags: O.WRONLY });
  try {
    writeAll(libc, fd, new TextEncoder().encode(text));
  } finally {
    libc.symbols.close(fd);
  }
}

/**
 * Puts a file in place as a whole: a reader sees the old one or the new one.
 *
 * @throws {SystemCallError} With the errno of the call that failed.
 */
export function replaceFile(libc: Libc, path: string, text: string): void {
  const temporary = `${path}.new`;
  const flags = O.WRONLY | O.CREAT | O.TRUNC | O.NOFOLLOW;
  const fd = openFile(libc, temporary, { flags });
  try {
    try {
      writeAll(libc, fd, new TextEncoder().encode(text));
    } finally {
      libc.symbols.close(fd);
    }
    libc.check(
      "rename",
      libc.symbols.rename(cString(temporary), cString(path)),
    );
  } catch (error) {
    libc.symbols.unlink(cString(temporary));
    throw error;
  }
}

/** Whether the file can be used so; <unistd.h> R_OK 4, W_OK 2, X_OK 1, F_OK 0. */
export function canAccess(libc: Libc, path: string, mode = 0): boolean {
  return libc.symbols.access(cString(path), mode) === 0;
}

/**
 * What a symbolic link names.
 *
 * @returns Null when it is none, is gone, or may not be read.
 */
export function readLink(libc: Libc, path: string): string | null {
  const buffer = new Uint8Array(4096); // PATH_MAX, <linux/limits.h>
  const AT_FDCWD = -100; // <linux/fcntl.h>
  const count = libc.symbols.readlinkat(
    AT_FDCWD,
    cString(path),
    buffer,
    4096n,
  );
  return count < 0 ? null : fromBytes(buffer.subarray(0, count));
}

/** Whether this process can open so many descriptors more. */
export function canOpenMore(libc: Libc, count: number): boolean {
  const opened: number[] = [];
  try {
    while (opened.length < count) {
      opened.push(openFile(libc, "/dev/null", { flags: O.RDONLY }));
    }
    return true;
  } catch (error) {
    if (error instanceof SystemCallError) return false;
    throw error;
  } finally {
    for (const fd of opened) libc.symbols.close(fd);
  }
}

/** <linux/fcntl.h> */
const F_DUPFD_CLOEXEC = 1030;

/**
 * Another descriptor of an open file, which no program inherits.
 *
 * @throws {SystemCallError} EMFILE without a descriptor left.
 */
export function duplicate(libc: Libc, fd: number): number {
  return libc.check("fcntl", libc.symbols.fcntl(fd, F_DUPFD_CLOEXEC, 0));
}
