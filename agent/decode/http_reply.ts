/**
 * How an answer to an HTTP/1 request begins.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9112#section-4 | RFC 9112}
 * @module
 */

/** What decides what follows an answer's head. */
export interface HttpReply {
  /** 100 to 599. */
  readonly status: number;
  /** In lower case, without parameters; empty for none. */
  readonly contentType: string;
  /** What follows begins at this offset. */
  readonly headBytes: number;
}

const STATUS_LINE = /^HTTP\/1\.[01] ([1-5][0-9]{2})(?: |$)/;
/** Fields of an answer from a container runtime are some hundred bytes. */
const MAX_HEAD_BYTES = 65_536;
const LATIN1 = new TextDecoder("latin1");

/**
 * Reads the head of an answer.
 *
 * @param stream From its first byte on.
 * @returns Undefined while it is not complete; null for none.
 */
export function decodeHttpReply(
  stream: Uint8Array,
): HttpReply | null | undefined {
  const text = LATIN1.decode(stream.subarray(0, MAX_HEAD_BYTES));
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return stream.length < MAX_HEAD_BYTES ? undefined : null;
  const [first, ...fields] = text.slice(0, end).split("\r\n");
  const status = STATUS_LINE.exec(first!)?.[1];
  if (status === undefined) return null;
  const type = fields.find((field) => /^content-type:/i.test(field)) ?? ":";
  const contentType = type.slice(type.indexOf(":") + 1).split(";")[0]!
    .trim().toLowerCase();
  return { status: Number(status), contentType, headBytes: end + 4 };
}
