/**
 * Writes HTTP/2 to one end of a connection, in our own words.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9113#section-6 | RFC 9113}
 * @module
 */
import { encodeHpack, type HpackField } from "../decode/hpack.ts";
import {
  encodeHttp2Frame,
  HTTP2_ERROR,
  HTTP2_FLAG,
  HTTP2_PAYLOAD_BYTES,
  HTTP2_TYPE,
  type Http2Frame,
  pickSettings,
} from "../decode/http2_frame.ts";

/**
 * RFC 9113 section 6.5.2: pushes, streams, windows, fields. Without the others
 * both ends keep to the least: fields that we can read, and frames.
 */
const SETTINGS: ReadonlySet<number> = new Set([2, 3, 4, 6]);

const PASSED: ReadonlySet<number> = new Set([
  HTTP2_TYPE.SETTINGS,
  HTTP2_TYPE.PING,
  HTTP2_TYPE.GOAWAY,
  HTTP2_TYPE.WINDOW_UPDATE,
  HTTP2_TYPE.RST_STREAM,
]);

/** One end. */
export class Http2Writer {
  readonly #send: (bytes: Uint8Array) => void;

  /** @param send Takes the bytes; they are nobody else's. */
  constructor(send: (bytes: Uint8Array) => void) {
    this.#send = send;
  }

  /** Passes a frame without content on, if it is of a type that all know. */
  pass({ type, flags, streamId, payload }: Http2Frame): void {
    if (!PASSED.has(type)) return;
    const isSettings = type === HTTP2_TYPE.SETTINGS;
    const isAnswer = isSettings || type === HTTP2_TYPE.PING;
    this.#write({
      ...{ type, streamId },
      flags: isAnswer ? flags & HTTP2_FLAG.ACK : 0,
      payload: isSettings ? pickSettings(payload, SETTINGS) : payload,
    });
  }

  /** Writes a message's fields, in as many frames as they need. */
  fields(
    streamId: number,
    of: { readonly fields: readonly HpackField[]; readonly isEnd: boolean },
  ): void {
    const block = encodeHpack(of.fields);
    const end = of.isEnd ? HTTP2_FLAG.END_STREAM : 0;
    for (const { piece, at, isLast } of piecesOf(block)) {
      this.#write({
        type: at === 0 ? HTTP2_TYPE.HEADERS : HTTP2_TYPE.CONTINUATION,
        flags: (at === 0 ? end : 0) | (isLast ? HTTP2_FLAG.END_HEADERS : 0),
        streamId,
        payload: piece,
      });
    }
  }

  /** Writes what belongs to a message, in as many frames as it needs. */
  data(
    streamId: number,
    of: { readonly content: Uint8Array; readonly isEnd: boolean },
  ): void {
    for (const { piece, isLast } of piecesOf(of.content)) {
      this.#write({
        type: HTTP2_TYPE.DATA,
        flags: of.isEnd && isLast ? HTTP2_FLAG.END_STREAM : 0,
        streamId,
        payload: piece,
      });
    }
  }

  /** Ends a stream at once. */
  reset(streamId: number, code: number): void {
    const payload = uint32(code);
    this.#write({ type: HTTP2_TYPE.RST_STREAM, flags: 0, streamId, payload });
  }

  /** Lets the end send as much again as went to nobody. */
  grant(bytes: number): void {
    if (bytes === 0) return;
    const payload = uint32(bytes);
    const type = HTTP2_TYPE.WINDOW_UPDATE;
    this.#write({ type, flags: 0, streamId: 0, payload });
  }

  /**
   * Says why the connection ends.
   *
   * @param last No stream up to this should be tried again.
   */
  goAway(last: number, why: string): void {
    const text = new TextEncoder().encode(why);
    const payload = new Uint8Array(8 + text.length);
    payload.set(uint32(last));
    payload.set(uint32(HTTP2_ERROR.PROTOCOL_ERROR), 4);
    payload.set(text, 8);
    this.#write({ type: HTTP2_TYPE.GOAWAY, flags: 0, streamId: 0, payload });
  }

  #write(frame: Http2Frame): void {
    this.#send(encodeHttp2Frame(frame));
  }
}

function* piecesOf(bytes: Uint8Array) {
  let at = 0;
  do {
    const end = at + HTTP2_PAYLOAD_BYTES;
    yield {
      piece: bytes.subarray(at, end),
      at,
      isLast: end >= bytes.length,
    };
    at = end;
  } while (at < bytes.length);
}

function uint32(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  new DataView(bytes.buffer).setUint32(0, value);
  return bytes;
}
