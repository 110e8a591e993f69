/**
 * The frames that an Initial packet may carry.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-19 | RFC 9000}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readVarint } from "./quic_varint.ts";

/**
 * Frame types by number; RFC 9000 section 12.4, table 3, allows no others in an
 * Initial packet, and each in its shortest form of one byte.
 */
const TYPE = {
  PADDING: 0x00,
  PING: 0x01,
  ACK: 0x02,
  ACK_ECN: 0x03,
  CRYPTO: 0x06,
  CONNECTION_CLOSE: 0x1c,
} as const;

/** Clients that scatter their hello on purpose make about ten of a packet. */
const MAX_PIECES = 256;

/** A piece of the TLS handshake stream. */
export interface QuicCryptoPiece {
  /** Where in the stream it begins, in bytes. */
  readonly offset: number;
  /** A view into the frames. */
  readonly data: Uint8Array;
}

/**
 * Decodes the frames of an Initial packet.
 *
 * @param frames The packet's decrypted payload.
 * @returns Its CRYPTO frames in their order, or why the packet was refused.
 */
export function decodeInitialFrames(
  frames: Uint8Array,
): Decoded<readonly QuicCryptoPiece[]> {
  const { length } = frames;
  // RFC 9000 section 12.4 requires one.
  if (length === 0) return refuse("is not there");
  const pieces: QuicCryptoPiece[] = [];
  let at = 0;
  while (at < length) {
    const type = frames[at]!;
    const start = at;
    at += 1;
    switch (type) {
      case TYPE.PADDING:
      case TYPE.PING:
        continue;
      case TYPE.ACK:
      case TYPE.ACK_ECN:
        at = skipAck(frames, { at, ecn: type === TYPE.ACK_ECN });
        break;
      case TYPE.CONNECTION_CLOSE:
        at = skipVarints(frames, { at, count: 2 });
        at = skipBytes(frames, at);
        break;
      case TYPE.CRYPTO: {
        const offset = readVarint(frames, at);
        const end = offset === null ? -1 : skipBytes(frames, offset.end);
        if (offset === null || end < 0) {
          return refuse(`at byte ${start} is cut`);
        }
        const { value: bytes } = readVarint(frames, offset.end)!;
        const data = frames.subarray(end - bytes, end);
        if (pieces.length === MAX_PIECES) {
          return refuse(`of type ${type} is there over ${MAX_PIECES} times`);
        }
        pieces.push({ offset: offset.value, data });
        at = end;
        break;
      }
      default:
        return refuse(`has type ${type}`);
    }
    if (at < 0) return refuse(`at byte ${start} is cut`);
  }
  return { ok: true, value: pieces };
}

/** Offset after an ACK frame, RFC 9000 section 19.3; -1 when it is cut. */
function skipAck(
  frames: Uint8Array,
  { at, ecn }: { at: number; ecn: boolean },
): number {
  const countAt = skipVarints(frames, { at, count: 2 });
  const ranges = countAt < 0 ? null : readVarint(frames, countAt);
  if (ranges === null) return -1;
  // The first range, a gap and a range for each further one, three counts.
  const count = 1 + 2 * ranges.value + (ecn ? 3 : 0);
  return skipVarints(frames, { at: ranges.end, count });
}

function skipVarints(
  frames: Uint8Array,
  { at, count }: { at: number; count: number },
): number {
  // Each takes at least a byte: a count of 2^62 ends with the frames.
  for (let index = 0; index < count; index++) {
    const varint = readVarint(frames, at);
    if (varint === null) return -1;
    at = varint.end;
  }
  return at;
}

/** Offset after a length and as many bytes; -1 when they are cut. */
function skipBytes(frames: Uint8Array, at: number): number {
  const bytes = at < 0 ? null : readVarint(frames, at);
  if (bytes === null || bytes.end + bytes.value > frames.length) return -1;
  return bytes.end + bytes.value;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `quic frame ${why}` };
}
