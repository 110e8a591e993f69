/**
 * What was changed in a text, as a unified diff that cannot grow.
 *
 * @module
 */
import { diffArrays } from "diff";
import { type Change, writeHunks } from "./diff_hunks.ts";
import { type Differing, findDiffering, LineNumbers } from "./diff_lines.ts";
import { isText } from "./file_text.ts";

/**
 * Of either side; a longer one has no diff. With it, the worst two texts take
 * some ten milliseconds.
 */
export const MAX_TEXT_BYTES = 1 << 19;
/** Of both sides, where they differ; more are told as replaced as a whole. */
const MAX_LINES = 10_000;
/** Lines that went or came: the time taken grows with the square of this. */
const MAX_EDITS = 128;
const CONTEXT_LINES = 3;

/**
 * Compares two contents of a file.
 *
 * Lines are compared as bytes, and only what is shown is taken for UTF-8: two
 * lines that differ are never told as one.
 *
 * @param before Its content; empty when there was no file.
 * @param after Its content now.
 * @returns Hunks without a header, with some 32 kB of the texts at most, which
 * stand in it as they are; null when there is no difference, neither is text,
 * or one is over {@linkcode MAX_TEXT_BYTES}.
 *
 * @example A line that came
 * ```ts
 * import assert from "node:assert/strict";
 * import { diffTexts } from "./text_diff.ts";
 *
 * const [before, after] = ["a\n", "a\nb\n"].map((text) =>
 *   new TextEncoder().encode(text)
 * );
 * assert.equal(diffTexts(before!, after!), "@@ -1,1 +1,2 @@\n a\n+b\n");
 * ```
 */
export function diffTexts(
  before: Uint8Array,
  after: Uint8Array,
): string | null {
  if (Math.max(before.length, after.length) > MAX_TEXT_BYTES) return null;
  if (isSame(before, after)) return null;
  // What was text is shown, whatever has become of it.
  const isShown = isText(before.length > 0 ? before : after) || isText(after);
  if (!isShown) return null;
  const differing = findDiffering({ before, after }, CONTEXT_LINES);
  const changes = findChanges(differing);
  return writeHunks({ ...differing, changes }, CONTEXT_LINES);
}

/** What has changed, line by line; as one change when that would take long. */
function findChanges(differing: Differing): readonly Change[] {
  const { before, after, sameAtStart, sameAtEnd } = differing;
  const end = before.starts.length - 1 - sameAtEnd;
  const removed = [sameAtStart, end] as const;
  const afterEnd = after.starts.length - 1 - sameAtEnd;
  const added = [sameAtStart, afterEnd] as const;
  const whole = [{ removed, added }];
  const lines = end + afterEnd - 2 * sameAtStart;
  if (lines > MAX_LINES) return whole;
  const numbers = new LineNumbers();
  // Of one number for each line, comparing takes the same time for all.
  const found = diffArrays(
    numbers.of(before, removed),
    numbers.of(after, added),
    { maxEditLength: MAX_EDITS },
  );
  return found === undefined ? whole : changesOf(found, sameAtStart);
}

function changesOf(
  runs: readonly { count: number; added: boolean; removed: boolean }[],
  start: number,
): Change[] {
  const changes: Change[] = [];
  let old = start;
  let now = start;
  let from: readonly [number, number] | null = null;
  const close = () => {
    if (from === null) return;
    changes.push({ removed: [from[0], old], added: [from[1], now] });
    from = null;
  };
  for (const { count, added, removed } of runs) {
    if (!added && !removed) close();
    else from ??= [old, now];
    if (!added) old += count;
    if (!removed) now += count;
  }
  close();
  return changes;
}

function isSame(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  let at = 0;
  while (at < one.length && one[at] === other[at]) at++;
  return at === one.length;
}
