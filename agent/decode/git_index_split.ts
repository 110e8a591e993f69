/**
 * A split index: a large file that stays as it is, and a small one that says
 * what is other by now.
 *
 * @see gitformat-index(5), "Split index"
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeEwah } from "./ewah.ts";
import type { IndexLink } from "./git_index_extensions.ts";
import type { IndexEntry } from "./git_index_entry.ts";

/** Which entries of the shared index are gone, and which are other: a byte each. */
export interface SplitBitmaps {
  readonly deleted: Uint8Array;
  readonly replaced: Uint8Array;
}

/**
 * Decodes what a split index says of the shared one.
 *
 * @param bytes The split index.
 * @param of Where it says so; how many entries the shared one has.
 */
export function decodeSplitBitmaps(
  bytes: Uint8Array,
  of: { readonly link: IndexLink; readonly count: number },
): Decoded<SplitBitmaps> {
  const { link: { at, end }, count } = of;
  // A split index that was just made has none.
  if (at === end) {
    const none = new Uint8Array(count);
    return { ok: true, value: { deleted: none, replaced: none } };
  }
  const deleted = decodeEwah(bytes, { at, end, count });
  if (!deleted.ok) return deleted;
  const { bits, next } = deleted.value;
  const replaced = decodeEwah(bytes, { at: next, end, count });
  if (!replaced.ok) return replaced;
  if (replaced.value.next !== end) {
    return refuse("has bytes behind its bitmaps");
  }
  return { ok: true, value: { deleted: bits, replaced: replaced.value.bits } };
}

/**
 * Puts both files together, one entry at each step.
 *
 * @param shared The entries of the large file, in order.
 * @param split The entries of the small one: first those that replace one of the
 * large one, without a path, then further ones, in order.
 * @param bitmaps What the small one says.
 * @returns At the end, null, or why the two do not fit.
 */
export function* mergeSplit(
  { shared, split }: {
    readonly shared: readonly IndexEntry[];
    readonly split: readonly IndexEntry[];
  },
  bitmaps: SplitBitmaps,
): Generator<IndexEntry, Decoded<null>> {
  const { deleted, replaced } = bitmaps;
  let replacement = 0;
  let added = split.findIndex(({ path }) => path !== "");
  if (added < 0) added = split.length;
  const replacements = added;
  for (let index = 0; index < shared.length; index++) {
    let entry = shared[index]!;
    if (replaced[index] === 1) {
      if (replacement >= replacements) return refuse("replaces too little");
      entry = { ...split[replacement++]!, path: entry.path };
    }
    if (deleted[index] === 1) continue;
    for (; added < split.length; added++) {
      const order = compare(split[added]!, entry);
      if (order >= 0) break;
      yield split[added]!;
    }
    // What is added under a name that is there takes its place.
    if (added < split.length && compare(split[added]!, entry) === 0) continue;
    yield entry;
  }
  if (replacement < replacements) return refuse("replaces too much");
  for (; added < split.length; added++) yield split[added]!;
  return { ok: true, value: null };
}

function compare(one: IndexEntry, other: IndexEntry): number {
  if (one.path !== other.path) return one.path < other.path ? -1 : 1;
  return one.stage - other.stage;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git split index ${why}` };
}
