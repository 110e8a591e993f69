/**
 * JSON that all readers read alike.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8259 | RFC 8259}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** A value; whole numbers that a double does not hold are a bigint. */
export type Json =
  | null
  | boolean
  | number
  | bigint
  | string
  | readonly Json[]
  | JsonObject;

/** An object; it has no prototype. */
export interface JsonObject {
  readonly [name: string]: Json;
}

/** Values inside of values; whatever is deeper was made to be. */
const MAX_DEPTH = 64;

const BLANK = /[ \t\n\r]*/y;
const NUMBER =
  /-?(?:0|[1-9][0-9]{0,63})(\.[0-9]{1,64})?([eE][+-]?[0-9]{1,3})?/y;
const WORDS: readonly (readonly [string, Json])[] = [
  ["null", null],
  ["true", true],
  ["false", false],
];
const UTF8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads one value and nothing behind it.
 *
 * What two readers could take for different things is refused and not
 * repaired: a name that is there twice, half of a surrogate pair, bytes that
 * are not UTF-8, a NUL in a text.
 *
 * @param bytes The caller bounds its length.
 *
 * @example A name that is there twice
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeJson } from "./strict_json.ts";
 *
 * const bytes = new TextEncoder().encode('{"a":1,"a":2}');
 * const why = 'json has "a" twice in one object';
 * assert.deepEqual(decodeJson(bytes), { ok: false, why });
 * ```
 */
export function decodeJson(bytes: Uint8Array): Decoded<Json> {
  let text: string;
  try {
    text = UTF8.decode(bytes);
  } catch {
    return refuse("is not UTF-8");
  }
  const reader = new Reader(text);
  const value = reader.readValue(0);
  if (value === undefined) return refuse(reader.why);
  reader.skipBlank();
  return reader.isAtEnd
    ? { ok: true, value }
    : refuse(`goes on behind its value`);
}

/** Whether a value is an object, and no list. */
export function isJsonObject(value: Json | undefined): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Writes a value as {@linkcode decodeJson} reads it. */
export function encodeJson(value: Json): string {
  if (typeof value === "bigint") return String(value);
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  if (Array.isArray(value)) return `[${value.map(encodeJson).join(",")}]`;
  const members = Object.entries(value as JsonObject).map(([name, member]) =>
    `${JSON.stringify(name)}:${encodeJson(member)}`
  );
  return `{${members.join(",")}}`;
}

/** From the left to the right; undefined is what could not be read. */
class Reader {
  readonly #text: string;
  #at = 0;
  why = "ends too early";

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  skipBlank(): void {
    this.#take(BLANK);
  }

  readValue(depth: number): Json | undefined {
    if (depth > MAX_DEPTH) return this.#refuse("is too deep");
    this.skipBlank();
    switch (this.#text[this.#at]) {
      case "{":
        return this.#readObject(depth);
      case "[":
        return this.#readList(depth);
      case '"':
        return this.#readString();
      default:
        return this.#readPlain();
    }
  }

  #readObject(depth: number): JsonObject | undefined {
    const members: Record<string, Json> = Object.create(null);
    if (this.#isNext("{", "}")) return members;
    do {
      this.skipBlank();
      const name = this.#readString();
      if (name === undefined) return undefined;
      if (name in members) {
        return this.#refuse(`has ${JSON.stringify(name)} twice in one object`);
      }
      this.skipBlank();
      if (!this.#isTaken(":")) return this.#refuse("is malformed");
      const value = this.readValue(depth + 1);
      if (value === undefined) return undefined;
      members[name] = value;
      this.skipBlank();
    } while (this.#isTaken(","));
    return this.#isTaken("}") ? members : this.#refuse("is malformed");
  }

  #readList(depth: number): Json[] | undefined {
    const items: Json[] = [];
    if (this.#isNext("[", "]")) return items;
    do {
      const item = this.readValue(depth + 1);
      if (item === undefined) return undefined;
      items.push(item);
      this.skipBlank();
    } while (this.#isTaken(","));
    return this.#isTaken("]") ? items : this.#refuse("is malformed");
  }

  #readString(): string | undefined {
    const start = this.#at;
    if (!this.#isTaken('"')) return this.#refuse("is malformed");
    // A pattern would need a stack as deep as the text is long.
    for (let end = start + 1; end < this.#text.length; end++) {
      const code = this.#text[end];
      if (code === "\\") end++;
      if (code !== '"') continue;
      this.#at = end + 1;
      return this.#parseString(start);
    }
    return this.#refuse("ends too early");
  }

  #parseString(start: number): string | undefined {
    let text: string;
    try {
      text = JSON.parse(this.#text.slice(start, this.#at));
    } catch {
      return this.#refuse("is malformed");
    }
    if (!text.isWellFormed()) return this.#refuse("has half a character");
    return text.includes("\0") ? this.#refuse("has a NUL in a text") : text;
  }

  #readPlain(): Json | undefined {
    for (const [word, value] of WORDS) {
      if (!this.#text.startsWith(word, this.#at)) continue;
      this.#at += word.length;
      return value;
    }
    const found = this.#take(NUMBER);
    if (found === null) return this.#refuse("is malformed");
    const number = Number(found[0]);
    const isWhole = found[1] === undefined && found[2] === undefined;
    if (Number.isSafeInteger(number)) return number + 0;
    if (isWhole) return BigInt(found[0]);
    // It would be written in another form, or as null.
    const isLarge = Math.abs(number) > Number.MAX_SAFE_INTEGER;
    return isLarge ? this.#refuse("has too large a number") : number;
  }

  /** Takes the opening, and the closing when nothing stands between them. */
  #isNext(opening: string, closing: string): boolean {
    this.#isTaken(opening);
    this.skipBlank();
    return this.#isTaken(closing);
  }

  #isTaken(character: string): boolean {
    if (this.#text[this.#at] !== character) return false;
    this.#at++;
    return true;
  }

  #take(pattern: RegExp): RegExpExecArray | null {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text);
    if (found !== null) this.#at = pattern.lastIndex;
    return found;
  }

  #refuse(why: string): undefined {
    this.why = why;
    return undefined;
  }
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `json ${why}` };
}
