/**
 * Files of git's settings.
 *
 * A setting is text that anybody may have put into a repository; which ones
 * count is for the caller, and none that names a program may.
 *
 * @see git-config(1), "Syntax"
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** One setting. */
export interface GitSetting {
  /**
   * `section.key` in lower case; a subsection stands between, as written. A key
   * before any section stands alone.
   */
  readonly name: string;
  /** Null for a key without `=`, which means yes. */
  readonly value: string | null;
}

const SECTION = /\[([A-Za-z0-9.-]+)(?:[ \t]+"((?:[^"\\\n]|\\[^\n])*)")?\]/y;
const KEY = /([A-Za-z][A-Za-z0-9-]*)[ \t]*/y;
const COMMENT = /[#;][^\n]*/y;
const SPACE = /[ \t\n\v\f\r]*/y;
const ESCAPED: Readonly<Record<string, string>> = {
  ...{ t: "\t", b: "\b", n: "\n", "\\": "\\", '"': '"', "\n": "" },
};

/**
 * Decodes one file.
 *
 * @param text Any characters; those that decoders of paths take are kept.
 * @returns The settings in their order, of which the last of a name counts; or
 * why git itself would not go on with this file.
 *
 * @example A key without a value, and one in a subsection
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeGitConfig } from "./git_config.ts";
 *
 * const text = '[Core]\n\tbare\n[filter "Lfs"] required = "tr"ue # yes\n';
 * assert.deepEqual(decodeGitConfig(text), {
 *   ok: true,
 *   value: [
 *     { name: "core.bare", value: null },
 *     { name: "filter.Lfs.required", value: "true" },
 *   ],
 * });
 * ```
 */
export function decodeGitConfig(
  text: string,
): Decoded<readonly GitSetting[]> {
  // Only before a line feed is a carriage return nothing to git.
  const source = text.replace(/^(?:\ufeff|\u00ef\u00bb\u00bf)/, "")
    .replaceAll("\r\n", "\n");
  const settings: GitSetting[] = [];
  let section = "";
  for (let at = skip(source, { pattern: SPACE, at: 0 }); at < source.length;) {
    const comment = match(source, { pattern: COMMENT, at });
    const header = match(source, { pattern: SECTION, at });
    const key = match(source, { pattern: KEY, at });
    if (comment !== null) {
      at = COMMENT.lastIndex;
    } else if (header !== null) {
      section = `${nameSection(header)}.`;
      at = SECTION.lastIndex;
    } else if (key !== null) {
      const value = readValue(source, KEY.lastIndex);
      if (value === null) return refuse("has a value that is not closed");
      const name = section + key[1]!.toLowerCase();
      settings.push({ name, value: value.text });
      at = value.next;
    } else {
      return refuse("has a line that is no setting");
    }
    at = skip(source, { pattern: SPACE, at });
  }
  return { ok: true, value: settings };
}

/**
 * What a yes or no means.
 *
 * @returns Null when git would not take it for either.
 */
export function readGitBoolean(value: string | null): boolean | null {
  if (value === null || /^(?:true|yes|on)$/i.test(value)) return true;
  if (value === "" || /^(?:false|no|off)$/i.test(value)) return false;
  const number = /^[+-]?([0-9]{1,10})[kmg]?$/i.exec(value)?.[1];
  return number === undefined ? null : Number(number) !== 0;
}

function nameSection(header: RegExpExecArray): string {
  const name = header[1]!.toLowerCase();
  const subsection = header[2]?.replace(/\\(.)/g, "$1");
  return subsection === undefined ? name : `${name}.${subsection}`;
}

/** From behind the key; null when git would refuse it. */
function readValue(
  source: string,
  from: number,
): { text: string | null; next: number } | null {
  if (from >= source.length || source[from] === "\n") {
    return { text: null, next: from };
  }
  if (source[from] !== "=") return null;
  const parts: string[] = [];
  // White space counts only when something follows it.
  let spaces = "";
  let isQuoted = false;
  let at = from + 1;
  for (; at < source.length && source[at] !== "\n"; at++) {
    let char = source[at]!;
    if (!isQuoted && /[ \t\v\f\r]/.test(char)) {
      if (parts.length > 0) spaces += char;
      continue;
    }
    if (!isQuoted && (char === ";" || char === "#")) {
      const end = source.indexOf("\n", at);
      at = end < 0 ? source.length : end;
      break;
    }
    if (char === '"') {
      isQuoted = !isQuoted;
      continue;
    }
    if (char === "\\") {
      const escaped: string | undefined = ESCAPED[source[++at] ?? ""];
      if (escaped === undefined) return null;
      char = escaped;
    }
    parts.push(spaces, char);
    spaces = "";
  }
  return isQuoted ? null : { text: parts.join(""), next: at };
}

function match(
  source: string,
  { pattern, at }: { readonly pattern: RegExp; readonly at: number },
): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(source);
}

function skip(
  source: string,
  where: { readonly pattern: RegExp; readonly at: number },
): number {
  return where.at + match(source, where)![0].length;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git config ${why}` };
}
