/**
 * What the first bytes of a stream can be of HTTP/1, before their line ends.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-3 | RFC 9112}
 * @module
 */

/** The request line and the fields together. */
export const MAX_HEADER_BYTES = 16384;

/** Octets that have a meaning. */
export const CODE = {
  TAB: 0x09,
  LF: 0x0a,
  CR: 0x0d,
  SPACE: 0x20,
  DEL: 0x7f,
} as const;

/** What Python's `str.split()` splits at, but for the ends of lines. */
const BLANKS: readonly number[] = [
  ...[0x09, 0x0b, 0x0c, 0x1c, 0x1d, 0x1e, 0x1f, 0x20, 0x85, 0xa0],
];

/** Servers answer to these even when the rest of the line is wrong. */
export const METHODS =
  /^(?:GET|HEAD|POST|PUT|DELETE|CONNECT|OPTIONS|TRACE|PATCH|PRI)$/i;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]/;
/** RFC 9110 section 5.6.2, by byte. */
const IS_TOKEN: readonly boolean[] = Array.from(
  { length: 256 },
  (_, byte) => TOKEN.test(String.fromCharCode(byte)),
);

/**
 * What the first word can be, before its line is complete.
 *
 * @returns `line` when a word and a space stand there.
 */
export function classifyOpening(
  stream: Uint8Array,
): "incomplete" | "not_http" | "refused" | "line" {
  const length = Math.min(stream.length, MAX_HEADER_BYTES);
  let at = 0;
  while (at < length && IS_TOKEN[stream[at]!]) at++;
  if (at === length) return "incomplete";
  const code = stream[at]!;
  // RFC 9112 section 2.2: servers skip empty lines in front of a request.
  if (at === 0) {
    return code === CODE.CR || code === CODE.LF ? "refused" : "not_http";
  }
  const isMethod = METHODS.test(textOf(stream, 0, at));
  for (; at < length && stream[at] !== CODE.LF; at++) {
    // Nothing that a person could type: a protocol of bytes.
    const byte = stream[at]!;
    const isText = byte >= CODE.SPACE && byte !== CODE.DEL ||
      byte === CODE.TAB || byte === CODE.CR;
    if (!isText) return isMethod ? "refused" : "not_http";
  }
  return code === CODE.SPACE ? "line" : isMethod ? "refused" : "not_http";
}

/** How many octets in front Python's servers would leave out. */
export function countBlanks(stream: Uint8Array): number {
  const length = Math.min(stream.length, MAX_HEADER_BYTES);
  let count = 0;
  while (count < length && BLANKS.includes(stream[count]!)) count++;
  return count;
}

/** One byte, one character. In a loop: twice as fast as one call for all. */
// deno-lint-ignore sluice/max-two-parameters -- as subarray() has them
export function textOf(stream: Uint8Array, start: number, end: number): string {
  let text = "";
  for (let at = start; at < end; at++) text += String.fromCharCode(stream[at]!);
  return text;
}
