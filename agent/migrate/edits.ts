/**
 * Changes of a text by offsets: what is not changed stays byte for byte.
 *
 * @module
 */

/** One change; an insertion where both ends are the same. */
export interface Edit {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

/**
 * Makes all changes at once.
 *
 * @param edits In any order; none may overlap another.
 * @throws {RangeError} When two overlap.
 */
export function applyEdits(text: string, edits: readonly Edit[]): string {
  const ordered = edits.toSorted((one, other) =>
    one.from - other.from || one.to - other.to
  );
  let result = "";
  let at = 0;
  for (const { from, to, text: put } of ordered) {
    if (from < at) {
      throw new RangeError(
        `Cannot change a text: a change at ${from} overlaps one up to ${at}`,
      );
    }
    result += text.slice(at, from) + put;
    at = to;
  }
  return result + text.slice(at);
}

/** Where the line of an offset begins. */
export function startOfLine(text: string, offset: number): number {
  return text.lastIndexOf("\n", offset - 1) + 1;
}

/** Where the line of an offset ends, its line end included. */
export function endOfLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : end + 1;
}
