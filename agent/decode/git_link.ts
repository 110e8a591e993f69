/**
 * The small files by which one of git's directories leads to another: `.git` of
 * a submodule or a further work tree, `commondir`, `alternates`.
 *
 * Paths have a character for each byte, and are as they are written: absolute,
 * or relative to a place that each function names.
 *
 * @see gitrepository-layout(5)
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** What a `.git` file begins with. */
const LINK = "gitdir: ";
/** Deeper chains of alternates and more of them are not followed. */
const MAX_ALTERNATES = 64;
/** In quoted paths, as C writes them; three digits are a byte. */
const ESCAPES: Readonly<Record<string, string>> = {
  ...{ a: "\x07", b: "\b", t: "\t", n: "\n", v: "\v", f: "\f", r: "\r" },
  ...{ '"': '"', "\\": "\\" },
};

/**
 * Where a `.git` file leads.
 *
 * @returns Relative to the directory that the file is in.
 */
export function decodeGitLink(text: string): Decoded<string> {
  if (!text.startsWith(LINK)) return refuse("link has no `gitdir: `");
  return decodePath(text.slice(LINK.length));
}

/**
 * Where a file `commondir` leads.
 *
 * @returns Relative to the directory that the file is in.
 */
export function decodeCommonDirectory(text: string): Decoded<string> {
  return decodePath(text);
}

/**
 * Further directories of objects.
 *
 * @param text The file `info/alternates` of a directory of objects.
 * @returns Relative to that directory of objects.
 */
export function decodeAlternates(text: string): readonly string[] {
  const paths: string[] = [];
  for (const line of text.split("\n")) {
    if (line === "" || line.startsWith("#")) continue;
    const path = line.startsWith('"') ? unquote(line) : line;
    if (path === null || path === "" || path.includes("\0")) continue;
    if (paths.push(path) === MAX_ALTERNATES) break;
  }
  return paths;
}

function decodePath(text: string): Decoded<string> {
  const value = text.replace(/[\r\n]+$/, "");
  if (value === "") return refuse("link leads nowhere");
  if (value.includes("\0")) return refuse("link has a NUL in it");
  return { ok: true, value };
}

function unquote(line: string): string | null {
  const inner = /^"((?:[^"\\]|\\.)*)"$/s.exec(line)?.[1];
  if (inner === undefined) return null;
  return inner.replace(
    /\\([0-3][0-7]{2}|.)/gs,
    (_, what: string) =>
      what.length === 3
        ? String.fromCharCode(parseInt(what, 8))
        : ESCAPES[what] ?? what,
  );
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git ${why}` };
}
