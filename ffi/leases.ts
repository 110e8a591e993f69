/**
 * Leases, by which the kernel says whether anybody can write to a file.
 *
 * @module
 */
import type { BytePath } from "./byte_path.ts";
import { ERRNO, SystemCallError } from "./errors.ts";
import { openPlain } from "./file_look.ts";
import type { Libc } from "./libc.ts";

/** <linux/fcntl.h>, <asm-generic/fcntl.h> */
const F_SETSIG = 10;
const F_SETLEASE = 1024;
const F_RDLCK = 0;
const F_UNLCK = 2;
/** <asm-generic/signal.h>: ignored where nothing else is said. */
const SIGURG = 23;

/**
 * Whether somebody has a plain file open for writing, or has a mapping of it
 * that was made by such a descriptor, whoever and wherever that is.
 *
 * A lease for reading is given only where nobody could write.
 *
 * @returns Null when nobody can say: where it may not be read, where its owner
 * is another, or where its file system has no leases.
 */
export function hasWriters(libc: Libc, path: BytePath): boolean | null {
  let fd: number | null;
  try {
    fd = openPlain(libc, path);
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  if (fd === null) return null;
  const { fcntl, close } = libc.symbols;
  try {
    // Whoever opens it right now would have us sent SIGIO, which is an end.
    if (fcntl(fd, F_SETSIG, SIGURG) < 0) return null;
    if (fcntl(fd, F_SETLEASE, F_RDLCK) < 0) {
      return libc.errno() === ERRNO.EAGAIN ? true : null;
    }
    fcntl(fd, F_SETLEASE, F_UNLCK);
    return false;
  } finally {
    close(fd);
  }
}
