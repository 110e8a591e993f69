/**
 * Which paths are those of git's own files.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";

/** What a path ends with that makes a directory a work tree. */
const DOT_GIT = "/.git";

/** Whether a path is that of a repository in its work tree. */
export function isDotGit(path: BytePath): boolean {
  return path.endsWith(DOT_GIT);
}

/** Whether a path is that of such a repository, or of a file in one. */
export function isOfGit(path: BytePath): boolean {
  return isDotGit(path) || path.includes(`${DOT_GIT}/`);
}
