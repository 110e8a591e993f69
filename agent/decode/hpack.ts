/**
 * The fields of HTTP/2 messages, packed with those that came before.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7541 | RFC 7541}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeHuffman } from "./hpack_huffman.ts";
import { STATIC_FIELDS } from "./hpack_static.ts";

/** One character, one byte. */
export type HpackField = readonly [name: string, value: string];

/** What a connection's memory of fields has before anybody asks for more. */
const TABLE_BYTES = 4_096;
/** As the size of a field is counted, beside its text. */
const FIELD_BYTES = 32;
/** Of one message; keys of registries do not go this way. */
const MAX_LIST_BYTES = 32_768;

/**
 * One direction of a connection.
 *
 * After a refusal nothing more can be read of it: the memory is lost.
 */
export class HpackDecoder {
  #fields: HpackField[] = [];
  #bytes = 0;
  #limit = TABLE_BYTES;

  /** Reads one message's fields, whole. */
  decode(block: Uint8Array): Decoded<readonly HpackField[]> {
    const reader = new Reader(block);
    const fields: HpackField[] = [];
    let bytes = 0;
    while (!reader.isAtEnd) {
      const first = reader.peek();
      if ((first & 0xe0) === 0x20) {
        const limit = reader.readInteger(5);
        const isOdd = limit === null || limit > TABLE_BYTES ||
          fields.length > 0;
        if (isOdd) return refuse("a size that was not agreed on");
        this.#limit = limit;
        this.#evict(limit);
        continue;
      }
      const field = this.#readField(reader, first);
      if (field === null) return refuse("a field that cannot be read");
      bytes += sizeOf(field);
      if (bytes > MAX_LIST_BYTES) return refuse("too many fields");
      fields.push(field);
    }
    return { ok: true, value: fields };
  }

  #readField(reader: Reader, first: number): HpackField | null {
    if ((first & 0x80) !== 0) return this.#find(reader.readInteger(7));
    const isKept = (first & 0x40) !== 0;
    const index = reader.readInteger(isKept ? 6 : 4);
    if (index === null) return null;
    const name = index === 0 ? reader.readText() : this.#find(index)?.[0];
    const value = reader.readText();
    if (name === null || name === undefined || value === null) return null;
    const field: HpackField = [name, value];
    if (isKept) this.#keep(field);
    return field;
  }

  #find(index: number | null): HpackField | null {
    if (index === null || index === 0) return null;
    return STATIC_FIELDS[index - 1] ??
      this.#fields[index - 1 - STATIC_FIELDS.length] ?? null;
  }

  #keep(field: HpackField): void {
    const bytes = sizeOf(field);
    this.#evict(this.#limit - bytes);
    if (bytes > this.#limit) return;
    this.#fields.unshift(field);
    this.#bytes += bytes;
  }

  #evict(limit: number): void {
    while (this.#bytes > limit && this.#fields.length > 0) {
      this.#bytes -= sizeOf(this.#fields.pop()!);
    }
  }
}

/** From the left to the right; null is what could not be read. */
class Reader {
  readonly #bytes: Uint8Array;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  peek(): number {
    return this.#bytes[this.#at] ?? 0;
  }

  readInteger(prefixBits: number): number | null {
    const most = (1 << prefixBits) - 1;
    if (this.isAtEnd) return null;
    let value = this.#bytes[this.#at++]! & most;
    if (value < most) return value;
    for (let shift = 0; shift <= 14; shift += 7) {
      if (this.isAtEnd) return null;
      const byte = this.#bytes[this.#at++]!;
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return null;
  }

  readText(): string | null {
    const isPacked = (this.peek() & 0x80) !== 0;
    const length = this.readInteger(7);
    if (length === null || length > this.#bytes.length - this.#at) return null;
    const bytes = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return isPacked ? decodeHuffman(bytes) : String.fromCharCode(...bytes);
  }
}

/**
 * Writes fields so that whoever reads them keeps none, and needs none that he
 * has kept.
 *
 * @param fields Of characters up to 255.
 */
export function encodeHpack(fields: readonly HpackField[]): Uint8Array {
  const bytes: number[] = [];
  const write = (text: string) => {
    writeInteger(bytes, text.length);
    for (let at = 0; at < text.length; at++) bytes.push(text.charCodeAt(at));
  };
  for (const [name, value] of fields) {
    bytes.push(0);
    write(name);
    write(value);
  }
  return Uint8Array.from(bytes);
}

/** Behind a bit that says that a text is not packed. */
function writeInteger(bytes: number[], value: number): void {
  if (value < 0x7f) return void bytes.push(value);
  bytes.push(0x7f);
  let rest = value - 0x7f;
  for (; rest >= 0x80; rest >>= 7) bytes.push(rest & 0x7f | 0x80);
  bytes.push(rest);
}

function sizeOf([name, value]: HpackField): number {
  return name.length + value.length + FIELD_BYTES;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `hpack has ${why}` };
}
