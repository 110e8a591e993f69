/**
 * Domain names in DNS messages.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4.1.4 | RFC 1035}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** RFC 1035 section 4.1.1: no name can begin inside the message's header. */
const MESSAGE_HEADER_BYTES = 12;
/** RFC 1035 section 2.3.4, length octets and the root's included. */
const MAX_NAME_OCTETS = 255;
/**
 * As many as a name can have labels. Pointers to pointers add no octet, so
 * without a limit a message of pointers would take quadratic time.
 */
const MAX_POINTERS = 127;

const POINTER_BITS = 0xc0;
const POINTER_OFFSET_MASK = 0x3f;

/** How each byte of a label is written, RFC 1035 section 5.1. */
const PRESENTED: readonly string[] = Array.from({ length: 256 }, presentByte);

/** One name, and where it ends in the message. */
export interface DnsName {
  /**
   * Lower case, without the last dot; the root is the empty string. Bytes
   * outside `a-z`, `0-9`, `-` and `_` are `\DDD`, a dot in a label among them,
   * so that each dot here separates two labels.
   */
  readonly name: string;
  /** Offset of the first byte after the name or after its first pointer. */
  readonly end: number;
}

/**
 * Decodes one name, following compression pointers.
 *
 * A pointer must lead to before the labels it was found after: a loop is not
 * possible then, and no name can be read that is written only later.
 *
 * @param message The whole message, from its id on.
 * @param at Offset of the name's first byte.
 * @returns The name, or why it was refused.
 */
export function decodeName(message: Uint8Array, at: number): Decoded<DnsName> {
  let name = "";
  let octets = 1;
  let end = -1;
  let runStart = at;
  let pointers = 0;
  while (true) {
    if (at >= message.length) return refuse(`stops at byte ${message.length}`);
    const length = message[at]!;
    if (length === 0) break;
    if (length >= POINTER_BITS) {
      if (at + 1 >= message.length) return refuse(`stops at byte ${at + 1}`);
      const target = ((length & POINTER_OFFSET_MASK) << 8) | message[at + 1]!;
      if (end < 0) end = at + 2;
      if (target >= runStart || target < MESSAGE_HEADER_BYTES) {
        return refuse(`points from byte ${runStart} to byte ${target}`);
      }
      pointers += 1;
      if (pointers > MAX_POINTERS) {
        return refuse(`has more than ${MAX_POINTERS} pointers`);
      }
      at = target;
      runStart = target;
      continue;
    }
    // RFC 1035 section 4.1.4 reserves 01 and 10; RFC 6891 section 5 took
    // back the one use that 01 had.
    if (length > 63) return refuse(`has label type ${length >> 6}`);
    octets += length + 1;
    if (octets > MAX_NAME_OCTETS) {
      return refuse(`is longer than ${MAX_NAME_OCTETS} octets`);
    }
    const next = at + 1 + length;
    if (next > message.length) return refuse(`stops at byte ${message.length}`);
    if (name !== "") name += ".";
    for (let index = at + 1; index < next; index++) {
      name += PRESENTED[message[index]!]!;
    }
    at = next;
  }
  return { ok: true, value: { name, end: end < 0 ? at + 1 : end } };
}

function presentByte(_: unknown, byte: number): string {
  const character = String.fromCharCode(byte);
  if (/[A-Za-z0-9_-]/.test(character)) return character.toLowerCase();
  return `\\${byte.toString().padStart(3, "0")}`;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `dns name ${why}` };
}
