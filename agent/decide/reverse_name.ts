/**
 * Names that ask for the name of an address.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-3.5 | RFC 1035}
 * @see {@link https://www.rfc-editor.org/rfc/rfc3596#section-2.5 | RFC 3596}
 * @module
 */

const IPV4_SUFFIX = ".in-addr.arpa";
const IPV6_SUFFIX = ".ip6.arpa";

/** A decimal byte in its one spelling: leading zeros could carry data. */
const OCTET = /^(?:0|[1-9][0-9]{0,2})$/;
const NIBBLE = /^[0-9a-f]$/;

/**
 * The address that a reverse name is about.
 *
 * @param name Lower case, without the last dot.
 * @returns 4 or 16 bytes in network order; null for every other name, such as
 * one with fewer or more labels than an address has.
 */
export function addressOfReverseName(name: string): Uint8Array | null {
  if (name.endsWith(IPV4_SUFFIX)) {
    return readOctets(name.slice(0, -IPV4_SUFFIX.length).split("."));
  }
  if (name.endsWith(IPV6_SUFFIX)) {
    return readNibbles(name.slice(0, -IPV6_SUFFIX.length).split("."));
  }
  return null;
}

function readOctets(labels: readonly string[]): Uint8Array | null {
  if (labels.length !== 4) return null;
  if (!labels.every((label) => OCTET.test(label) && Number(label) <= 255)) {
    return null;
  }
  return Uint8Array.from(labels, Number).reverse();
}

function readNibbles(labels: readonly string[]): Uint8Array | null {
  if (labels.length !== 32) return null;
  if (!labels.every((label) => NIBBLE.test(label))) return null;
  const digits = labels.toReversed().join("");
  return Uint8Array.from(
    { length: 16 },
    (_, at) => parseInt(digits.slice(at * 2, at * 2 + 2), 16),
  );
}
