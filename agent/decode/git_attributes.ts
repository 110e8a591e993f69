/**
 * Files `.gitattributes`: which paths have which attributes.
 *
 * @see gitattributes(5)
 * @module
 */
import { type GitGlob, parseGlob } from "./git_glob.ts";

/** What an attribute is set to; null is `!attribute`: as if nobody had set it. */
export type GitAttributeValue = string | boolean | null;

/** One attribute as a line sets it. */
export interface GitAttribute {
  readonly name: string;
  readonly value: GitAttributeValue;
}

/** One line. */
export interface GitAttributeLine {
  /** Null for a macro. */
  readonly glob: GitGlob | null;
  /** Name of the macro that the line defines; null for a pattern. */
  readonly macro: string | null;
  /** In the order of the line; the last of a name counts. */
  readonly attributes: readonly GitAttribute[];
}

/** As git has it: a longer line counts for nothing. */
const MAX_LINE_BYTES = 2048;
const MACRO = "[attr]";
const NAME = /^(?!-)(?!builtin_)[A-Za-z0-9._-]+$/;
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r" },
  ...{ '"': '"', "\\": "\\" },
};

/** What git defines itself, gitattributes(5), "USING MACRO ATTRIBUTES". */
export const BUILTIN_ATTRIBUTES = "[attr]binary -diff -merge -text";

/**
 * Decodes one file; lines that git passes over are left out.
 *
 * @param text A character for each byte.
 *
 * @example Line ends of Windows, and a name with a space
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeGitAttributes } from "./git_attributes.ts";
 *
 * const [first, second] = decodeGitAttributes('*.bat eol=crlf -x\n"a b" !y z\n');
 * assert.deepEqual(first?.attributes, [
 *   { name: "eol", value: "crlf" },
 *   { name: "x", value: false },
 * ]);
 * assert.deepEqual(second?.glob, { kind: "name", name: "a b" });
 * ```
 */
export function decodeGitAttributes(
  text: string,
): readonly GitAttributeLine[] {
  const lines: GitAttributeLine[] = [];
  for (const line of text.replace(/^\u00ef\u00bb\u00bf/, "").split("\n")) {
    if (line.length > MAX_LINE_BYTES) continue;
    const decoded = decodeLine(line.replace(/^[ \t\r]+/, ""));
    if (decoded !== null) lines.push(decoded);
  }
  return lines;
}

function decodeLine(line: string): GitAttributeLine | null {
  if (line === "" || line.startsWith("#")) return null;
  const split = line.startsWith('"') ? unquote(line) : splitBlank(line);
  if (split === null) return null;
  const { first, rest } = split;
  if (first.startsWith(MACRO) && !line.startsWith('"')) {
    // The name may follow at once, or after a blank.
    const named = splitBlank(line.slice(MACRO.length).replace(/^[ \t\r]+/, ""));
    const attributes = decodeAttributes(named.rest);
    if (attributes === null || !NAME.test(named.first)) return null;
    return { glob: null, macro: named.first, attributes };
  }
  const attributes = decodeAttributes(rest);
  // A pattern that negates is none here.
  const glob = first.startsWith("!") ? null : parseGlob(first);
  if (attributes === null || glob === null) return null;
  return { glob, macro: null, attributes };
}

/** Null when one of them cannot be: the whole line counts for nothing then. */
function decodeAttributes(text: string): GitAttribute[] | null {
  const attributes: GitAttribute[] = [];
  for (const word of text.split(/[ \t\r]+/)) {
    if (word === "") continue;
    const sign = /^[-!]/.exec(word)?.[0] ?? "";
    const equals = word.indexOf("=");
    const isSet = sign === "" && equals >= 0;
    const name = word.slice(sign.length, equals < 0 ? undefined : equals);
    if (!NAME.test(name)) return null;
    const value = isSet
      ? word.slice(equals + 1)
      : { "": true, "-": false, "!": null }[sign]!;
    attributes.push({ name, value });
  }
  return attributes;
}

function splitBlank(line: string): { first: string; rest: string } {
  const first = /^[^ \t\r]*/.exec(line)![0];
  return { first, rest: line.slice(first.length) };
}

/** A pattern in quotes, as C writes it; null when it is not closed. */
function unquote(line: string): { first: string; rest: string } | null {
  const quoted = /^"((?:[^"\\]|\\.)*)"/.exec(line);
  if (quoted === null) return null;
  const first = quoted[1]!.replace(
    /\\([0-3][0-7]{2}|.)/g,
    (_, what: string) =>
      what.length === 3
        ? String.fromCharCode(parseInt(what, 8))
        : ESCAPES[what] ?? what,
  );
  return { first, rest: line.slice(quoted[0].length) };
}
