/**
 * One direction of an HTTP/2 connection, as what it says.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9113 | RFC 9113}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { HpackDecoder, type HpackField } from "./hpack.ts";
import {
  decodeHttp2Frame,
  HTTP2_FLAG,
  HTTP2_TYPE,
  type Http2Frame,
} from "./http2_frame.ts";

/** What a client says first. */
export const HTTP2_PREFACE: Uint8Array = new TextEncoder().encode(
  "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
);

/** The fields of a message, out of all the frames that they came in. */
export interface Http2Fields {
  readonly kind: "fields";
  readonly streamId: number;
  readonly fields: readonly HpackField[];
  /** Whether nothing more comes on its stream. */
  readonly isEnd: boolean;
}

/** What was said. */
export type Http2Event =
  | Http2Fields
  /** Any frame without fields. */
  | { readonly kind: "frame"; readonly frame: Http2Frame };

/** Of one message's fields, packed. */
const MAX_BLOCK_BYTES = 32_768;
/** Of an empty frame it could be without end. */
const MAX_BLOCK_FRAMES = 32;
/** What a HEADERS frame says of the stream's weight. */
const PRIORITY_BYTES = 5;

/** Fields of a message that are not whole. */
interface OpenBlock {
  readonly streamId: number;
  readonly isEnd: boolean;
  readonly pieces: Uint8Array[];
  bytes: number;
}

/** Reads on until something is refused; nothing can be read behind that. */
export class Http2Reader {
  readonly #hpack = new HpackDecoder();
  #rest = new Uint8Array(0);
  #preface: Uint8Array;
  #block: OpenBlock | null = null;

  /** @param isClient Whether its sender is the one who begins. */
  constructor(isClient: boolean) {
    this.#preface = isClient ? HTTP2_PREFACE : new Uint8Array(0);
  }

  /**
   * Reads some bytes.
   *
   * @param bytes What has come behind those of the call before.
   * @returns What they have completed; views live as long as the bytes, and as
   * long as the next call is not made.
   */
  read(bytes: Uint8Array): Decoded<readonly Http2Event[]> {
    let left = bytes;
    if (this.#rest.length > 0) {
      left = new Uint8Array(this.#rest.length + bytes.length);
      left.set(this.#rest);
      left.set(bytes, this.#rest.length);
    }
    const said = Math.min(left.length, this.#preface.length);
    for (let at = 0; at < said; at++) {
      if (left[at] !== this.#preface[at]) return refuse("another beginning");
    }
    this.#preface = this.#preface.subarray(said);
    left = left.subarray(said);
    const events: Http2Event[] = [];
    for (;;) {
      const decoded = decodeHttp2Frame(left);
      if (!decoded.ok) return decoded;
      if (decoded.value === null) break;
      const { frame, length } = decoded.value;
      left = left.subarray(length);
      const event = this.#take(frame);
      if (!event.ok) return event;
      if (event.value !== null) events.push(event.value);
    }
    this.#rest = left.slice();
    return { ok: true, value: events };
  }

  #take(frame: Http2Frame): Decoded<Http2Event | null> {
    const { type, flags, streamId, payload } = frame;
    const block = this.#block;
    const isMore = type === HTTP2_TYPE.CONTINUATION;
    if (isMore ? block?.streamId !== streamId : block !== null) {
      return refuse("fields that are interrupted");
    }
    if (type === HTTP2_TYPE.PUSH_PROMISE) return refuse("a promise");
    if (type !== HTTP2_TYPE.HEADERS && block === null) {
      return { ok: true, value: { kind: "frame", frame } };
    }
    return this.#addTo(block ?? begin(frame), {
      piece: block === null ? blockOf(frame) : payload,
      isLast: (flags & HTTP2_FLAG.END_HEADERS) !== 0,
    });
  }

  #addTo(
    block: OpenBlock,
    of: { readonly piece: Uint8Array | null; readonly isLast: boolean },
  ): Decoded<Http2Event | null> {
    const { piece, isLast } = of;
    if (piece === null) return refuse("fields that are cut");
    block.pieces.push(piece.slice());
    block.bytes += piece.length;
    const isLong = block.bytes > MAX_BLOCK_BYTES ||
      block.pieces.length > MAX_BLOCK_FRAMES;
    if (isLong) return refuse("fields without an end");
    this.#block = isLast ? null : block;
    if (!isLast) return { ok: true, value: null };
    const whole = new Uint8Array(block.bytes);
    let at = 0;
    for (const each of block.pieces) {
      whole.set(each, at);
      at += each.length;
    }
    const fields = this.#hpack.decode(whole);
    if (!fields.ok) return fields;
    const { streamId, isEnd } = block;
    const event: Http2Fields = {
      ...{ kind: "fields", streamId, isEnd },
      fields: fields.value,
    };
    return { ok: true, value: event };
  }
}

function begin({ streamId, flags }: Http2Frame): OpenBlock {
  const isEnd = (flags & HTTP2_FLAG.END_STREAM) !== 0;
  return { streamId, isEnd, pieces: [], bytes: 0 };
}

/** Without the weight of its stream, which nobody heeds. */
function blockOf({ flags, payload }: Http2Frame): Uint8Array | null {
  if ((flags & HTTP2_FLAG.PRIORITY) === 0) return payload;
  return payload.length < PRIORITY_BYTES
    ? null
    : payload.subarray(PRIORITY_BYTES);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `http/2 has ${why}` };
}
