/**
 * Which runners run our hooks around each job, and what was in their files
 * before.
 *
 * @module
 */
import { replaceFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { EnvFile } from "./env_file.ts";
import { RUNNERS } from "./places.ts";

/** One of them. */
export interface HookedRunner {
  /** Where it is installed, without links. */
  readonly root: string;
  /** Whose it is. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** What its `.env` was; null when there was none. */
  readonly former: EnvFile | null;
}

/** Reads the list. */
export function readHookedRunners(libc: Libc): readonly HookedRunner[] {
  const text = tryReadText(libc, RUNNERS);
  return text === null ? [] : JSON.parse(text).runners;
}

/** Notes it down, for nobody but root: an `.env` may hold secrets. */
export function writeHookedRunners(
  libc: Libc,
  runners: readonly HookedRunner[],
): void {
  const text = `${JSON.stringify({ version: 1, runners })}\n`;
  replaceFile(libc, RUNNERS, text);
}
