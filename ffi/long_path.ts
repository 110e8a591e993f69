/**
 * Paths of any length in calls that take 4095 bytes.
 *
 * @module
 */
import { type BytePath, cPath } from "./byte_path.ts";
import { O } from "./files.ts";
import type { Libc } from "./libc.ts";

const AT_FDCWD = -100; // <linux/fcntl.h>
/** <linux/limits.h>, without the NUL. */
const MAX_PATH_BYTES = 4095;

/**
 * Makes a call with a path; one that is too long for the kernel is shortened by
 * opening directories on its way.
 *
 * @param call Given a directory, or AT_FDCWD, and a path from there.
 * @returns What the call returned, errno as it left it; -1 when a directory
 * could not be opened.
 */
export function callAt(
  libc: Libc,
  path: BytePath,
  call: (directoryFd: number, name: Uint8Array<ArrayBuffer>) => number,
): number {
  if (path.length <= MAX_PATH_BYTES) return call(AT_FDCWD, cPath(path));
  const { openat, close } = libc.symbols;
  const flags = O.PATH | O.DIRECTORY | O.CLOEXEC;
  let rest = path as string;
  let fd: number = AT_FDCWD;
  while (rest.length > MAX_PATH_BYTES) {
    const cut = rest.lastIndexOf("/", MAX_PATH_BYTES - 1) + 1;
    if (cut === 0) break;
    const next = openat(fd, cPath(rest.slice(0, cut) as BytePath), flags, 0);
    if (fd >= 0) close(fd);
    if (next < 0) return next;
    fd = next;
    // With a slash in front it would begin at the top again.
    rest = rest.slice(cut).replace(/^\/+/, "") || ".";
  }
  const result = call(fd, cPath(rest as BytePath));
  if (fd >= 0) close(fd);
  return result;
}
