/**
 * One answer to an HTTP/1.0 request, read to the end of its connection.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112 | RFC 9112}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** A status line, header fields and what follows them. */
export interface HttpAnswer {
  /** 100 to 599. */
  readonly status: number;
  /** A view. */
  readonly body: Uint8Array;
}

const CODE = { CR: 13, LF: 10 } as const;
const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/;
/** Fields of an answer from a container runtime are some hundred bytes. */
const MAX_HEAD_BYTES = 16_384;

const LATIN1 = new TextDecoder("latin1");

/**
 * Reads an answer; one that was cut is refused.
 *
 * @param bytes All that came before the end of the connection.
 */
export function decodeHttpAnswer(bytes: Uint8Array): Decoded<HttpAnswer> {
  const end = endOfHead(bytes);
  if (end < 0) return refuse("head has no end");
  const [first, ...fields] = LATIN1.decode(bytes.subarray(0, end))
    .split("\r\n");
  const status = STATUS_LINE.exec(first!)?.[1];
  if (status === undefined) return refuse("status line is malformed");
  const body = bytes.subarray(end + 4);
  for (const field of fields) {
    const colon = field.indexOf(":");
    const name = field.slice(0, colon).toLowerCase();
    // Nobody asked for it: HTTP/1.0 has none.
    if (name === "transfer-encoding") return refuse("body is encoded");
    if (name !== "content-length") continue;
    const length = field.slice(colon + 1).trim();
    if (length !== String(body.length)) {
      return refuse(`body is ${body.length} bytes of "${length.slice(0, 20)}"`);
    }
  }
  return { ok: true, value: { status: Number(status), body } };
}

/** Where CR LF CR LF begins; -1 when it does not. */
function endOfHead(bytes: Uint8Array): number {
  const last = Math.min(bytes.length, MAX_HEAD_BYTES) - 4;
  for (let at = 0; at <= last; at++) {
    if (
      bytes[at] === CODE.CR && bytes[at + 1] === CODE.LF &&
      bytes[at + 2] === CODE.CR && bytes[at + 3] === CODE.LF
    ) return at;
  }
  return -1;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `http answer ${why}` };
}
