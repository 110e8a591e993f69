/**
 * Damaged samples, the same ones each time.
 *
 * @module
 */
import { hex } from "../../hex.ts";

/** Values at the edges of lengths, frame types and label types. */
const EDGES = hex("00 01 02 03 06 0c 1c 1d 3f 40 41 7f 80 bf c0 c1 fe ff");

/**
 * Damages a sample in one to four places, cuts some, and doubles parts of it.
 *
 * @param sample Left as it is.
 * @param index Which damage; the same number gives the same bytes.
 */
export function damage(sample: Uint8Array, index: number): Uint8Array {
  const bytes = sample.slice();
  let state = scramble(index);
  const next = (below: number) => {
    state = scramble(state);
    return (state >>> 4) % Math.max(1, below);
  };
  for (let left = next(4); left >= 0; left--) {
    const at = next(bytes.length);
    const kind = next(8);
    if (kind < 3) bytes[at] = next(256);
    else if (kind < 6) bytes[at] = EDGES[next(EDGES.length)]!;
    else if (kind === 6) bytes[at]! ^= 1 << next(8);
    else bytes.copyWithin(at, next(bytes.length));
  }
  return next(16) === 0 ? bytes.subarray(0, next(bytes.length)) : bytes;
}

/** A bijection on 32 bits that tells neighbours far apart. */
function scramble(value: number): number {
  let mixed = (value + 0x9e37_79b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
