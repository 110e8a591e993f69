/**
 * What the acts on a source and its stamps say together.
 *
 * @module
 */
import { ACT } from "../observe/files/file_source.ts";
import { FILE_TYPE, type FileLook, typeOf } from "../../ffi/file_look.ts";
import { type PendingLook, sessionsOf } from "./pending_looks.ts";
import type { Sight } from "./sight.ts";
import type { Source } from "./sources.ts";
import { isSameStamp, type Stamp } from "./stamp.ts";

/** What is shorter than it was may be in the middle of being written. */
export const STILL_MS = 50;

const AWAY_AND_BACK = ACT.MOVED_AWAY | ACT.MOVED_HERE;

/**
 * How often it was written to an end: whoever has opened it and written nothing
 * has left its stamp.
 */
export function sessionsSince(
  pending: PendingLook,
  { source, sight }: { readonly source: Source; readonly sight: Sight },
): number {
  const [was, is] = [source.stamp, sight.stamp];
  if (was !== null && is !== null && isSameStamp(was, is)) return 0;
  // Equal events become one before anybody takes them out: whoever moved a
  // file away and then back may have had another in its place.
  const isBack = was?.inode === is?.inode &&
    (pending.acts & AWAY_AND_BACK) === AWAY_AND_BACK;
  return Math.max(isBack ? 2 : 0, sessionsOf(pending));
}

/** Whether what is there may be half of what is to come. */
export function isBeingWritten(
  look: FileLook,
  of: {
    readonly pending: PendingLook;
    readonly source: Source;
    readonly nowMs: number;
  },
): boolean {
  const { pending, source, nowMs } = of;
  return pending.isOpen && typeOf(look) === FILE_TYPE.PLAIN &&
    look.bytes < (source.bytes ?? Infinity) &&
    nowMs < pending.heardAtMs + STILL_MS;
}

/**
 * Whether it has changed without a word: who maps a file and writes to memory
 * is heard of when he lets go at the most, and not as somebody who has written.
 */
export function isWrittenUnheard(
  pending: PendingLook,
  of: { readonly source: Source; readonly stamp: Stamp | null },
): boolean {
  const { source, stamp } = of;
  if (pending.isMapped) return true;
  if (stamp === null) return false;
  const isChanged = source.stamp !== null &&
    stamp.mtimeUs !== source.stamp.mtimeUs;
  return isChanged && (pending.acts & ~ACT.CLOSED) === 0 ||
    isWrittenWhileHeld(pending, { source, stamp });
}

/**
 * The same since a look that has found that somebody could write.
 *
 * Git may have put another file there since that look: what is as it was when
 * it was learned has not been written to.
 */
export function isWrittenWhileHeld(
  { recent, heldMtimeUs }: PendingLook,
  { source, stamp }: { readonly source: Source; readonly stamp: Stamp },
): boolean {
  if (source.stamp !== null && isSameStamp(source.stamp, stamp)) return false;
  return heldMtimeUs !== null && stamp.mtimeUs !== heldMtimeUs &&
    (recent & ~ACT.CLOSED) === 0;
}
