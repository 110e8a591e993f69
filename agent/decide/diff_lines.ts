/**
 * The lines of two texts that have to be compared: not those at the beginning
 * and at the end that are the same in both.
 *
 * @module
 */

const LINE_END = 0x0a;
/** Maps bytes to characters one to one, as windows-1252 does. */
const BYTES = new TextDecoder("latin1");

/** A run of a text's lines, each with the line feed that ends it. */
export interface Lines {
  /** The whole text. */
  readonly bytes: Uint8Array;
  /** Where each line starts, and at last where the last one ends. */
  readonly starts: readonly number[];
  /** How many lines of the text come before the first of these. */
  readonly skipped: number;
}

/** What two texts differ in. */
export interface Differing {
  readonly before: Lines;
  readonly after: Lines;
  /** Lines at the beginning of both that are the same. */
  readonly sameAtStart: number;
  /** And at the end. */
  readonly sameAtEnd: number;
}

/**
 * Finds the lines that differ, with some around them.
 *
 * @param texts Two that are not the same.
 * @param contextLines How many of the same lines to keep on either side.
 */
export function findDiffering(
  texts: { readonly before: Uint8Array; readonly after: Uint8Array },
  contextLines: number,
): Differing {
  const { before, after } = texts;
  const start = sameStart(before, after);
  const tail = sameEnd(before, after, start);
  const from = linesBack(before, { at: start, count: contextLines });
  const end = before.length - tail;
  const to = linesOn(before, { at: end, count: contextLines });
  const grown = after.length - before.length;
  const skipped = countLines(before, from);
  const lines = (bytes: Uint8Array, toByte: number): Lines => {
    return { bytes, skipped, starts: startsOf(bytes, from, toByte) };
  };
  const old = lines(before, to);
  return {
    before: old,
    after: lines(after, to + grown),
    sameAtStart: old.starts.indexOf(start),
    sameAtEnd: old.starts.length - 1 - old.starts.indexOf(end),
  };
}

/** Numbers for lines: the same for the same bytes, whoever asks. */
export class LineNumbers {
  readonly #numbers = new Map<string, number>();

  /** The numbers of some of the lines. */
  of({ bytes, starts }: Lines, range: readonly [number, number]): number[] {
    const [from, to] = range;
    const first = starts[from]!;
    const text = BYTES.decode(bytes.subarray(first, starts[to]!));
    const numbers: number[] = [];
    for (let at = from; at < to; at++) {
      const line = text.slice(starts[at]! - first, starts[at + 1]! - first);
      const number = this.#numbers.get(line) ?? this.#numbers.size;
      this.#numbers.set(line, number);
      numbers.push(number);
    }
    return numbers;
  }
}

/** Bytes at the beginning that are the same, in whole lines. */
function sameStart(before: Uint8Array, after: Uint8Array): number {
  const limit = Math.min(before.length, after.length);
  let lineStart = 0;
  for (let at = 0; at < limit && before[at] === after[at]; at++) {
    if (before[at] === LINE_END) lineStart = at + 1;
  }
  return lineStart;
}

/** Bytes at the end that are the same, in whole lines. */
function sameEnd(
  before: Uint8Array,
  after: Uint8Array,
  start: number,
): number {
  const limit = Math.min(before.length, after.length) - start;
  let whole = 0;
  for (let count = 0; count < limit; count++) {
    const byte = before[before.length - 1 - count];
    if (byte !== after[after.length - 1 - count]) break;
    // What comes after a line feed is a line of its own.
    if (byte === LINE_END) whole = count;
  }
  return whole;
}

/** Where the line starts that comes so many before the one that starts here. */
function linesBack(
  bytes: Uint8Array,
  { at, count }: { readonly at: number; readonly count: number },
): number {
  let start = at;
  for (let back = 0; back < count && start > 0; back++) {
    start = start > 1 ? bytes.lastIndexOf(LINE_END, start - 2) + 1 : 0;
  }
  return start;
}

/** Where the line ends that is so many after the one that ends here. */
function linesOn(
  bytes: Uint8Array,
  { at, count }: { readonly at: number; readonly count: number },
): number {
  let end = at;
  for (let on = 0; on < count && end < bytes.length; on++) {
    const found = bytes.indexOf(LINE_END, end);
    end = found < 0 ? bytes.length : found + 1;
  }
  return end;
}

function countLines(bytes: Uint8Array, to: number): number {
  let count = 0;
  for (let at = 0; at < to; at++) if (bytes[at] === LINE_END) count++;
  return count;
}

function startsOf(bytes: Uint8Array, from: number, to: number): number[] {
  const starts = [from];
  for (let at = from; at < to; at++) {
    if (bytes[at] === LINE_END && at + 1 < to) starts.push(at + 1);
  }
  if (to > from) starts.push(to);
  return starts;
}
