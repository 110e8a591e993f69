/**
 * What holds for every decoder of bytes.
 *
 * @module
 */
import { must } from "./target.ts";

/** Around an input; decoders must not see it. */
const MARGIN_BYTES = 24;

/**
 * Decodes an input twice, between different neighbours.
 *
 * A decoder that reads past its input gives two results; one that returns a
 * view past it, or writes into it, is found out here.
 *
 * @param input Left as it is.
 * @param decode What reads it.
 * @returns The result, of a copy.
 */
export function decodeTwice<T>(
  input: Uint8Array,
  decode: (bytes: Uint8Array) => T,
): T {
  const first = embed(input, 0x00);
  const result = decode(first);
  checkViews(result, first);
  const second = embed(input, 0xff);
  const other = decode(second);
  must(isEqual(result, other), "a decoder reads nothing but its input");
  must(isEqual(first, input), "a decoder leaves its input as it is");
  return result;
}

function embed(input: Uint8Array, neighbour: number): Uint8Array {
  const whole = new Uint8Array(input.length + 2 * MARGIN_BYTES).fill(neighbour);
  whole.set(input, MARGIN_BYTES);
  return whole.subarray(MARGIN_BYTES, MARGIN_BYTES + input.length);
}

/** Every view into the input's memory lies inside of the input. */
function checkViews(value: unknown, input: Uint8Array): void {
  if (value instanceof Uint8Array) {
    if (value.buffer !== input.buffer) return;
    const start = value.byteOffset - input.byteOffset;
    must(
      start >= 0 && start + value.length <= input.length,
      "a decoder's result lies inside of its input",
    );
  } else if (typeof value === "object" && value !== null) {
    for (const field of Object.values(value)) checkViews(field, input);
  }
}

/** Deep equality of plain values, lists and bytes. */
export function isEqual(one: unknown, other: unknown): boolean {
  if (Object.is(one, other)) return true;
  if (typeof one !== "object" || typeof other !== "object") return false;
  if (one === null || other === null) return false;
  if (one instanceof Uint8Array && other instanceof Uint8Array) {
    if (one.length !== other.length) return false;
    for (let at = 0; at < one.length; at++) {
      if (one[at] !== other[at]) return false;
    }
    return true;
  }
  const keys = Object.keys(one);
  if (keys.length !== Object.keys(other).length) return false;
  return keys.every((key) =>
    isEqual(
      (one as Record<string, unknown>)[key],
      (other as Record<string, unknown>)[key],
    )
  );
}
