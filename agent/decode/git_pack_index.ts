/**
 * The index of a pack: where in it each object is, version 2.
 *
 * Only its beginning is decoded at once; the tables are as long as the pack has
 * objects, so what they hold is read where it is needed.
 *
 * @see {@link https://git-scm.com/docs/gitformat-pack | gitformat-pack}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** Signature, version and the table of counts. */
export const PACK_INDEX_HEADER_BYTES = 8 + 256 * 4;

/** Where the tables of an index are, as bytes from its beginning. */
export interface PackIndex {
  readonly objects: number;
  /** Objects whose id begins with a byte that is lower or this one. */
  readonly counts: readonly number[];
  /** Ids in ascending order, each of the repository's length. */
  readonly idsAt: number;
  /** For each id in the same order four bytes, see {@linkcode decodeOffset}. */
  readonly offsetsAt: number;
  /** Offsets of eight bytes, for packs over 2 GiB. */
  readonly longOffsetsAt: number;
  readonly longOffsets: number;
}

const SIGNATURE = 0xff74_4f63; // "\377tOc"
const CHECKSUM_BYTES = 4;
const OFFSET_BYTES = 4;
const LONG_OFFSET_BYTES = 8;
const LONG_OFFSET = 0x8000_0000;

/**
 * Decodes the beginning of an index.
 *
 * @param bytes The first {@linkcode PACK_INDEX_HEADER_BYTES} of it.
 * @param of The length of the file and that of an object id, 20 or 32.
 */
export function decodePackIndex(
  bytes: Uint8Array,
  of: { readonly fileBytes: number; readonly objectBytes: number },
): Decoded<PackIndex> {
  if (bytes.length < PACK_INDEX_HEADER_BYTES) {
    return refuse(`is ${bytes.length} of ${PACK_INDEX_HEADER_BYTES} bytes`);
  }
  const { buffer, byteOffset, length } = bytes;
  const view = new DataView(buffer, byteOffset, length);
  if (view.getUint32(0) !== SIGNATURE) return refuse("has another signature");
  const version = view.getUint32(4);
  if (version !== 2) return refuse(`version is ${version}`);
  const counts: number[] = [];
  for (let at = 8; at < PACK_INDEX_HEADER_BYTES; at += 4) {
    const count = view.getUint32(at);
    if (count < (counts.at(-1) ?? 0)) return refuse("counts go down");
    counts.push(count);
  }
  const { fileBytes, objectBytes } = of;
  const objects = counts[255]!;
  const idsAt = PACK_INDEX_HEADER_BYTES;
  const offsetsAt = idsAt + objects * (objectBytes + CHECKSUM_BYTES);
  const longOffsetsAt = offsetsAt + objects * OFFSET_BYTES;
  // At its end are the hashes of the pack and of itself.
  const rest = fileBytes - longOffsetsAt - 2 * objectBytes;
  if (rest < 0) return refuse("is shorter than its tables");
  const longOffsets = Math.floor(rest / LONG_OFFSET_BYTES);
  return {
    ok: true,
    value: { objects, counts, idsAt, offsetsAt, longOffsetsAt, longOffsets },
  };
}

/**
 * Decodes where an object is.
 *
 * @param bytes Its four bytes of the table.
 * @returns Its offset in the pack, or its index among the long offsets.
 */
export function decodeOffset(
  bytes: Uint8Array,
): Decoded<{ readonly offset: number } | { readonly longIndex: number }> {
  if (bytes.length < OFFSET_BYTES) return refuse("offset is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, OFFSET_BYTES);
  const value = view.getUint32(0);
  if (value < LONG_OFFSET) return { ok: true, value: { offset: value } };
  return { ok: true, value: { longIndex: value - LONG_OFFSET } };
}

/** Decodes one long offset out of its eight bytes. */
export function decodeLongOffset(bytes: Uint8Array): Decoded<number> {
  if (bytes.length < LONG_OFFSET_BYTES) return refuse("offset is cut off");
  const view = new DataView(bytes.buffer, bytes.byteOffset, LONG_OFFSET_BYTES);
  const offset = Number(view.getBigUint64(0));
  if (!Number.isSafeInteger(offset)) return refuse("offset is out of range");
  return { ok: true, value: offset };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git pack index ${why}` };
}
