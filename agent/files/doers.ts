/**
 * What is known of programs that touch files, by the paths that the kernel
 * tells of them.
 *
 * @module
 */
import {
  isCachedPath,
  isInstalledPath,
  scriptOf,
  type ToolPlaces,
} from "../decide/tool_paths.ts";
import type { Program } from "../processes/programs.ts";
import type { ProcessWorld } from "../processes/process_world.ts";
import { bytePathOf } from "../../ffi/byte_path.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import {
  FILE_TYPE,
  type FileLook,
  lookAt,
  typeOf,
} from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import { realPathOf } from "./real_path.ts";
import { microseconds } from "./stamp.ts";

/** <linux/stat.h>: the group, or others, may write. */
const S_IWOTH = 0o022;

/** Whether only root can have put a file there. */
export function isOfRoot(libc: Libc, path: string): boolean {
  const look = plainAt(libc, path);
  return look !== null && look.uid === 0 && (look.mode & S_IWOTH) === 0;
}

/**
 * Whether a program is one that was installed, and not made by the build: by
 * root, before the guard, or by an action that is there to install it.
 */
export function isInstalled(
  libc: Libc,
  path: string,
  since: { readonly places: ToolPlaces; readonly armedUs: number },
): boolean {
  if (!isInstalledPath(path, since.places)) return false;
  if (isCachedPath(path)) return true;
  const look = plainAt(libc, path);
  if (look === null) return false;
  const { ctimeSeconds, ctimeNanoseconds, uid, mode } = look;
  if (uid === 0 && (mode & S_IWOTH) === 0) return true;
  return microseconds(ctimeSeconds, ctimeNanoseconds) < since.armedUs;
}

/** The script that a program was given, without links; null for none. */
export function realScriptOf(
  { libc, tree }: Pick<ProcessWorld, "libc" | "tree">,
  { pid, exe, args }: Program,
): string | null {
  const cwd = tree.find(pid)?.cwd ?? null;
  const script = scriptOf({ exe, args, cwd });
  return script === null ? null : realPathOf(libc, script) ?? script;
}

/**
 * What is above a program, up to the first process of its step.
 *
 * @returns Null outside of any step.
 */
export function aboveInStep(
  { pid, above, root }: Program,
): readonly (string | null)[] | null {
  if (root === null) return null;
  if (root.pid === pid) return [];
  const at = above.findIndex((each) => each.pid === root.pid);
  // A chain that was cut is longer than any honest one.
  if (at < 0) return [null];
  return above.slice(0, at + 1).map(({ exe }) => exe);
}

/**
 * Programs that a process has executed, the last first: what it ran between its
 * fork and its first program is its parent's.
 */
export function executedOf(programs: readonly Program[]): readonly Program[] {
  const executed = programs.filter(({ before }) => before !== null);
  return executed.length > 0 ? executed : programs.slice(0, 1);
}

function plainAt(libc: Libc, path: string): FileLook | null {
  try {
    const look = lookAt(libc, bytePathOf(path));
    return look !== null && typeOf(look) === FILE_TYPE.PLAIN ? look : null;
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
