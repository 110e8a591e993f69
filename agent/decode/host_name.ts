/**
 * Host names as clients say them: in a TLS ClientHello, in an HTTP request.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1123#section-2.1 | RFC 1123}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** RFC 1035 section 2.3.4: 255 octets on the wire are 253 as text. */
const MAX_NAME_BYTES = 253;
/** RFC 1035 section 2.3.4. */
const MAX_LABEL_BYTES = 63;

const CODE_DOT = 0x2e;

/** The character each byte stands for in a name; empty where none can have it. */
const LOWERED: readonly string[] = Array.from({ length: 256 }, lowerByte);
/** A last label that C libraries take for a part of an address. */
const NUMBER_LABEL = /(?:^|\.)(?:[0-9]+|0x[0-9a-f]*)$/;

/**
 * Reads one host name, and nothing but a host name.
 *
 * Labels are letters, digits, hyphens and, for service names, underscores (RFC
 * 2782). One last dot is taken off: it names the same host, and clients differ
 * in whether they send it. A name whose last label is a number is refused, since
 * programs read it as an IPv4 address, each in its own way (RFC 1123 section
 * 2.1 asks for that check).
 *
 * @param bytes The name alone, without a length, port or white space.
 * @returns Lower case without the last dot, or why no host has this name.
 */
export function decodeHostName(bytes: Uint8Array): Decoded<string> {
  let { length } = bytes;
  if (length === 0) return refuse("is empty");
  if (bytes[length - 1] === CODE_DOT) length -= 1;
  if (length > MAX_NAME_BYTES) {
    return refuse(`has ${length} of at most ${MAX_NAME_BYTES} bytes`);
  }
  let name = "";
  let labelStart = 0;
  for (let at = 0; at <= length; at++) {
    const code = at === length ? CODE_DOT : bytes[at]!;
    if (code === CODE_DOT) {
      if (at === labelStart) return refuse("has an empty label");
      if (at - labelStart > MAX_LABEL_BYTES) {
        return refuse(
          `has a label of ${
            at - labelStart
          } of at most ${MAX_LABEL_BYTES} bytes`,
        );
      }
      labelStart = at + 1;
      if (at < length) name += ".";
      continue;
    }
    const character = LOWERED[code]!;
    if (character === "") return refuse(`has byte ${code}`);
    name += character;
  }
  if (NUMBER_LABEL.test(name)) return refuse("ends in a number");
  return { ok: true, value: name };
}

function lowerByte(_: unknown, byte: number): string {
  const character = String.fromCharCode(byte);
  return /[A-Za-z0-9_-]/.test(character) ? character.toLowerCase() : "";
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `host name ${why}` };
}
