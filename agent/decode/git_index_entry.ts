/**
 * One entry of git's index: a file that git tracks.
 *
 * @see gitformat-index(5)
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16, readUint32 } from "./integer.ts";

/** One entry, as it is written; nothing of it is believed yet. */
export interface IndexEntry {
  /** A character for each byte; empty in a split index for a replaced entry. */
  readonly path: string;
  /** st_mode: {@linkcode GIT_MODE}; permissions as git keeps them. */
  readonly mode: number;
  /** Lower case hex. */
  readonly oid: string;
  readonly stat: IndexStat;
  /** 0; 1 to 3 while a merge waits for somebody to settle it. */
  readonly stage: number;
  /** Not to be in the work tree, which git calls skip-worktree. */
  readonly isSkipped: boolean;
  /** Announced by `git add -N`: the content is not known to git. */
  readonly isIntended: boolean;
}

/** What lstat(2) said, each cut to 32 bits; all zero when git does not know. */
export interface IndexStat {
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly inode: number;
  readonly bytes: number;
}

/** The modes that git knows, gitformat-index(5) and git-fast-import(1). */
export const GIT_MODE = {
  file: 0o100644,
  program: 0o100755,
  link: 0o120000,
  /** A commit of another repository: a submodule. */
  commit: 0o160000,
  /** A whole directory that is not in the work tree: a sparse index. */
  directory: 0o040000,
} as const;

/** How the entries of one index are written. */
export interface EntryFormat {
  /** 2 to 4. */
  readonly version: number;
  /** Of an object id: 20 or 32. */
  readonly objectBytes: number;
}

/** Byte offsets from the start of an entry, gitformat-index(5). */
const AT = {
  ctimeSeconds: 0,
  ctimeNanoseconds: 4,
  mtimeSeconds: 8,
  mtimeNanoseconds: 12,
  inode: 20,
  mode: 24,
  bytes: 36,
  oid: 40,
} as const;

/** Of the 16 bits behind the object id. */
const FLAG = {
  extended: 0x4000,
  stage: 0x3000,
  stageShift: 12,
  length: 0x0fff,
} as const;
/** Of the 16 bits behind those, from version 3. */
const EXTENDED = { skipped: 0x4000, intended: 0x2000 } as const;

/** S_IFMT and the owner's x bit, <linux/stat.h>. */
const TYPE_MASK = 0o170000;
const PROGRAM_BIT = 0o100;

/** No path that the kernel takes is longer: PATH_MAX, <linux/limits.h>. */
const MAX_PATH_BYTES = 4096;
/** Bytes of a varint up to that length, and some. */
const MAX_VARINT_BYTES = 4;

/** Written anew for each path. */
const CODES: number[] = [];

/** Where an entry is. */
export interface EntryPlace {
  readonly at: number;
  /** Where the entries end at the latest. */
  readonly end: number;
  /** The path of the entry before; version 4 writes only what is other. */
  readonly previous: string;
}

/**
 * Decodes one entry.
 *
 * @param bytes The whole index.
 * @param where The entry's place and its format.
 * @returns The entry and where the next one starts.
 */
export function decodeIndexEntry(
  bytes: Uint8Array,
  where: EntryPlace & EntryFormat,
): Decoded<{ readonly entry: IndexEntry; readonly next: number }> {
  const { at, end, previous, version, objectBytes } = where;
  const flagsAt = at + AT.oid + objectBytes;
  if (flagsAt + 2 > end) return refuse("is cut short");
  const flags = readUint16(bytes, flagsAt);
  const isExtended = (flags & FLAG.extended) !== 0;
  if (isExtended && version < 3) return refuse("has flags of version 3");
  const nameAt = flagsAt + (isExtended ? 4 : 2);
  const extended = isExtended ? readUint16(bytes, flagsAt + 2) : 0;

  const kept = version < 4 ? { length: 0, next: nameAt } : keptLength(bytes, {
    at: nameAt,
    previousBytes: previous.length,
  });
  if (kept === null) return refuse("keeps more of a path than there is");
  const nameEnd = bytes.indexOf(0, kept.next);
  if (nameEnd < 0 || nameEnd >= end) return refuse("has a path without end");
  const pathBytes = kept.length + nameEnd - kept.next;
  if (pathBytes > MAX_PATH_BYTES) return refuse("has too long a path");
  if ((flags & FLAG.length) !== Math.min(pathBytes, FLAG.length)) {
    return refuse("has a path of another length than it says");
  }
  const mode = canonicalMode(readUint32(bytes, at + AT.mode));
  if (mode === null) return refuse("has a mode that git does not know");
  const name = latin1(bytes, { from: kept.next, to: nameEnd });
  const entry: IndexEntry = {
    path: kept.length === 0 ? name : previous.slice(0, kept.length) + name,
    mode,
    oid: bytes.subarray(at + AT.oid, flagsAt).toHex(),
    stat: {
      ctimeSeconds: readUint32(bytes, at + AT.ctimeSeconds),
      ctimeNanoseconds: readUint32(bytes, at + AT.ctimeNanoseconds),
      mtimeSeconds: readUint32(bytes, at + AT.mtimeSeconds),
      mtimeNanoseconds: readUint32(bytes, at + AT.mtimeNanoseconds),
      inode: readUint32(bytes, at + AT.inode),
      bytes: readUint32(bytes, at + AT.bytes),
    },
    stage: (flags & FLAG.stage) >> FLAG.stageShift,
    isSkipped: (extended & EXTENDED.skipped) !== 0,
    isIntended: (extended & EXTENDED.intended) !== 0,
  };
  // Before version 4, one to eight NUL bytes end the name at a multiple of 8.
  const next = version < 4 ? at + ((nameEnd - at + 8) & ~7) : nameEnd + 1;
  if (next > end) return refuse("is cut short");
  return { ok: true, value: { entry, next } };
}

/** How much of the path before stays: "offset encoding" of gitformat-pack(5). */
function keptLength(
  bytes: Uint8Array,
  { at, previousBytes }: { at: number; previousBytes: number },
): { length: number; next: number } | null {
  let cut = 0;
  for (let count = 0; count < MAX_VARINT_BYTES; count++) {
    const byte = bytes[at + count];
    if (byte === undefined) return null;
    cut = cut * 128 + (byte & 0x7f);
    if ((byte & 0x80) === 0) {
      if (cut > previousBytes) return null;
      return { length: previousBytes - cut, next: at + count + 1 };
    }
    cut++;
  }
  return null;
}

function canonicalMode(mode: number): number | null {
  switch (mode & TYPE_MASK) {
    case GIT_MODE.file & TYPE_MASK:
      return (mode & PROGRAM_BIT) === 0 ? GIT_MODE.file : GIT_MODE.program;
    case GIT_MODE.link:
    case GIT_MODE.commit:
    case GIT_MODE.directory:
      return mode & TYPE_MASK;
    default:
      return null;
  }
}

/** At most {@linkcode MAX_PATH_BYTES}, which are no more arguments than fit. */
function latin1(
  bytes: Uint8Array,
  { from, to }: { readonly from: number; readonly to: number },
): string {
  // Out of a typed array, the same takes eight times as long.
  CODES.length = to - from;
  for (let at = from; at < to; at++) CODES[at - from] = bytes[at]!;
  return String.fromCharCode.apply(null, CODES);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why };
}
