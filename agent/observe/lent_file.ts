/**
 * The file that a call of another process was about.
 *
 * @module
 */
import { modeOf } from "../../ffi/directories.ts";
import { readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** How a process named a file. */
export interface NamedFile {
  readonly pid: number;
  /** Its working directory as it was known last; null when it was not. */
  readonly cwd: string | null;
  /** What `path` is relative to, or the file itself. */
  readonly fd: number;
  /** Null when `fd` is the file. */
  readonly path: string | null;
}

const AT_FDCWD = -100; // <linux/fcntl.h>
/** <linux/stat.h> */
const S = { IFMT: 0o170000, IFREG: 0o100000 } as const;

/**
 * Finds it, as far as the process is still there.
 *
 * @returns Its path within the root of that process, as well as it is known,
 * and whether it is a plain file; null when it could not be looked at.
 */
export function lookAtFile(
  libc: Libc,
  file: NamedFile,
): { readonly path: string | null; readonly isPlain: boolean | null } {
  const { pid, fd, path } = file;
  const own = `/proc/${pid}`;
  if (path === null) {
    const link = `${own}/fd/${fd}`;
    return { path: readLink(libc, link), isPlain: isPlain(libc, link) };
  }
  if (path.startsWith("/")) {
    // chmod(1) has ended by now; its root was most likely ours.
    const found = isPlain(libc, `${own}/root${path}`) ?? isPlain(libc, path);
    return { path, isPlain: found };
  }
  const base = fd === AT_FDCWD ? `${own}/cwd` : `${own}/fd/${fd}`;
  const directory = readLink(libc, base) ??
    (fd === AT_FDCWD ? file.cwd : null);
  if (directory === null) return { path, isPlain: null };
  const whole = `${directory === "/" ? "" : directory}/${path}`;
  const found = isPlain(libc, `${base}/${path}`) ?? isPlain(libc, whole);
  return { path: whole, isPlain: found };
}

function isPlain(libc: Libc, path: string): boolean | null {
  const mode = modeOf(libc, path);
  return mode === null ? null : (mode & S.IFMT) === S.IFREG;
}
