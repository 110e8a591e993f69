/**
 * Git's index: what it tracks, and what each file was when git last saw it.
 *
 * @see gitformat-index(5)
 * @module
 */
import type { Decoded } from "./bytes.ts";
import {
  decodeIndexEntry,
  type EntryFormat,
  GIT_MODE,
  type IndexEntry,
} from "./git_index_entry.ts";
import { readUint32 } from "./integer.ts";

/** "DIRC", "dircache", and then version and count. */
const SIGNATURE = 0x44495243;
const AT = { version: 4, count: 8 } as const;
const HEADER_BYTES = 12;

/** The first bytes of an index, and where things are in it. */
export interface IndexHeader extends EntryFormat {
  /** How many entries it says that it has. */
  readonly count: number;
  /** Where the checksum is, which ends the file. */
  readonly checksumAt: number;
}

/**
 * Decodes the header of an index.
 *
 * @param bytes The whole file.
 * @param objectBytes Of an object id in this repository: 20 or 32.
 */
export function decodeIndexHeader(
  bytes: Uint8Array,
  objectBytes: number,
): Decoded<IndexHeader> {
  const checksumAt = bytes.length - objectBytes;
  if (checksumAt < HEADER_BYTES) {
    return refuse(`is ${bytes.length} bytes, which is too short`);
  }
  if (readUint32(bytes, 0) !== SIGNATURE) return refuse("is no index");
  const version = readUint32(bytes, AT.version);
  if (version < 2 || version > 4) return refuse(`has version ${version}`);
  const count = readUint32(bytes, AT.count);
  return { ok: true, value: { version, objectBytes, count, checksumAt } };
}

/**
 * Decodes the entries of an index, one at each step: there may be a million.
 *
 * @param bytes The whole file.
 * @returns At the end, where the extensions start, or why it was refused; the
 * entries before are worth nothing then.
 */
export function* decodeIndexEntries(
  bytes: Uint8Array,
  header: IndexHeader,
): Generator<IndexEntry, Decoded<number>> {
  const { version, objectBytes, count, checksumAt: end } = header;
  let at = HEADER_BYTES;
  let previous = "";
  for (let index = 0; index < count; index++) {
    const decoded = decodeIndexEntry(bytes, {
      ...{ at, end, previous, version, objectBytes },
    });
    if (!decoded.ok) return refuse(`entry ${index} ${decoded.why}`);
    const { entry, next } = decoded.value;
    yield entry;
    at = next;
    previous = entry.path;
  }
  return { ok: true, value: at };
}

/** `.git` in any case is what git itself never tracks. */
const MISPLACED = /(?:^|\/)(?:|\.|\.\.|\.git)(?:\/|$)/i;

/**
 * What is wrong with an entry where it stands: git sorts them by the bytes of
 * their paths, and a path that leads out of the work tree is an attack.
 *
 * @param before The entry before it; null for the first one.
 * @returns Null when nothing is.
 */
export function whyMisplaced(
  entry: IndexEntry,
  before: IndexEntry | null,
): string | null {
  const { mode, path, stage } = entry;
  const isDirectory = mode === GIT_MODE.directory;
  if (isDirectory && !path.endsWith("/")) return "is a directory";
  if (MISPLACED.test(isDirectory ? path.slice(0, -1) : path)) {
    return "has a path that git does not track";
  }
  if (before === null || before.path < path) return null;
  if (before.path > path) return "is out of order";
  // Either one that is settled, or up to three that are not.
  return before.stage === 0 || before.stage >= stage
    ? "is there more than once"
    : null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git index ${why}` };
}
