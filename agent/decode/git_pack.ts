/**
 * Packs, in which git keeps many objects.
 *
 * @see {@link https://git-scm.com/docs/gitformat-pack | gitformat-pack}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import type { ObjectType } from "./git_object.ts";

/** Bytes of a pack's own header: "PACK", version, number of objects. */
export const PACK_HEADER_BYTES = 12;

/** An entry's header; the deflated content follows. */
export interface PackEntry {
  /** `delta` is what makes this object out of another. */
  readonly type: ObjectType | "delta";
  /** Of what is inflated: the object, or the delta. */
  readonly sizeBytes: number;
  readonly headerBytes: number;
  /** Of a delta: how far before this entry the other one starts; or its id. */
  readonly base: number | string | null;
}

const SIGNATURE = 0x5041_434b; // "PACK"
const TYPES: Readonly<Record<number, ObjectType>> = {
  1: "commit",
  2: "tree",
  3: "blob",
  4: "tag",
};
const OFFSET_DELTA = 6;
const ID_DELTA = 7;

/**
 * Decodes the header of a pack.
 *
 * @returns How many objects it holds.
 */
export function decodePackHeader(bytes: Uint8Array): Decoded<number> {
  if (bytes.length < PACK_HEADER_BYTES) {
    return refuse(`header is ${bytes.length} of ${PACK_HEADER_BYTES} bytes`);
  }
  const { buffer, byteOffset } = bytes;
  const view = new DataView(buffer, byteOffset, PACK_HEADER_BYTES);
  if (view.getUint32(0) !== SIGNATURE) return refuse("has another signature");
  const version = view.getUint32(4);
  if (version !== 2 && version !== 3) return refuse(`version is ${version}`);
  return { ok: true, value: view.getUint32(8) };
}

/**
 * Decodes the header of one entry.
 *
 * @param bytes From its first byte on; 64 are enough.
 * @param objectBytes Of an object id: 20 or 32.
 */
export function decodePackEntry(
  bytes: Uint8Array,
  objectBytes: number,
): Decoded<PackEntry> {
  const size = decodeSize(bytes);
  if (size === null) return refuse("entry has no size");
  const { sizeBytes, headerBytes } = size;
  const number = (bytes[0]! >> 4) & 7;
  const type = TYPES[number];
  if (type !== undefined) {
    return { ok: true, value: { type, sizeBytes, headerBytes, base: null } };
  }
  const rest = bytes.subarray(headerBytes);
  const found = number === OFFSET_DELTA
    ? decodeDistance(rest)
    : number === ID_DELTA
    ? decodeId(rest, objectBytes)
    : null;
  if (found === null) return refuse(`entry of type ${number} is not complete`);
  return {
    ok: true,
    value: {
      ...{ type: "delta", sizeBytes, base: found.base },
      headerBytes: headerBytes + found.usedBytes,
    },
  };
}

/** Four bits in the first byte, seven in each further one, low ones first. */
function decodeSize(
  bytes: Uint8Array,
): { sizeBytes: number; headerBytes: number } | null {
  let byte = bytes[0];
  if (byte === undefined) return null;
  let sizeBytes = byte & 0x0f;
  let headerBytes = 1;
  for (let factor = 16; (byte & 0x80) !== 0; factor *= 128) {
    byte = bytes[headerBytes++];
    if (byte === undefined) return null;
    sizeBytes += (byte & 0x7f) * factor;
    if (!Number.isSafeInteger(sizeBytes)) return null;
  }
  return { sizeBytes, headerBytes };
}

/** Seven bits in each byte, high ones first, and each further byte adds one. */
function decodeDistance(
  bytes: Uint8Array,
): { base: number; usedBytes: number } | null {
  let base = -1;
  for (let usedBytes = 0; usedBytes < bytes.length;) {
    const byte = bytes[usedBytes++]!;
    base = (base + 1) * 128 + (byte & 0x7f);
    if (!Number.isSafeInteger(base)) return null;
    if ((byte & 0x80) === 0) return base > 0 ? { base, usedBytes } : null;
  }
  return null;
}

function decodeId(
  bytes: Uint8Array,
  objectBytes: number,
): { base: string; usedBytes: number } | null {
  if (bytes.length < objectBytes) return null;
  const base = bytes.subarray(0, objectBytes).toHex();
  return { base, usedBytes: objectBytes };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git pack ${why}` };
}
