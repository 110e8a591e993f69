/**
 * The known word that somebody probably meant.
 *
 * @module
 */

/** More changes than this make another word, not a slip. */
const MAX_CHANGES = 2;

/**
 * Finds the known word that needs the fewest changed, missing or extra letters.
 *
 * @param word What was written.
 * @param known What could have been meant.
 * @returns The nearest, or null when none is within two changes.
 */
export function nearestWord(
  word: string,
  known: readonly string[],
): string | null {
  let nearest: string | null = null;
  let fewest = MAX_CHANGES + 1;
  for (const candidate of known) {
    // Also keeps a word of a megabyte from being compared at all.
    if (Math.abs(candidate.length - word.length) > MAX_CHANGES) continue;
    const changes = countChanges(word.toLowerCase(), candidate);
    if (changes >= fewest || changes >= candidate.length) continue;
    nearest = candidate;
    fewest = changes;
  }
  return nearest;
}

/** Levenshtein's distance, one row at a time; two letters swapped are two. */
function countChanges(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, at) => at);
  for (let left = 1; left <= from.length; left++) {
    const next = [left];
    for (let right = 1; right <= to.length; right++) {
      const same = from[left - 1] === to[right - 1];
      next.push(Math.min(
        row[right]! + 1,
        next[right - 1]! + 1,
        row[right - 1]! + (same ? 0 : 1),
      ));
    }
    row = next;
  }
  return row[to.length]!;
}
