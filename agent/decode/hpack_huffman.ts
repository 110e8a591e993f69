/**
 * Text that is packed bit by bit.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7541#appendix-B | RFC 7541}
 * @module
 */

/** Of each byte's code, and last of the end's: a digit to the base of 31. */
const LENGTHS = [
  "dnsssssssoussussssssssusssssssss6aacd68baa8b8666555666666678f6ca",
  "d67777777777777777777777878djde6f56565666577666567655677777fbeds",
  "kmkkmmmnmnnnnnonoomnonnnnlmnmnnomlkmmnnlnmmolmnnllmlnmnnkmmmnmmn",
  "qqkjmnmpqqqrrqopjlqrrqrollqqsrrrkoklmllnmmppooqnqrqqrrrrrsrrrrrq",
  "u",
].join("");
const END = 256;
const MAX_BITS = 30;

/** By the code's length and value: codes of one length follow each other. */
const CODES = makeCodes();

/**
 * Reads packed text.
 *
 * @returns Null when it is not whole, or has the sign of its end in it.
 */
export function decodeHuffman(bytes: Uint8Array): string | null {
  let text = "";
  let code = 0;
  let length = 0;
  for (const byte of bytes) {
    for (let bit = 7; bit >= 0; bit--) {
      code = (code << 1) | ((byte >> bit) & 1);
      length++;
      const symbol = CODES[length]!.get(code);
      if (symbol === END) return null;
      if (symbol !== undefined) {
        text += String.fromCharCode(symbol);
        code = length = 0;
      } else if (length >= MAX_BITS) return null;
    }
  }
  // What fills the last byte is the beginning of the end's code.
  return length < 8 && code === (1 << length) - 1 ? text : null;
}

function makeCodes(): readonly ReadonlyMap<number, number>[] {
  const codes: Map<number, number>[] = [];
  let next = 0;
  for (let length = 0; length <= MAX_BITS; length++) {
    const own = new Map<number, number>();
    for (let symbol = 0; symbol <= END; symbol++) {
      if (parseInt(LENGTHS[symbol]!, 31) === length) own.set(next++, symbol);
    }
    codes.push(own);
    next *= 2;
  }
  return codes;
}
