/**
 * The header fields of an HTTP request that say where it goes and ends.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-5 | RFC 9112}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** The fields; each null when it is not there. */
export interface HttpFields {
  /** As written, without white space around it. */
  host: string | null;
  /** In bytes, of the body. */
  contentLength: number | null;
  /** The body's length is in its chunks. */
  chunked: boolean;
  /** The options of Connection, in lower case. */
  readonly connection: string[];
  /** Whether the body waits for the server's word. */
  expected: boolean;
  /** What the client would change to, in lower case: `websocket`, `h2c`. */
  upgrade: string | null;
}

// RFC 9110 section 5.6.2: a name is a token. Section 5.5: no control but the
// tab in a value; a byte above ASCII is opaque.
const FIELD = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\t\x20-\x7e\x80-\xff]*)$/;
const LENGTH = /^[0-9]{1,15}$/;
/** What a proxy must not be told to take out before it passes a request on. */
const END_TO_END = ["host", "content-length", "transfer-encoding"];

/** No fields yet. */
export function emptyFields(): HttpFields {
  return {
    host: null,
    contentLength: null,
    chunked: false,
    connection: [],
    expected: false,
    upgrade: null,
  };
}

/**
 * Reads one field line.
 *
 * @param line Without its line end; one byte, one character.
 * @param into Receives what the line says.
 * @returns Why the line was refused, or null.
 */
export function readField(line: string, into: HttpFields): string | null {
  // RFC 9112 section 5.2: servers join such a line to the one before, or not.
  if (/^[ \t]/.test(line)) return "field is folded";
  const found = FIELD.exec(line);
  if (found === null) return "field is malformed";
  const value = trimBlank(found[2]!);
  switch (found[1]!.toLowerCase()) {
    case "host":
      if (into.host !== null) return "host is there twice";
      into.host = value;
      return null;
    case "content-length":
      if (into.contentLength !== null) return "content-length is there twice";
      if (!LENGTH.test(value)) return "content-length is no number";
      into.contentLength = Number(value);
      return null;
    case "transfer-encoding":
      if (into.chunked) return "transfer-encoding is there twice";
      // Any other coding leaves open where the body ends.
      if (value.toLowerCase() !== "chunked") {
        return "transfer-encoding is not chunked";
      }
      into.chunked = true;
      return null;
    case "connection":
      into.connection.push(...listOf(value));
      return null;
    case "expect":
      // RFC 9110 section 10.1.1 knows no other. Servers that read one in
      // another way leave the body where it is, and take it for a request.
      if (into.expected) return "expect is there twice";
      if (value.toLowerCase() !== "100-continue") {
        return "expect is not 100-continue";
      }
      into.expected = true;
      return null;
    case "upgrade":
      if (into.upgrade !== null) return "upgrade is there twice";
      into.upgrade = value.toLowerCase();
      return null;
    default:
      return null;
  }
}

/**
 * Checks what the fields say together.
 *
 * @param fields All of a request.
 * @param version The minor version of HTTP/1.
 * @returns The body's length in bytes, `chunked`, or null without a body; or
 * why the fields were refused.
 */
export function decodeBody(
  fields: HttpFields,
  version: 0 | 1,
): Decoded<number | "chunked" | null> {
  const { chunked, contentLength, connection } = fields;
  // RFC 9112 section 6.1: either may win, and HTTP/1.0 knows only one of them.
  if (chunked && contentLength !== null) {
    return { ok: false, why: "body has two lengths" };
  }
  if (chunked && version === 0) {
    return { ok: false, why: "body is chunked in HTTP/1.0" };
  }
  const removed = END_TO_END.find((name) => connection.includes(name));
  if (removed !== undefined) {
    return { ok: false, why: `connection would remove ${removed}` };
  }
  return { ok: true, value: chunked ? "chunked" : contentLength };
}

function listOf(value: string): string[] {
  return value.split(",").map((item) => trimBlank(item).toLowerCase());
}

/** A text without spaces and tabs around it, in time linear in it. */
export function trimBlank(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(text[start]!)) start++;
  while (end > start && isBlank(text[end - 1]!)) end--;
  return text.slice(start, end);
}

function isBlank(character: string): boolean {
  return character === " " || character === "\t";
}
