/**
 * Strings on their way into and out of C.
 *
 * @module
 */

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/**
 * Encodes a string with the NUL byte that ends it.
 *
 * @param text Without a NUL of its own.
 * @throws {TypeError} When `text` holds a NUL: C would see a shorter name than
 * the one that was checked.
 */
export function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new TypeError(
      "Cannot pass a string to C: it holds a NUL byte, none is allowed",
    );
  }
  return ENCODER.encode(text + "\0");
}

/** UTF-8 bytes as text; a byte that is not UTF-8 becomes U+FFFD. */
export function fromBytes(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}
