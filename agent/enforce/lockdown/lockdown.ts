/**
 * A user's ways to root: closed, tried, and opened again exactly.
 *
 * @module
 */
import { AsUser } from "./as_user.ts";
import { tryAll } from "./attempts.ts";
import { BIND_KINDS, COVER, undoBind } from "./bind_mounts.ts";
import { ChangeLog, type KeepRecord } from "./change_log.ts";
import {
  closeContainerSockets,
  tryContainerSockets,
} from "./container_sockets.ts";
import { closeDevices, openDevices } from "./devices.ts";
import { findKeptRights } from "./kept_rights.ts";
import type {
  LockdownChange,
  LockdownOrder,
  LockdownRecord,
} from "./lockdown_record.ts";
import { NEW_FILE, refuseByPolkit, undoNewFile } from "./polkit.ts";
import { findChangeable, withholdWriting } from "./read_only.ts";
import { findRootProcesses } from "./root_processes.ts";
import { ROOT_ONLY, undoRootOnly } from "./root_only.ts";
import { ownSearchPath, shortenSearchPath } from "./search_path.ts";
import {
  keptPrograms,
  mountsWithSetuid,
  NO_SETUID,
  undoNoSetuid,
  withholdSetuid,
} from "./setuid.ts";
import { AgentError } from "../../errors.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Libc } from "../../../ffi/libc.ts";

type Undo = (libc: Libc, change: LockdownChange) => string | null;

const UNDO: ReadonlyMap<string, Undo> = new Map([
  ...BIND_KINDS.map((kind): [string, Undo] => [kind, undoBind]),
  [COVER, undoBind],
  [NEW_FILE, undoNewFile],
  [NO_SETUID, undoNoSetuid],
  [ROOT_ONLY, undoRootOnly],
]);

/**
 * Closes the ways that an order names, in the mount namespace of the calling
 * thread: the job's own.
 *
 * @param keep Is given the whole record before each change; what it throws ends
 * the lockdown.
 * @throws {AgentError} `lockdown_failed`; then all of it is undone.
 */
export function applyLockdown(
  libc: Libc,
  order: LockdownOrder,
  keep: KeepRecord,
): LockdownRecord {
  const log = new ChangeLog(order, keep);
  try {
    if (order.sudo) {
      const user = new AsUser(libc, order.uid);
      refuseByPolkit(libc, user, log);
      shortenSearchPath(libc, user, log);
      withholdWriting(libc, user, log);
      closeDevices(libc, user, log);
      // At last: what was mounted until here gives no rights, either.
      withholdSetuid(libc, order, log);
    }
    if (order.containers) closeContainerSockets(libc, log);
    return log.record;
  } catch (error) {
    const last = log.record.changes.at(-1);
    const left = restoreLockdown(libc, log.record);
    if (left.length === 0) log.clear();
    if (!(error instanceof SystemCallError)) throw error;
    throw new AgentError("lockdown_failed", {
      what: "Cannot take the job's ways to root away",
      why: `${last?.kind} ${JSON.stringify(last?.path)}: ${error.message}` +
        left.map((why) => `; ${why}`).join(""),
      hint: "Leave out `disable-sudo`, or run the job on a machine whose " +
        "mounts root may change",
      cause: error,
    });
  }
}

/**
 * Tries the ways that an order closes.
 *
 * @returns A sentence for each that still leads to root.
 */
export function verifyLockdown(libc: Libc, order: LockdownOrder): string[] {
  const user = new AsUser(libc, order.uid);
  return [
    ...(order.sudo ? waysPastSudo(libc, order, user) : []),
    ...(order.containers ? tryContainerSockets(libc, user) : []),
  ];
}

function waysPastSudo(
  libc: Libc,
  order: LockdownOrder,
  user: AsUser,
): string[] {
  const { paths, own } = findChangeable(libc, user);
  const kept = keptPrograms(libc, order);
  const said = (path: string) => JSON.stringify(path);
  return [
    ...mountsWithSetuid(libc, kept).map(({ mountPoint }) =>
      `programs on ${said(mountPoint)} still give rights`
    ),
    ...paths.map((path) =>
      `${said(path)} is root's, and the job can change it`
    ),
    ...own.map((path) =>
      `root runs ${said(path)}, in a place that is the job's own`
    ),
    ...ownSearchPath(libc, user).map((path) =>
      `${said(path)} sends root to programs that are the job's own`
    ),
    ...openDevices(libc, user).map((path) =>
      `${said(path)} is open to the job`
    ),
    ...findRootProcesses(libc, order.uid),
    ...findKeptRights(libc, order.uid),
    ...tryAll(libc, user),
  ];
}

/**
 * Undoes a lockdown, whoever made it and however far it came.
 *
 * @returns A sentence for each change that stays, because somebody has changed
 * the same since.
 */
export function restoreLockdown(
  libc: Libc,
  { changes }: LockdownRecord,
): string[] {
  return changes.toReversed().flatMap((change) => {
    const why = undo(libc, change);
    return why === null ? [] : [why];
  });
}

function undo(libc: Libc, change: LockdownChange): string | null {
  const act = UNDO.get(change.kind);
  const { kind, path } = change;
  if (act === undefined) {
    return `Cannot undo ${kind} of ${JSON.stringify(path)}: this version ` +
      "knows no such change";
  }
  try {
    return act(libc, change);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return `Cannot undo ${kind} of ${JSON.stringify(path)}: ${error.message}`;
  }
}
