/**
 * Whether a file is one that people read.
 *
 * @module
 */

/** One unprintable byte in so many; compressed and compiled files have more. */
const BYTES_PER_UNPRINTABLE = 16;

/**
 * Whether the bytes are text, in whatever encoding that keeps ASCII.
 *
 * A single NUL does not make it binary, as it does for git: compilers read over
 * one, so it would be all that somebody needs whose change is not to be shown.
 *
 * @param bytes A whole file, or its beginning.
 * @returns True for no bytes at all.
 */
export function isText(bytes: Uint8Array): boolean {
  const limit = Math.ceil(bytes.length / BYTES_PER_UNPRINTABLE);
  let unprintable = 0;
  for (let at = 0; at < bytes.length; at++) {
    if (isPrintable(bytes[at]!)) continue;
    unprintable++;
    if (unprintable > limit) return false;
  }
  return true;
}

/** From backspace to carriage return, escape, and whatever is no control. */
function isPrintable(byte: number): boolean {
  if (byte >= 0x20) return byte !== 0x7f;
  return (byte >= 0x08 && byte <= 0x0d) || byte === 0x1b;
}
