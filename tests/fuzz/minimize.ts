/**
 * The shortest input that still fails.
 *
 * @module
 */

/** Enough for an input of some kilobytes; a crash is shown soon all the same. */
const MAX_TRIES = 5_000;

/**
 * Leaves out pieces, long ones first, and then makes bytes zero.
 *
 * @param input Fails already.
 * @param fails Whether another input fails in the same way.
 * @returns An input that fails, bytes of its own.
 */
export function minimize(
  input: Uint8Array,
  fails: (candidate: Uint8Array) => boolean,
): Uint8Array {
  let best: Uint8Array = input.slice();
  let tries = 0;
  const attempt = (candidate: Uint8Array) => {
    if (tries++ >= MAX_TRIES || !fails(candidate)) return false;
    best = candidate;
    return true;
  };
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length;) {
      const rest = best.subarray(at + size);
      const candidate = new Uint8Array(Math.min(at, best.length) + rest.length);
      candidate.set(best.subarray(0, at));
      candidate.set(rest, at);
      if (!attempt(candidate)) at += size;
    }
  }
  for (let at = 0; at < best.length; at++) {
    if (best[at] === 0) continue;
    const candidate = best.slice();
    candidate[at] = 0;
    attempt(candidate);
  }
  return best;
}
