/**
 * The PATH that PAM gives to sessions of root's, as cron begins them, without
 * what is the job's own.
 *
 * @see pam_env(8)
 * @module
 */
import type { AsUser } from "./as_user.ts";
import { coverFile } from "./bind_mounts.ts";
import type { ChangeLog } from "./change_log.ts";
import { findOwn } from "./read_only.ts";
import { tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

const FILE = "/etc/environment";
const LINE = /^(\s*(?:export\s+)?PATH\s*=\s*)(["']?)([^"'\n]*)\2/gm;

/** Shows a PATH without those directories; nothing else of the file changes. */
export function shortenSearchPath(
  libc: Libc,
  user: AsUser,
  log: ChangeLog,
): void {
  const text = tryReadText(libc, FILE);
  if (text === null) return;
  const shortened = shorten(libc, user, text);
  if (shortened !== text) coverFile(libc, log, { path: FILE, text: shortened });
}

/** The directories of it that are still the job's own. */
export function ownSearchPath(libc: Libc, user: AsUser): string[] {
  const text = tryReadText(libc, FILE) ?? "";
  return text === shorten(libc, user, text) ? [] : [FILE];
}

function shorten(libc: Libc, user: AsUser, text: string): string {
  return text.replace(LINE, (_, head: string, quote: string, list: string) => {
    const directories = list.split(":");
    const own = findOwn(libc, user, directories);
    const kept = directories.filter((path) => !own.has(path));
    return head + quote + kept.join(":") + quote;
  });
}
