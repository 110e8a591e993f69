/**
 * Bytes in tests, written as commented hexadecimal.
 *
 * @module
 */

/**
 * Reads a hexadecimal dump.
 *
 * @param dump Pairs of digits; white space anywhere is skipped, and so is the
 * rest of a line after `#`.
 * @returns The bytes, in an array of their own.
 * @throws {SyntaxError} When something else is left, or half a byte.
 */
export function hex(dump: string): Uint8Array<ArrayBuffer> {
  const digits = dump.replace(/#.*$/gm, "").replace(/\s+/g, "");
  const wrong = /[^0-9a-fA-F]/.exec(digits)?.[0];
  if (wrong !== undefined) {
    throw new SyntaxError(
      `Cannot read dump: "${wrong}" found, hexadecimal digits are needed`,
    );
  }
  if (digits.length % 2 !== 0) {
    throw new SyntaxError(
      `Cannot read dump: ${digits.length} digits found, pairs are needed`,
    );
  }
  const bytes = new Uint8Array(digits.length / 2);
  for (let at = 0; at < bytes.length; at++) {
    bytes[at] = parseInt(digits.slice(at * 2, at * 2 + 2), 16);
  }
  return bytes;
}
