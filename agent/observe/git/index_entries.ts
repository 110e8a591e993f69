/**
 * The entries of a repository's index, of both files where it is split.
 *
 * @module
 */
import type { Libc } from "../../../ffi/libc.ts";
import type { Decoded } from "../../decode/bytes.ts";
import {
  decodeIndexEntries,
  decodeIndexHeader,
  whyMisplaced,
} from "../../decode/git_index.ts";
import type { IndexEntry } from "../../decode/git_index_entry.ts";
import {
  decodeIndexExtensions,
  type IndexLink,
} from "../../decode/git_index_extensions.ts";
import {
  decodeSplitBitmaps,
  mergeSplit,
} from "../../decode/git_index_split.ts";
import { child } from "./git_files.ts";
import { type IndexBytes, readIndexBytes } from "./index_bytes.ts";
import type { Repository } from "./tracked.ts";
import { Turn } from "./turn.ts";

/** What an index holds. */
export interface IndexEntries {
  /** In the order of their paths' bytes, each where it may stand. */
  readonly entries: readonly IndexEntry[];
  readonly writtenSeconds: number;
  readonly writtenNanoseconds: number;
}

/** One file's part of it. */
interface IndexPart extends IndexBytes {
  readonly entries: readonly IndexEntry[];
  readonly link: IndexLink | null;
}

/**
 * Reads a repository's index.
 *
 * Yields after about two milliseconds of work.
 *
 * @returns Null when there is none; why, where it is damaged or forged.
 */
export function* readIndexEntries(
  libc: Libc,
  repository: Repository,
): Generator<void, Decoded<IndexEntries> | null> {
  const { indexPath: path, gitDirectory, objectBytes } = repository;
  const read = yield* readIndexBytes(libc, { path, objectBytes });
  if (read === null || !read.ok) return read;
  const index = yield* decodePart(read.value, objectBytes);
  if (!index.ok) return index;
  const { link, writtenSeconds, writtenNanoseconds } = index.value;
  const written = { writtenSeconds, writtenNanoseconds };
  let { entries } = index.value;
  if (link !== null && /[^0]/.test(link.base)) {
    const name = `sharedindex.${link.base}`;
    const shared = yield* readIndexBytes(libc, {
      path: child(gitDirectory, name),
      objectBytes,
    });
    if (shared === null) return refuse("has no shared index");
    if (!shared.ok) return shared;
    if (shared.value.checksum !== link.base) {
      return refuse("has another shared index");
    }
    const base = yield* decodePart(shared.value, objectBytes);
    if (!base.ok) return base;
    const count = base.value.entries.length;
    const bitmaps = decodeSplitBitmaps(index.value.bytes, { link, count });
    if (!bitmaps.ok) return bitmaps;
    const both = { shared: base.value.entries, split: entries };
    const merged = yield* collect(mergeSplit(both, bitmaps.value));
    if (!merged.ok) return merged;
    entries = merged.value.entries;
  }
  const why = yield* whyDisordered(entries);
  return why === null
    ? { ok: true, value: { entries, ...written } }
    : refuse(why);
}

function* decodePart(
  read: IndexBytes,
  objectBytes: number,
): Generator<void, Decoded<IndexPart>> {
  const { bytes } = read;
  const header = decodeIndexHeader(bytes, objectBytes);
  if (!header.ok) return header;
  const found = yield* collect(decodeIndexEntries(bytes, header.value));
  if (!found.ok) return found;
  const { entries, end: at } = found.value;
  const end = header.value.checksumAt;
  const link = decodeIndexExtensions(bytes, { at, end, objectBytes });
  if (!link.ok) return link;
  return {
    ok: true,
    value: { ...read, entries, link: link.value },
  };
}

/** Runs a decoder to its end, and yields now and then. */
function* collect<T>(
  decoder: Generator<IndexEntry, Decoded<T>>,
): Generator<
  void,
  Decoded<{ readonly entries: readonly IndexEntry[]; readonly end: T }>
> {
  const entries: IndexEntry[] = [];
  const turn = new Turn();
  for (;;) {
    const { done, value } = decoder.next();
    if (done) {
      return value.ok
        ? { ok: true, value: { entries, end: value.value } }
        : value;
    }
    entries.push(value);
    if (!turn.isOver()) continue;
    yield;
    turn.begin();
  }
}

function* whyDisordered(
  entries: readonly IndexEntry[],
): Generator<void, string | null> {
  let before: IndexEntry | null = null;
  const turn = new Turn();
  for (const [index, entry] of entries.entries()) {
    const why = whyMisplaced(entry, before);
    if (why !== null) return `entry ${index} ${why}`;
    before = entry;
    if (!turn.isOver()) continue;
    yield;
    turn.begin();
  }
  return null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git index ${why}` };
}
