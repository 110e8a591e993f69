/**
 * Sources that are as they are to be, while somebody can change them without a
 * word; and those that are reached by another way.
 *
 * @module
 */
import { isMappedShared } from "../observe/shared_mappings.ts";
import { hasWriters } from "../../ffi/leases.ts";
import { FILE_TYPE } from "../../ffi/file_look.ts";
import type { Libc } from "../../ffi/libc.ts";
import { realDirectory } from "../../ffi/plain_file.ts";
import { isWrittenWhileHeld } from "./look_signs.ts";
import type { PendingLook } from "./pending_looks.ts";
import type { Sight } from "./sight.ts";
import { type Source, splitPath } from "./sources.ts";

/** Between two looks at what is held. */
export const HELD_MS = 25;

/**
 * What a link shows in the place of a directory. Its file may be changed where
 * nobody hears of it, so it is another also while its content is the same.
 */
const LINKED: Sight = {
  state: { blob: null, sha256: null, bytes: null, mode: "120000" },
  mode: FILE_TYPE.LINK,
  stamp: null,
  text: null,
};

/** Whether what was seen has the content that a source is to have. */
export function isAsLearned({ state, mode }: Sight, source: Source): boolean {
  return state?.blob === source.oid &&
    (mode === FILE_TYPE.LINK) === (source.mode === FILE_TYPE.LINK);
}

/** What was seen, unless a link has led there. */
export function sightOnWay(
  libc: Libc,
  { pending: { path }, sight }: {
    readonly pending: PendingLook;
    readonly sight: Sight;
  },
): Sight {
  const { directory } = splitPath(path);
  const real = realDirectory(libc, directory);
  // Null: it is gone again, or too deep for the kernel to tell.
  return real === null || real === directory ? sight : LINKED;
}

/**
 * Whether somebody can write to what a look has just found as it is to be; it
 * is noted who shares its memory.
 *
 * All processes are looked through the first time, and ever less often then:
 * a mapping that is made later leaves another time when it is written to.
 */
export function* isHeld(
  libc: Libc,
  { pending, source, sight }: {
    readonly pending: PendingLook;
    readonly source: Source;
    readonly sight: Sight;
  },
): Generator<void, boolean> {
  const { path, holds } = pending;
  const { stamp } = sight;
  if (stamp === null || hasWriters(libc, path) !== true) return false;
  if (isWrittenWhileHeld(pending, { source, stamp })) pending.isMapped = true;
  pending.heldMtimeUs = stamp.mtimeUs;
  const isTurn = (holds & (holds - 1)) === 0;
  if (!pending.isMapped && isTurn) {
    pending.isMapped = yield* isMappedShared(libc, BigInt(stamp.inode));
  }
  return true;
}
