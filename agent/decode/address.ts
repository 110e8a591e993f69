/**
 * IPv4 and IPv6 addresses between bytes and text.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc4291#section-2.2 | RFC 4291}
 * @see {@link https://www.rfc-editor.org/rfc/rfc5952#section-4 | RFC 5952}
 * @module
 */
import { readUint16 } from "./integer.ts";

/** "ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255", RFC 4291 section 2.2. */
const MAX_TEXT_LENGTH = 45;
const GROUPS = 8;
const CODE_ZERO = 48;
const CODE_NINE = 57;
const CODE_LOWER_A = 97;
const CODE_LOWER_F = 102;

/**
 * Writes an address in its one canonical form.
 *
 * Addresses of `::ffff:0:0/96` end in a dotted quad (RFC 5952 section 5); every
 * other IPv6 address is hexadecimal throughout.
 *
 * @param bytes 4 or 16 bytes in network order.
 * @returns The text, or a phrase that {@linkcode parseAddress} refuses when
 * there are neither 4 nor 16 bytes.
 *
 * @example The longest run of zeros is the one that goes
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatAddress, parseAddress } from "./address.ts";
 *
 * const address = parseAddress("2001:DB8:0:1:0:0:0:1");
 * assert.ok(address);
 * assert.equal(formatAddress(address), "2001:db8:0:1::1");
 * ```
 */
export function formatAddress(bytes: Uint8Array): string {
  if (bytes.length === 4) return formatQuad(bytes, 0);
  if (bytes.length !== 16) return `address of ${bytes.length} bytes`;
  if (isMapped(bytes)) return `::ffff:${formatQuad(bytes, 12)}`;

  const { start, length } = findLongestZeroRun(bytes);
  let text = "";
  for (let group = 0; group < GROUPS; group++) {
    if (group === start) {
      text += "::";
      group += length - 1;
      continue;
    }
    if (group > 0 && group !== start + length) text += ":";
    text += readUint16(bytes, group * 2).toString(16);
  }
  return text;
}

/**
 * Reads an address, and nothing but an address.
 *
 * Forms that programs read differently are refused: leading zeros in a dotted
 * quad (octal to some), missing octets, a zone, a port, space around it.
 *
 * @param text For instance `192.0.2.1`, `2001:db8::1`, `::ffff:192.0.2.1`.
 * @returns 4 or 16 bytes in network order, or null when it is not an address.
 */
export function parseAddress(text: string): Uint8Array | null {
  if (text.length > MAX_TEXT_LENGTH) return null;
  if (text.includes(":")) return parseIpv6(text);
  const bytes = new Uint8Array(4);
  return parseQuad(text, bytes) ? bytes : null;
}

function parseIpv6(text: string): Uint8Array | null {
  const halves = text.split("::");
  if (halves.length > 2) return null;
  const head = parseGroups(halves[0]!, halves.length === 1);
  if (head === null) return null;
  if (halves.length === 1) {
    return head.length === 16 ? Uint8Array.from(head) : null;
  }
  const tail = parseGroups(halves[1]!, true);
  // "::" stands for at least one group, RFC 4291 section 2.2.
  if (tail === null || head.length + tail.length > 14) return null;
  const bytes = new Uint8Array(16);
  bytes.set(head);
  bytes.set(tail, 16 - tail.length);
  return bytes;
}

/** The bytes of colon-separated groups; a dotted quad only at the very end. */
function parseGroups(text: string, isLast: boolean): number[] | null {
  if (text === "") return [];
  const groups = text.split(":");
  const bytes: number[] = [];
  for (const [index, group] of groups.entries()) {
    if (isLast && index === groups.length - 1 && group.includes(".")) {
      const quad = new Uint8Array(4);
      if (!parseQuad(group, quad)) return null;
      bytes.push(...quad);
      continue;
    }
    const value = parseGroup(group);
    if (value < 0) return null;
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes.length > 16 ? null : bytes;
}

/** One to four hexadecimal digits, or -1. */
function parseGroup(text: string): number {
  if (text.length === 0 || text.length > 4) return -1;
  let value = 0;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const lower = code | 0x20;
    if (code >= CODE_ZERO && code <= CODE_NINE) {
      value = value * 16 + code - CODE_ZERO;
    } else if (lower >= CODE_LOWER_A && lower <= CODE_LOWER_F) {
      value = value * 16 + lower - CODE_LOWER_A + 10;
    } else return -1;
  }
  return value;
}

/** Fills four bytes from a dotted quad; false when it is not one. */
function parseQuad(text: string, into: Uint8Array): boolean {
  const octets = text.split(".");
  if (octets.length !== 4) return false;
  for (const [index, octet] of octets.entries()) {
    if (octet.length === 0 || octet.length > 3) return false;
    if (octet.length > 1 && octet.startsWith("0")) return false;
    let value = 0;
    for (let at = 0; at < octet.length; at++) {
      const code = octet.charCodeAt(at);
      if (code < CODE_ZERO || code > CODE_NINE) return false;
      value = value * 10 + code - CODE_ZERO;
    }
    if (value > 255) return false;
    into[index] = value;
  }
  return true;
}

function formatQuad(bytes: Uint8Array, at: number): string {
  return `${bytes[at]}.${bytes[at + 1]}.${bytes[at + 2]}.${bytes[at + 3]}`;
}

function isMapped(bytes: Uint8Array): boolean {
  for (let at = 0; at < 10; at++) if (bytes[at] !== 0) return false;
  return bytes[10] === 0xff && bytes[11] === 0xff;
}

/** The first longest run of two or more zero groups, RFC 5952 section 4.2. */
function findLongestZeroRun(
  bytes: Uint8Array,
): { start: number; length: number } {
  const longest = { start: -1, length: 1 };
  let runStart = 0;
  for (let group = 0; group < GROUPS; group++) {
    if (readUint16(bytes, group * 2) !== 0) {
      runStart = group + 1;
      continue;
    }
    const length = group + 1 - runStart;
    if (length > longest.length) {
      longest.start = runStart;
      longest.length = length;
    }
  }
  return longest;
}
