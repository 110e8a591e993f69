/**
 * The frames of HTTP/2: what was read is what is written.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9113#section-4 | RFC 9113}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** RFC 9113 section 6; there are others, which whoever reads leaves out. */
export const HTTP2_TYPE = {
  DATA: 0,
  HEADERS: 1,
  PRIORITY: 2,
  RST_STREAM: 3,
  SETTINGS: 4,
  PUSH_PROMISE: 5,
  PING: 6,
  GOAWAY: 7,
  WINDOW_UPDATE: 8,
  CONTINUATION: 9,
} as const;

/** What a type's flags mean. */
export const HTTP2_FLAG = {
  /** Of SETTINGS and PING. */
  ACK: 0x01,
  /** Of DATA and HEADERS. */
  END_STREAM: 0x01,
  /** Of HEADERS and CONTINUATION. */
  END_HEADERS: 0x04,
  PADDED: 0x08,
  PRIORITY: 0x20,
} as const;

/** RFC 9113 section 7. */
export const HTTP2_ERROR = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  CANCEL: 8,
} as const;

/** One frame. */
export interface Http2Frame {
  readonly type: number;
  readonly flags: number;
  /** 0 for the connection itself. */
  readonly streamId: number;
  /** A view into what was read. */
  readonly payload: Uint8Array;
}

/** As long as nobody asks for more, and nobody can through us. */
export const HTTP2_PAYLOAD_BYTES = 16_384;
/** Of the head of a frame. */
const HEAD_BYTES = 9;
/** Who has no stream is the connection, and who has one is not. */
const OF_STREAMS: ReadonlySet<number> = new Set([
  HTTP2_TYPE.DATA,
  HTTP2_TYPE.HEADERS,
  HTTP2_TYPE.PRIORITY,
  HTTP2_TYPE.RST_STREAM,
  HTTP2_TYPE.PUSH_PROMISE,
  HTTP2_TYPE.CONTINUATION,
]);
const OF_CONNECTION: ReadonlySet<number> = new Set([
  HTTP2_TYPE.SETTINGS,
  HTTP2_TYPE.PING,
  HTTP2_TYPE.GOAWAY,
]);
const PAYLOADS: ReadonlyMap<number, number> = new Map([
  [HTTP2_TYPE.PRIORITY, 5],
  [HTTP2_TYPE.RST_STREAM, 4],
  [HTTP2_TYPE.PING, 8],
  [HTTP2_TYPE.WINDOW_UPDATE, 4],
]);
const SETTING_BYTES = 6;
const MIN_GOAWAY_BYTES = 8;

/**
 * Reads one frame.
 *
 * @param bytes From its first byte on.
 * @returns Null while it is not whole.
 */
export function decodeHttp2Frame(
  bytes: Uint8Array,
): Decoded<{ readonly frame: Http2Frame; readonly length: number } | null> {
  if (bytes.length < HEAD_BYTES) return { ok: true, value: null };
  const view = new DataView(bytes.buffer, bytes.byteOffset, HEAD_BYTES);
  const payloadBytes = view.getUint32(0) >>> 8;
  if (payloadBytes > HTTP2_PAYLOAD_BYTES) {
    return refuse(`a frame of ${payloadBytes} bytes`);
  }
  const type = view.getUint8(3);
  const flags = view.getUint8(4);
  const streamId = view.getUint32(5);
  if (streamId > 0x7fff_ffff) return refuse("a stream with a reserved bit");
  const isOdd = streamId === 0 ? OF_STREAMS.has(type) : OF_CONNECTION.has(type);
  if (isOdd) return refuse(`a frame of type ${type} at stream ${streamId}`);
  const length = HEAD_BYTES + payloadBytes;
  if (bytes.length < length) return { ok: true, value: null };
  const payload = bytes.subarray(HEAD_BYTES, length);
  const frame: Http2Frame = { type, flags, streamId, payload };
  return isWellMade(frame)
    ? { ok: true, value: { frame, length } }
    : refuse(`a malformed frame of type ${type}`);
}

function isWellMade({ type, flags, payload }: Http2Frame): boolean {
  const { length } = payload;
  const wanted = PAYLOADS.get(type);
  if (wanted !== undefined && length !== wanted) return false;
  switch (type) {
    case HTTP2_TYPE.SETTINGS:
      return (flags & HTTP2_FLAG.ACK) !== 0
        ? length === 0
        : length % SETTING_BYTES === 0;
    case HTTP2_TYPE.GOAWAY:
      return length >= MIN_GOAWAY_BYTES;
    case HTTP2_TYPE.WINDOW_UPDATE:
      return payload.some((byte, at) => (at === 0 ? byte & 0x7f : byte) !== 0);
    case HTTP2_TYPE.DATA:
    case HTTP2_TYPE.HEADERS:
      // No program of gRPC's pads, and who reads drops what nobody has judged.
      return (flags & HTTP2_FLAG.PADDED) === 0;
    default:
      return true;
  }
}

/** Writes one frame, of a payload that is not too long. */
export function encodeHttp2Frame(frame: Http2Frame): Uint8Array {
  const { type, flags, streamId, payload } = frame;
  const bytes = new Uint8Array(HEAD_BYTES + payload.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, payload.length * 0x100 + type);
  view.setUint8(4, flags);
  view.setUint32(5, streamId);
  bytes.set(payload, HEAD_BYTES);
  return bytes;
}

/** Settings of a SETTINGS frame, by their identifiers. */
export function pickSettings(
  payload: Uint8Array,
  identifiers: ReadonlySet<number>,
): Uint8Array {
  const picked: number[] = [];
  for (let at = 0; at < payload.length; at += SETTING_BYTES) {
    const identifier = payload[at]! * 0x100 + payload[at + 1]!;
    if (!identifiers.has(identifier)) continue;
    picked.push(...payload.subarray(at, at + SETTING_BYTES));
  }
  return Uint8Array.from(picked);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `http/2 has ${why}` };
}
