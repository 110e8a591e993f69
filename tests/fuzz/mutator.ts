/**
 * New inputs out of old ones.
 *
 * @module
 */
import type { Random } from "./random.ts";

/** What an input can be made of. */
export interface Material {
  /** Inputs that were worth keeping; at least one. */
  readonly corpus: readonly Uint8Array[];
  /** Bytes that the format under test knows. */
  readonly tokens: readonly Uint8Array[];
  /** The longest input to make. */
  readonly maxBytes: number;
}

/** Values at the edges of lengths, flags, label types and header numbers. */
const EDGES = [0, 1, 2, 3, 6, 17, 44, 58, 63, 64, 69, 96, 127, 128, 192, 255];
const MAX_CHANGES = 6;
/** Longer pieces are rarely what a format reads in one go. */
const MAX_PIECE_BYTES = 64;

/**
 * Makes one input.
 *
 * @param material What it is made of; left as it is.
 * @param random Decides everything.
 * @returns Bytes of its own.
 */
export function makeInput(material: Material, random: Random): Uint8Array {
  const { corpus, maxBytes } = material;
  let input: Uint8Array = random.pick(corpus).slice(0, maxBytes);
  for (let left = 1 + random.below(MAX_CHANGES); left > 0; left--) {
    input = change(input, { material, random });
  }
  return input.length > maxBytes ? input.subarray(0, maxBytes) : input;
}

function change(
  input: Uint8Array,
  of: { material: Material; random: Random },
): Uint8Array {
  const { material, random } = of;
  const { length } = input;
  const at = random.below(length);
  const piece = 1 + random.below(Math.min(length, MAX_PIECE_BYTES));
  switch (random.below(12)) {
    case 0:
    case 1:
      return write(input, at, [random.below(256)]);
    case 2:
      return write(input, at, [random.pick(EDGES)]);
    case 3:
      return write(input, at, [(input[at] ?? 0) ^ (1 << random.below(8))]);
    case 4:
      return write(input, at, [(input[at] ?? 0) + random.below(33) - 16]);
    case 5:
      // A length in two bytes that is a little off, or says all that is left.
      return write(input, at, bigEndian(length - at + random.below(9) - 6));
    case 6:
      return splice(input, { at, removed: piece, added: [] });
    case 7:
      return splice(input, {
        at,
        removed: 0,
        added: cut(input, piece, random),
      });
    case 8: {
      const removed = random.below(2) * piece;
      const added = cut(random.pick(material.corpus), piece, random);
      return splice(input, { at, removed, added });
    }
    case 9: {
      const { tokens } = material;
      const added = tokens.length === 0 ? [0, 0] : random.pick(tokens);
      const removed = random.below(2) * added.length;
      return splice(input, { at, removed, added });
    }
    case 10: {
      // The start of one and the end of another.
      const other = random.pick(material.corpus);
      const from = random.below(other.length);
      return splice(input, { at, removed: length, added: other.slice(from) });
    }
    default:
      return random.below(2) === 0
        ? input.slice(0, at)
        : write(input, at, cut(input, piece, random));
  }
}

function cut(from: Uint8Array, bytes: number, random: Random): Uint8Array {
  const at = random.below(from.length - bytes + 1);
  return from.slice(at, at + bytes);
}

function bigEndian(value: number): number[] {
  return [value >> 8, value];
}

function write(
  input: Uint8Array,
  at: number,
  bytes: ArrayLike<number>,
): Uint8Array {
  const end = Math.min(input.length, at + bytes.length);
  for (let to = at; to < end; to++) input[to] = bytes[to - at]!;
  return input;
}

function splice(
  input: Uint8Array,
  of: { at: number; removed: number; added: ArrayLike<number> },
): Uint8Array {
  const { at, removed, added } = of;
  const rest = input.subarray(Math.min(input.length, at + removed));
  const made = new Uint8Array(at + added.length + rest.length);
  made.set(input.subarray(0, at));
  made.set(added, at);
  made.set(rest, at + added.length);
  return made;
}
