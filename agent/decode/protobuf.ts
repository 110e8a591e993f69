/**
 * Messages of Protocol Buffers, as their fields.
 *
 * @see {@link https://protobuf.dev/programming-guides/encoding/ | Encoding}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** One field; a message may have a number more than once. */
export interface ProtobufField {
  readonly number: number;
  /** A number as it is written, or bytes: text, a list, another message. */
  readonly value: bigint | Uint8Array;
}

/** Wire types; groups have long been given up. */
const TYPE = { VARINT: 0, FIXED64: 1, BYTES: 2, FIXED32: 5 } as const;
const MAX_NUMBER = 536_870_911n;
const MAX_VARINT_BYTES = 10;

/**
 * Reads a message's fields, in their order.
 *
 * @param bytes The caller bounds its length.
 */
export function decodeProtobuf(
  bytes: Uint8Array,
): Decoded<readonly ProtobufField[]> {
  const fields: ProtobufField[] = [];
  for (let at = 0; at < bytes.length;) {
    const key = readVarint(bytes, at);
    if (key === null) return refuse("is malformed");
    const number = key.value >> 3n;
    if (number === 0n || number > MAX_NUMBER) return refuse("is malformed");
    const read = readValue(bytes, {
      at: key.end,
      type: Number(key.value & 7n),
    });
    if (read === null) return refuse("is malformed");
    fields.push({ number: Number(number), value: read.value });
    at = read.end;
  }
  return { ok: true, value: fields };
}

function readValue(
  bytes: Uint8Array,
  { at, type }: { readonly at: number; readonly type: number },
): { readonly value: bigint | Uint8Array; readonly end: number } | null {
  switch (type) {
    case TYPE.VARINT:
      return readVarint(bytes, at);
    case TYPE.BYTES: {
      const length = readVarint(bytes, at);
      if (length === null) return null;
      if (length.value > BigInt(bytes.length - length.end)) return null;
      const end = length.end + Number(length.value);
      return { value: bytes.subarray(length.end, end), end };
    }
    case TYPE.FIXED32:
    case TYPE.FIXED64: {
      const end = at + (type === TYPE.FIXED32 ? 4 : 8);
      return end > bytes.length
        ? null
        : { value: bytes.subarray(at, end), end };
    }
    default:
      return null;
  }
}

function readVarint(
  bytes: Uint8Array,
  at: number,
): { readonly value: bigint; readonly end: number } | null {
  let value = 0n;
  for (let count = 0; count < MAX_VARINT_BYTES; count++) {
    const byte = bytes[at + count];
    if (byte === undefined) return null;
    value |= BigInt(byte & 0x7f) << BigInt(7 * count);
    if (byte >= 0x80) continue;
    // Of a tenth byte, readers keep the lowest bit only.
    const isWhole = value < 1n << 64n;
    return isWhole ? { value, end: at + count + 1 } : null;
  }
  return null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `protobuf ${why}` };
}
