/**
 * QUIC's integers of variable length.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-16 | RFC 9000}
 * @module
 */
import { readUint16, readUint32 } from "./integer.ts";

const TWO_TO_32 = 0x1_0000_0000;

/** One integer, and where it ends. */
export interface QuicVarint {
  /** 0 to 2^62 - 1, rounded above 2^53: no length that fits a datagram is. */
  readonly value: number;
  /** Offset of the first byte after it. */
  readonly end: number;
}

/**
 * Reads one integer; the first byte's top two bits say how long it is.
 *
 * @param bytes Where to read; what follows its end is not there.
 * @param at Offset of the first byte.
 * @returns The integer, or null when the bytes stop before its end.
 */
export function readVarint(bytes: Uint8Array, at: number): QuicVarint | null {
  if (at >= bytes.length) return null;
  const first = bytes[at]!;
  const end = at + (1 << (first >> 6));
  if (end > bytes.length) return null;
  switch (first >> 6) {
    case 0:
      return { value: first, end };
    case 1:
      return { value: readUint16(bytes, at) & 0x3fff, end };
    case 2:
      return { value: readUint32(bytes, at) & 0x3fff_ffff, end };
    default: {
      const high = readUint32(bytes, at) & 0x3fff_ffff;
      return { value: high * TWO_TO_32 + readUint32(bytes, at + 4), end };
    }
  }
}
