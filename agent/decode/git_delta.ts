/**
 * Deltas, by which git writes one object as a change of another.
 *
 * @see {@link https://git-scm.com/docs/gitformat-pack#_deltified_representation | gitformat-pack}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** The two sizes that a delta begins with. */
export interface DeltaHeader {
  readonly baseBytes: number;
  readonly resultBytes: number;
  readonly headerBytes: number;
}

const COPY = 0x80;
/** Bits of a copy: which bytes of offset and size follow; shifts of those. */
const OFFSET_BITS = [0x01, 0x02, 0x04, 0x08] as const;
const SIZE_BITS = [0x10, 0x20, 0x40] as const;
/** A size of zero stands for this. */
const ZERO_SIZE_BYTES = 0x1_0000;

/**
 * Decodes what a delta begins with.
 *
 * @param delta The delta, or its beginning.
 */
export function decodeDeltaHeader(delta: Uint8Array): Decoded<DeltaHeader> {
  const base = decodeSize(delta, 0);
  if (base === null) return refuse("has no size of its base");
  const result = decodeSize(delta, base.end);
  if (result === null) return refuse("has no size of its result");
  const [baseBytes, resultBytes] = [base.size, result.size];
  return {
    ok: true,
    value: { baseBytes, resultBytes, headerBytes: result.end },
  };
}

/**
 * Makes the object that a delta stands for.
 *
 * @param base What the delta was made against.
 * @param how All of the delta, and where the result is put: one that does not
 * fit is refused. The room must not be that of the base.
 * @returns The beginning of the room.
 */
export function applyDelta(
  base: Uint8Array,
  { delta, room }: {
    readonly delta: Uint8Array;
    readonly room: Uint8Array<ArrayBuffer>;
  },
): Decoded<Uint8Array<ArrayBuffer>> {
  const header = decodeDeltaHeader(delta);
  if (!header.ok) return header;
  const { baseBytes, resultBytes, headerBytes } = header.value;
  if (baseBytes !== base.length) return refuse("is made against another base");
  if (resultBytes > room.length) {
    return refuse(`result is ${resultBytes} bytes`);
  }
  const result = room.subarray(0, resultBytes);
  let filled = 0;
  for (let at = headerBytes; at < delta.length;) {
    const operation = delta[at]!;
    const step = (operation & COPY) !== 0
      ? readCopy(delta, at)
      : { from: at + 1, size: operation, end: at + 1 + operation };
    if (step === null || step.end > delta.length) return refuse("is cut off");
    const { from, size, end } = step;
    if (size === 0) return refuse("has an operation that is not known");
    const source = (operation & COPY) !== 0 ? base : delta;
    if (from + size > source.length || filled + size > resultBytes) {
      return refuse("copies what is not there");
    }
    result.set(source.subarray(from, from + size), filled);
    filled += size;
    at = end;
  }
  if (filled !== resultBytes) return refuse("ends too early");
  return { ok: true, value: result };
}

function readCopy(
  delta: Uint8Array,
  start: number,
): { from: number; size: number; end: number } | null {
  const bits = delta[start]!;
  let at = start + 1;
  const read = (each: readonly number[]): number => {
    let value = 0;
    for (const [index, bit] of each.entries()) {
      if ((bits & bit) !== 0) value += (delta[at++] ?? 0) * 256 ** index;
    }
    return value;
  };
  const from = read(OFFSET_BITS);
  const size = read(SIZE_BITS) || ZERO_SIZE_BYTES;
  return at <= delta.length ? { from, size, end: at } : null;
}

/** Seven bits in each byte, low ones first. */
function decodeSize(
  bytes: Uint8Array,
  start: number,
): { size: number; end: number } | null {
  let size = 0;
  for (let at = start, factor = 1; at < bytes.length; at++, factor *= 128) {
    const byte = bytes[at]!;
    size += (byte & 0x7f) * factor;
    if (!Number.isSafeInteger(size)) return null;
    if ((byte & 0x80) === 0) return { size, end: at + 1 };
  }
  return null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git delta ${why}` };
}
