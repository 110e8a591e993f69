/**
 * Polkit, by whose word root's services do things for users: no to everything
 * that the user asks, before any rule that says otherwise.
 *
 * @see polkit(8), pklocalauthority(8)
 * @module
 */
import type { AsUser } from "./as_user.ts";
import type { ChangeLog } from "./change_log.ts";
import type { LockdownChange } from "./lockdown_record.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { type FileLook, lookAt } from "../../../ffi/file_look.ts";
import { setModified } from "../../../ffi/file_times.ts";
import { canAccess, replaceFile, tryReadText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { cString } from "../../../ffi/text.ts";

/** The kind of these changes. */
export const NEW_FILE = "new-file";

const RULES = "/etc/polkit-1/rules.d";
/** Of polkit 0.105, as Ubuntu 22.04 has it. */
const LOCAL_AUTHORITY = "/etc/polkit-1/localauthority/90-mandatory.d";

/** The first rule that answers counts: no usual name comes before this one. */
const RULE_NAME = "!00-sluice.rules";
/** The last file that answers counts. */
const AUTHORITY_NAME = "zzzz-sluice.pkla";

const READABLE = 0o644;
const SECOND = 1_000_000_000n;

/** Refuses the user all that polkit is asked for. */
export function refuseByPolkit(
  libc: Libc,
  user: AsUser,
  log: ChangeLog,
): void {
  const name = user.name ?? String(user.uid);
  if (readDirectory(libc, RULES) !== null) {
    make(libc, log, `${RULES}/${RULE_NAME}`, ruleFor(name));
  }
  if (readDirectory(libc, LOCAL_AUTHORITY) !== null) {
    make(libc, log, `${LOCAL_AUTHORITY}/${AUTHORITY_NAME}`, authorityFor(name));
  }
}

/** @returns Why it stays; null when the file is gone, or never came. */
export function undoNewFile(
  libc: Libc,
  { path, before }: LockdownChange,
): string | null {
  const text = tryReadText(libc, path);
  if (text === null && !canAccess(libc, path)) return null;
  if (text !== before.text) {
    return `Somebody has changed ${JSON.stringify(path)}: it stays as it is`;
  }
  const directory = path.slice(0, path.lastIndexOf("/"));
  const file = lookAt(libc, bytePathOf(path));
  const folder = lookAt(libc, bytePathOf(directory));
  libc.check("unlink", libc.symbols.unlink(cString(path)));
  // Later than the file, it is of somebody else's change.
  if (file !== null && folder !== null && mtimeOf(folder) <= ctimeOf(file)) {
    setModified(libc, directory, BigInt(before.folderTime ?? 0));
  }
  return null;
}

/** In nanoseconds after 1970. */
function mtimeOf(look: FileLook): bigint {
  const { mtimeSeconds, mtimeNanoseconds } = look;
  return BigInt(mtimeSeconds) * SECOND + BigInt(mtimeNanoseconds);
}

function ctimeOf(look: FileLook): bigint {
  const { ctimeSeconds, ctimeNanoseconds } = look;
  return BigInt(ctimeSeconds) * SECOND + BigInt(ctimeNanoseconds);
}

function make(
  libc: Libc,
  log: ChangeLog,
  path: string,
  text: string,
): void {
  // One that a machine kept from a job that its power failed in.
  if (tryReadText(libc, path) === text) libc.symbols.unlink(cString(path));
  const directory = path.slice(0, path.lastIndexOf("/"));
  const folderTime = String(mtimeOf(lookAt(libc, bytePathOf(directory))!));
  log.make({ kind: NEW_FILE, path, before: { text, folderTime } }, () => {
    replaceFile(libc, path, text);
    libc.check("chmod", libc.symbols.chmod(cString(path), READABLE));
  });
}

function ruleFor(name: string): string {
  return `// Of Sluice, for as long as a job has no way to root.
polkit.addRule(function (action, subject) {
  if (subject.user == ${JSON.stringify(name)}) return polkit.Result.NO;
});
`;
}

function authorityFor(name: string): string {
  return `[Of Sluice, for as long as a job has no way to root]
Identity=unix-user:${name}
Action=*
ResultAny=no
ResultInactive=no
ResultActive=no
`;
}
