/**
 * Bitmaps as git writes them: runs of equal 64-bit words between words that
 * are written out.
 *
 * @see gitformat-bitmap(5), "Appendix A: Serialization format for an EWAH bitmap"
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint32 } from "./integer.ts";

/** Bits in all, words that follow; behind the words, where the last run is. */
const AT = { bits: 0, words: 4, first: 8 } as const;
const WORD_BYTES = 8;
const WORD_BITS = 64;
const TRAILER_BYTES = 4;
/** Of the low half of a run's word: its bit, and how far its length goes up. */
const RUN_BIT = 1;
/** Words written out: the 31 bits above the run's length of 32. */
const LITERAL_SHIFT = 1;

/** Bits that are set, and where what follows the bitmap starts. */
export interface EwahBitmap {
  /** A byte for each bit, 1 where it is set. */
  readonly bits: Uint8Array;
  readonly next: number;
}

/**
 * Decodes one bitmap.
 *
 * @param bytes Where it is.
 * @param where Where it starts and what it is in ends; how many bits can be
 * meant: one that is set behind them is refused.
 */
export function decodeEwah(
  bytes: Uint8Array,
  where: { readonly at: number; readonly end: number; readonly count: number },
): Decoded<EwahBitmap> {
  const { at, end, count } = where;
  if (at + AT.first > end) return refuse("is cut short");
  const words = readUint32(bytes, at + AT.words);
  const wordsEnd = at + AT.first + words * WORD_BYTES;
  const next = wordsEnd + TRAILER_BYTES;
  if (next > end) return refuse("is cut short");
  const bits = new Uint8Array(count);
  let bit = 0;
  for (let word = at + AT.first; word < wordsEnd;) {
    const high = readUint32(bytes, word);
    const low = readUint32(bytes, word + 4);
    // Bit 0 is the run's, 32 bits are its length, 31 the words written out.
    const runWords = ((high & 1) * 2 ** 31) + (low >>> 1);
    const literals = high >>> LITERAL_SHIFT;
    word += WORD_BYTES;
    const runEnd = bit + runWords * WORD_BITS;
    if ((low & RUN_BIT) !== 0) {
      if (runEnd > count) return refuse("has too many bits");
      bits.fill(1, bit, runEnd);
    }
    bit = runEnd;
    const literalsEnd = word + literals * WORD_BYTES;
    if (literalsEnd > wordsEnd) return refuse("is cut short");
    for (; word < literalsEnd; word += WORD_BYTES, bit += WORD_BITS) {
      const isMeant = setBits(bits, { bytes, word, bit });
      if (!isMeant) return refuse("has too many bits");
    }
  }
  return { ok: true, value: { bits, next } };
}

/** False when one is set that cannot be. */
function setBits(
  bits: Uint8Array,
  from: {
    readonly bytes: Uint8Array;
    readonly word: number;
    readonly bit: number;
  },
): boolean {
  const { bytes, word, bit } = from;
  for (let half = 0; half < 2; half++) {
    // The higher half is written first, and has the later bits.
    const value = readUint32(bytes, word + 4 - half * 4);
    for (let index = 0; value >>> index !== 0 && index < 32; index++) {
      if ((value >>> index & 1) === 0) continue;
      const place = bit + half * 32 + index;
      if (place >= bits.length) return false;
      bits[place] = 1;
    }
  }
  return true;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git bitmap ${why}` };
}
