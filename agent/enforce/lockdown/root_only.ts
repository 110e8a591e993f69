/**
 * Sockets and devices that only root is to use: by their permission bits, which
 * hold for every group that a process took along, and in every mount.
 *
 * @module
 */
import type { ChangeLog } from "./change_log.ts";
import type { LockdownChange } from "./lockdown_record.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { lookBehind } from "../../../ffi/file_look.ts";
import { O, openFile } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { cString } from "../../../ffi/text.ts";

/** The kind of these changes. */
export const ROOT_ONLY = "root-only";

const PERMISSIONS = 0o7777;
const OWNER_ONLY = 0o600;
/** chown(2): leave it as it is. */
const SAME = 0xffff_ffff;

/** Leaves a socket or device to root; what is not there is left out. */
export function leaveToRoot(libc: Libc, log: ChangeLog, path: string): void {
  const fd = openPath(libc, path);
  if (fd < 0) return;
  try {
    const look = lookBehind(libc, fd);
    const mode = look.mode & PERMISSIONS;
    if (look.uid === 0 && mode === OWNER_ONLY) return;
    const id = idOf(look);
    log.make(
      { kind: ROOT_ONLY, path, before: { id, uid: look.uid, mode } },
      () => {
        change(libc, fd, { uid: 0, mode: OWNER_ONLY });
      },
    );
  } finally {
    libc.symbols.close(fd);
  }
}

/** @returns Why it stays; null when it is as it was, or another one. */
export function undoRootOnly(
  libc: Libc,
  { path, before }: LockdownChange,
): string | null {
  const fd = openPath(libc, path);
  // A daemon that was started again has made a new one, with its own mode.
  if (fd < 0) return null;
  try {
    const look = lookBehind(libc, fd);
    const mode = look.mode & PERMISSIONS;
    const uid = Number(before.uid);
    if (idOf(look) !== before.id) return null;
    if (look.uid === uid && mode === before.mode) return null;
    // After the owner comes the mode: in between lies a kill.
    const isOurs = mode === OWNER_ONLY || mode === before.mode;
    if (!isOurs || (look.uid !== 0 && look.uid !== uid)) {
      return `Somebody has changed who may use ${JSON.stringify(path)}: ` +
        "it stays as it is";
    }
    change(libc, fd, { uid, mode: Number(before.mode) });
    return null;
  } finally {
    libc.symbols.close(fd);
  }
}

/** Without following a link that somebody has put in its place. */
function openPath(libc: Libc, path: string): number {
  try {
    return openFile(libc, path, { flags: O.PATH | O.NOFOLLOW });
  } catch (error) {
    if (error instanceof SystemCallError) return -1;
    throw error;
  }
}

function change(
  libc: Libc,
  fd: number,
  { uid, mode }: { readonly uid: number; readonly mode: number },
): void {
  const path = cString(`/proc/self/fd/${fd}`);
  libc.check("chown", libc.symbols.chown(path, uid, SAME));
  libc.check("chmod", libc.symbols.chmod(path, mode));
}

function idOf(look: { readonly device: number; readonly inode: bigint }) {
  return `${look.device} ${look.inode}`;
}
