/**
 * Where sources are, unless --workspace says so.
 *
 * @module
 */
import { listProcesses } from "./observe/process_list.ts";
import { workOf } from "./observe/runner_files.ts";
import { runnerProgram } from "./observe/runner_program.ts";
import { modeOf, readDirectory } from "../ffi/directories.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { O, openFile, readLink, tryReadText } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";

/** <linux/stat.h>: the bits that say what a file is, and a directory's. */
const S = { IFMT: 0o170000, IFDIR: 0o040000 } as const;

/** Each is learned whole before the guard is armed. */
const MAX_WORK_SPACES = 16;
/** What a runner itself puts beside work spaces: `_actions`, `_temp`. */
const RUNNERS_OWN = "_";
/** What a `.git` begins with that leads to the directory of that name. */
const GIT_LINK = "gitdir: ";

/**
 * Where a directory really is: the kernel tells of changes by that path.
 *
 * @returns Null when it is no directory that can be opened.
 */
export function realDirectory(libc: Libc, path: string): string | null {
  let fd: number;
  try {
    fd = openFile(libc, path, { flags: O.PATH | O.DIRECTORY });
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
  try {
    return readLink(libc, `/proc/self/fd/${fd}`);
  } finally {
    libc.symbols.close(fd);
  }
}

/** The top of the repository that a directory is in; null when in none. */
export function repositoryAround(
  libc: Libc,
  directory: string,
): string | null {
  let path = realDirectory(libc, directory);
  while (path !== null) {
    if (hasRepository(libc, path)) return path;
    if (path === "/") return null;
    path = path.slice(0, path.lastIndexOf("/")) || "/";
  }
  return null;
}

/** The work spaces of the runners that run here: `_work/NAME/NAME`. */
export function runnerWorkSpaces(libc: Libc): readonly string[] {
  const roots = new Set(
    listProcesses(libc, false).flatMap(({ exe, args }) => {
      const program = runnerProgram(exe, args);
      return program !== null && "root" in program ? [program.root] : [];
    }),
  );
  const found = [...roots].flatMap((root) => {
    const work = workOf(libc, root);
    return (readDirectory(libc, work) ?? [])
      .filter((name) => !name.startsWith(RUNNERS_OWN))
      .map((name) => `${work}/${name}/${name}`)
      .filter((path) => isDirectory(libc, path));
  });
  return found.slice(0, MAX_WORK_SPACES);
}

/** Whether a path leads to a directory. */
export function isDirectory(libc: Libc, path: string): boolean {
  return ((modeOf(libc, path) ?? 0) & S.IFMT) === S.IFDIR;
}

function hasRepository(libc: Libc, directory: string): boolean {
  const git = `${directory === "/" ? "" : directory}/.git`;
  if (isDirectory(libc, git)) return tryReadText(libc, `${git}/HEAD`) !== null;
  return modeOf(libc, git) !== null &&
    (tryReadText(libc, git)?.startsWith(GIT_LINK) ?? false);
}
