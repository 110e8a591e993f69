/**
 * What git would store of a file that it writes otherwise: the way back, to be
 * hashed and compared with an object's id.
 *
 * @see gitattributes(5), "Checking-out and checking-in"
 * @module
 */
import type { Conversion } from "./git_conversion.ts";

const CR = 0x0d;
const LF = 0x0a;
const DOLLAR = 0x24;
/** "$Id: ", which git writes, and "$Id$", which it stores. */
const IDENT = [DOLLAR, 0x49, 0x64] as const;
const COLON = 0x3a;

/** Encodings whose bytes lead back to the same text; others may be ambiguous. */
const ENCODINGS: Readonly<
  Record<string, { label: string; mark: readonly number[] | null }>
> = {
  "UTF-16": { label: "utf-16", mark: null },
  "UTF-16LE": { label: "utf-16le", mark: [] },
  "UTF-16BE": { label: "utf-16be", mark: [] },
  "UTF-16LE-BOM": { label: "utf-16le", mark: [0xff, 0xfe] },
  "UTF-16BE-BOM": { label: "utf-16be", mark: [0xfe, 0xff] },
};

/**
 * Makes what git would store of a file's content.
 *
 * @param content Of the file in the work tree.
 * @param conversion How it is other than its object.
 * @returns One or two forms, since git leaves what looks like no text as it is;
 * null where only a program could tell.
 *
 * @example Line ends of Windows
 * ```ts
 * import assert from "node:assert/strict";
 * import { storedForms } from "./git_stored.ts";
 *
 * const content = new TextEncoder().encode("a\r\nb\r\n");
 * const how = { isCrlf: true, isIdent: false, encoding: null, filter: null };
 * const [form] = storedForms(content, how)!;
 * assert.equal(new TextDecoder().decode(form), "a\nb\n");
 * ```
 */
export function storedForms(
  content: Uint8Array,
  conversion: Omit<Conversion, "isLocal">,
): readonly Uint8Array[] | null {
  const { isCrlf, isIdent, encoding, filter } = conversion;
  if (filter !== null) return null;
  const text = encoding === null ? content : toUtf8(content, encoding);
  if (text === null) return null;
  const forms = isCrlf ? [withoutCarriageReturns(text), text] : [text];
  return isIdent ? forms.map(withoutIds) : forms;
}

function withoutCarriageReturns(text: Uint8Array): Uint8Array {
  const form = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    if (text[at] === CR && text[at + 1] === LF) continue;
    form[length++] = text[at]!;
  }
  return form.subarray(0, length);
}

/** `$Id: …$` on one line is stored as `$Id$`. */
function withoutIds(text: Uint8Array): Uint8Array {
  const form = new Uint8Array(text.length);
  let length = 0;
  for (let at = 0; at < text.length; at++) {
    form[length++] = text[at]!;
    const isIdent = IDENT.every((byte, index) => text[at + index] === byte) &&
      text[at + IDENT.length] === COLON;
    if (!isIdent) continue;
    const end = endOfId(text, at + IDENT.length);
    if (end === null) continue;
    form.set([...IDENT, DOLLAR], length - 1);
    length += IDENT.length;
    // What closes one does not open another.
    at = end;
  }
  return form.subarray(0, length);
}

/** Where the dollar is that closes it; null when its line has none. */
function endOfId(text: Uint8Array, from: number): number | null {
  for (let at = from; at < text.length && text[at] !== LF; at++) {
    if (text[at] === DOLLAR) return at;
  }
  return null;
}

function toUtf8(content: Uint8Array, encoding: string): Uint8Array | null {
  const name = encoding.toUpperCase();
  if (name === "UTF-8" || name === "UTF8") return content;
  const known = Object.hasOwn(ENCODINGS, name) ? ENCODINGS[name]! : null;
  if (known === null || content.length % 2 !== 0) return null;
  const big = content[0] === 0xfe && content[1] === 0xff;
  const little = content[0] === 0xff && content[1] === 0xfe;
  const marked = known.mark ?? (big ? [0xfe, 0xff] : [0xff, 0xfe]);
  if (known.mark === null && !big && !little) return null;
  if (marked.some((byte, index) => content[index] !== byte)) return null;
  const label = known.mark === null && big ? "utf-16be" : known.label;
  try {
    const decoder = new TextDecoder(label, { fatal: true, ignoreBOM: true });
    const text = decoder.decode(content.subarray(marked.length));
    return new TextEncoder().encode(text);
  } catch {
    return null;
  }
}
