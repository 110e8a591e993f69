/**
 * A request's head, whole: for whoever passes the request on in his own words.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112 | RFC 9112}
 * @module
 */
import {
  decodeBody,
  emptyFields,
  readField,
  trimBlank,
} from "./http_fields.ts";

/** A request line and the fields behind it. */
export interface HttpHead {
  readonly method: string;
  /** As it stands there: one byte, one character. */
  readonly target: string;
  readonly version: "1.0" | "1.1";
  /** In lower case, and values without blanks around them, in their order. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** The body's length, `chunked`, or null without a body. */
  readonly bodyBytes: number | "chunked" | null;
  /** Whether the body waits for a word. */
  readonly isExpected: boolean;
  /** What the client would change to, in lower case; null when nothing. */
  readonly upgrade: string | null;
  /** The body begins at this offset. */
  readonly headBytes: number;
}

/** What a stream begins with. */
export type HttpHeadResult =
  | { readonly kind: "incomplete" }
  | { readonly kind: "refused"; readonly why: string }
  | { readonly kind: "head"; readonly head: HttpHead };

/** Clients put the keys of their registries into one field. */
export const MAX_HEAD_BYTES = 131_072;

const LINE = /^([A-Z]{1,16}) ([\x21-\x7e]{1,8192}) HTTP\/(1\.[01])$/;
const CODE = { LF: 0x0a, CR: 0x0d } as const;
const LATIN1 = new TextDecoder("latin1");

/**
 * Reads the head that a stream begins with, treating every byte as hostile.
 *
 * What two programs could read differently is refused and not repaired.
 *
 * @param stream From a request's first byte on.
 */
export function decodeHttpHead(stream: Uint8Array): HttpHeadResult {
  const end = findEnd(stream);
  if (end < 0) {
    return stream.length < MAX_HEAD_BYTES
      ? { kind: "incomplete" }
      : refuse(`head is not complete after ${MAX_HEAD_BYTES} bytes`);
  }
  const [first, ...lines] = LATIN1.decode(stream.subarray(0, end))
    .split("\r\n");
  const parts = LINE.exec(first!);
  if (parts === null) return refuse("request line is malformed");
  const known = emptyFields();
  const fields: [string, string][] = [];
  for (const line of lines) {
    if (/[\r\n]/.test(line)) return refuse("line ends without CR and LF");
    const why = readField(line, known);
    if (why !== null) return refuse(why);
    const colon = line.indexOf(":");
    const value = trimBlank(line.slice(colon + 1));
    fields.push([line.slice(0, colon).toLowerCase(), value]);
  }
  const version = parts[3] as "1.0" | "1.1";
  const body = decodeBody(known, version === "1.1" ? 1 : 0);
  if (!body.ok) return refuse(body.why);
  return {
    kind: "head",
    head: {
      method: parts[1]!,
      target: parts[2]!,
      version,
      fields,
      bodyBytes: body.value,
      isExpected: known.expected,
      upgrade: known.upgrade,
      headBytes: end + 4,
    },
  };
}

/** Where CR LF CR LF begins; -1 when it does not. */
function findEnd(stream: Uint8Array): number {
  const last = Math.min(stream.length, MAX_HEAD_BYTES) - 4;
  for (let at = stream.indexOf(CODE.CR); at >= 0 && at <= last;) {
    if (
      stream[at + 1] === CODE.LF && stream[at + 2] === CODE.CR &&
      stream[at + 3] === CODE.LF
    ) return at;
    at = stream.indexOf(CODE.CR, at + 1);
  }
  return -1;
}

function refuse(why: string): HttpHeadResult {
  return { kind: "refused", why: `http ${why}` };
}
