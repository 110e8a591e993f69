/**
 * Where a file really is: the kernel tells of changes by that path.
 *
 * @module
 */
import { SystemCallError } from "../../ffi/errors.ts";
import { O, openFile, readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** The kernel says so of what has no name any more. */
const DELETED = " (deleted)";

/**
 * Follows all links of a path; nothing is opened for reading.
 *
 * @param path Lossy text: what it stands for in doubt is not found.
 * @returns Null when nothing is there.
 */
export function realPathOf(libc: Libc, path: string): string | null {
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.PATH });
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  try {
    const real = readLink(libc, `/proc/self/fd/${fd}`);
    return real === null || real.endsWith(DELETED) ? null : real;
  } finally {
    libc.symbols.close(fd);
  }
}
