/**
 * Globs of files, matched without backtracking.
 *
 * A glob comes from a policy and a path from a build: neither may make the
 * process thread wait. The names of a path are matched as the labels of a host
 * are, so the time is linear in the path for each name of the glob.
 *
 * @module
 */
import { matchLabel } from "./pattern.ts";
import { quote, Refusal } from "./refusal.ts";

/** A glob that can be matched. */
export interface Glob {
  /** Whether it is of the whole path, and not of what is below a work space. */
  readonly isAbsolute: boolean;
  /** The names between one `**` and the next, a character for each byte. */
  readonly groups: readonly (readonly string[])[];
}

const ANY_DEPTH = "**";
const ENCODER = new TextEncoder();
/** <linux/limits.h>: PATH_MAX. */
const MAX_GLOB_BYTES = 4096;

/** What cannot be meant, and what to write instead. */
const MISTAKES: readonly (readonly [RegExp, string, string])[] = [
  [/^$|\0/, "is no path", "Write a path such as dist/**"],
  [/^!/, "begins with !, nothing is taken out", "Name what is meant alone"],
  [
    /^~(?:\/|$)/,
    "begins with ~, which is nobody's home here",
    "Write the path from / on",
  ],
  [/\?/, "holds ?, which stands for nothing here", "Write * in its place"],
  [
    /\{[^{}/]*,/,
    "holds alternatives in braces, one path is needed",
    "Write an entry for each",
  ],
  [/.\/$|^\/$/, "ends with /", "Write ** behind it, for all that is below"],
  [/\/\//, "holds a name that is empty", "Write one / between two names"],
  [
    /(?:^|\/)\.{1,2}(?:\/|$)/,
    "holds the name . or ..",
    "Write the path from the work space, or from /",
  ],
  [
    /[^/]\*\*|\*\*[^/]/,
    "holds ** beside something else, ** is a whole name",
    "Write **/*.ts for a name at any depth",
  ],
];

/**
 * Reads a glob: `*` stands for any part of one name, `**` for any number of
 * whole names, everything else for itself.
 *
 * A `**` at the end is one name at least: `dist/**` is what is below `dist`.
 *
 * @throws {Refusal} For what cannot be meant.
 */
export function parseGlob(text: string): Glob {
  for (const [mistake, why, hint] of MISTAKES) {
    if (mistake.test(text)) throw new Refusal(`${quote(text)} ${why}`, hint);
  }
  const bytes = ENCODER.encode(text);
  if (bytes.length > MAX_GLOB_BYTES) {
    throw new Refusal(
      `${quote(text)} has ${bytes.length} bytes, no path has over ` +
        `${MAX_GLOB_BYTES}`,
      "Write ** in place of names",
    );
  }
  const isAbsolute = text.startsWith("/");
  const path = String.fromCharCode(...bytes);
  const names = path.slice(isAbsolute ? 1 : 0).split("/");
  if (names.at(-1) === ANY_DEPTH) names.push("*");
  const groups: string[][] = [[]];
  for (const name of names) {
    if (name === ANY_DEPTH) groups.push([]);
    else groups.at(-1)!.push(name);
  }
  return { isAbsolute, groups };
}

/**
 * Whether a glob names a path.
 *
 * @param path Without a `/` in front, a character for each byte.
 *
 * @example All below a directory, but not the directory
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchGlob, parseGlob } from "./glob.ts";
 *
 * const glob = parseGlob("dist/**");
 * assert.equal(matchGlob(glob, "dist/a/b.js"), true);
 * assert.equal(matchGlob(glob, "dist"), false);
 * ```
 */
export function matchGlob({ groups }: Glob, path: string): boolean {
  const names = path.split("/");
  const head = groups[0]!;
  if (groups.length === 1) {
    return head.length === names.length && matchAt(head, names, 0);
  }
  const tail = groups.at(-1)!;
  const end = names.length - tail.length;
  if (end < head.length) return false;
  if (!matchAt(head, names, 0) || !matchAt(tail, names, end)) return false;
  // The leftmost place is always good enough: what comes later only gets more
  // room from it.
  let at = head.length;
  for (const group of groups.slice(1, -1)) {
    while (at + group.length <= end && !matchAt(group, names, at)) at++;
    at += group.length;
    if (at > end) return false;
  }
  return true;
}

function matchAt(
  group: readonly string[],
  names: readonly string[],
  at: number,
): boolean {
  return group.every((wanted, index) => matchLabel(wanted, names[at + index]!));
}
