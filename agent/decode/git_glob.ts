/**
 * Patterns of paths as `.gitattributes` has them, matched in time that grows
 * with the length of the pattern times that of the path, and no faster.
 *
 * @see gitignore(5), "PATTERN FORMAT"
 * @module
 */

/** A pattern that was read, matched by {@linkcode matchesGlob}. */
export type GitGlob =
  | { readonly kind: "all" }
  /** A name, in any directory. */
  | { readonly kind: "name"; readonly name: string }
  /** What a name ends with. */
  | { readonly kind: "suffix"; readonly suffix: string }
  | { readonly kind: "path"; readonly path: string }
  | {
    readonly kind: "parts";
    /** Whether it is of the last part only, in any directory. */
    readonly isName: boolean;
    /** What stands before the first wildcard; the parts are of what follows. */
    readonly prefix: string;
    readonly parts: readonly GlobPart[];
  };

/** Between two slashes; null is any number of parts: `**`. */
type GlobPart = readonly GlobToken[] | null;
/** A byte, one of a class, any one, or any number of any. */
type GlobToken = number | Uint8Array | "?" | "*";

/** How much work may still be done; a million steps are some milliseconds. */
export interface GlobBudget {
  steps: number;
}

/** As git has it: a longer line counts for nothing. */
const MAX_PATTERN_BYTES = 2048;
const SLASH = 0x2f;

/** POSIX names of classes, in the C locale. */
const NAMED: Readonly<Record<string, RegExp>> = {
  ...{ alnum: /[A-Za-z0-9]/, alpha: /[A-Za-z]/, digit: /[0-9]/ },
  ...{ lower: /[a-z]/, upper: /[A-Z]/, xdigit: /[0-9A-Fa-f]/ },
  ...{ blank: /[ \t]/, space: /[ \t\n\v\f\r]/, graph: /[!-~]/, print: /[ -~]/ },
  ...{ punct: /[!-/:-@[-`{-~]/, cntrl: /[^ -~\x80-\xff]/ },
};

/**
 * Reads a pattern.
 *
 * @param text A character for each byte.
 * @returns Null when it can match no file: broken, or of directories only.
 */
export function parseGlob(text: string): GitGlob | null {
  if (text.length > MAX_PATTERN_BYTES || text.endsWith("/")) return null;
  const isName = !text.includes("/");
  const pattern = text.startsWith("/") ? text.slice(1) : text;
  if (pattern === "") return null;
  if (isName && /^\*+$/.test(pattern)) return { kind: "all" };
  if (!/[*?[\\]/.test(pattern)) {
    return isName
      ? { kind: "name", name: pattern }
      : { kind: "path", path: pattern };
  }
  if (isName && /^\*[^*?[\\]+$/.test(pattern)) {
    return { kind: "suffix", suffix: pattern.slice(1) };
  }
  // To git `**` begins a part right behind this, too: `a**/b` matches `ab`.
  const prefix = isName ? "" : /^[^*?[\\]*/.exec(pattern)![0];
  const parts = parseParts(pattern.slice(prefix.length));
  return parts === null ? null : { kind: "parts", isName, prefix, parts };
}

/**
 * Whether a pattern matches a path.
 *
 * @param path Below the directory that the pattern is from, `/` between parts.
 * @param budget What is left of it, less with every call.
 * @returns Null when nothing was left to find out.
 */
export function matchesGlob(
  glob: GitGlob,
  { path, budget }: { readonly path: string; readonly budget: GlobBudget },
): boolean | null {
  if (budget.steps-- <= 0) return null;
  const nameAt = path.lastIndexOf("/") + 1;
  switch (glob.kind) {
    case "all":
      return true;
    case "name":
      return path.length - nameAt === glob.name.length &&
        path.endsWith(glob.name);
    case "suffix":
      return path.length - nameAt >= glob.suffix.length &&
        path.endsWith(glob.suffix);
    case "path":
      return path === glob.path;
    case "parts": {
      if (!path.startsWith(glob.prefix)) return false;
      const names = glob.isName
        ? [path.slice(nameAt)]
        : path.slice(glob.prefix.length).split("/");
      const isMatch = matchesParts(glob.parts, { names, budget });
      return budget.steps <= 0 ? null : isMatch;
    }
  }
}

function parseParts(pattern: string): GlobPart[] | null {
  const parts: GlobPart[] = [];
  let tokens: GlobToken[] = [];
  const end = () => {
    const isAny = tokens.length > 1 && tokens.every((token) => token === "*");
    parts.push(isAny ? null : tokens);
    tokens = [];
  };
  for (let at = 0; at < pattern.length; at++) {
    const char = pattern[at]!;
    if (char === "/") {
      end();
    } else if (char === "*" || char === "?") {
      tokens.push(char);
    } else if (char === "[") {
      const found = parseClass(pattern, at + 1);
      if (found === null) return null;
      tokens.push(found.members);
      at = found.last;
    } else {
      if (char === "\\" && ++at === pattern.length) return null;
      const code = pattern.charCodeAt(at);
      if (code === SLASH) end();
      else tokens.push(code);
    }
  }
  end();
  return parts;
}

/** From behind the bracket; where the one that closes it is. */
function parseClass(
  pattern: string,
  from: number,
): { members: Uint8Array; last: number } | null {
  const isNegated = pattern[from] === "!" || pattern[from] === "^";
  const first = from + (isNegated ? 1 : 0);
  const members = new Uint8Array(256);
  let before: number | null = null;
  for (let at = first; at < pattern.length; at++) {
    if (pattern[at] === "]" && at > first) {
      if (isNegated) members.forEach((is, code) => members[code] = 1 - is);
      return { members, last: at };
    }
    const named = /^\[:([a-z]*):\]/.exec(pattern.slice(at, at + 12));
    if (named !== null) {
      const meant = Object.hasOwn(NAMED, named[1]!) ? NAMED[named[1]!]! : null;
      if (meant === null) return null;
      for (let code = 0; code < 256; code++) {
        if (meant.test(String.fromCharCode(code))) members[code] = 1;
      }
      at += named[0].length - 1;
      before = null;
      continue;
    }
    const isRange: boolean = pattern[at] === "-" && before !== null &&
      at + 1 < pattern.length && pattern[at + 1] !== "]";
    if (isRange) at++;
    if (pattern[at] === "\\") at++;
    const code = pattern.charCodeAt(at) & 0xff;
    members.fill(1, isRange ? before! : code, code + 1);
    before = isRange ? null : code;
  }
  return null;
}

function matchesParts(
  parts: readonly GlobPart[],
  { names, budget }: {
    readonly names: readonly string[];
    readonly budget: GlobBudget;
  },
): boolean {
  let part = 0;
  let name = 0;
  let retryPart = -1;
  let retryName = 0;
  while (name < names.length) {
    if (budget.steps-- <= 0) return false;
    const tokens = parts[part];
    if (tokens === null) {
      // At the end, `**` is everything that is left.
      if (part === parts.length - 1) return true;
      retryPart = ++part;
      retryName = name;
      continue;
    }
    const one = { name: names[name]!, budget };
    if (tokens !== undefined && matchesName(tokens, one)) {
      part++;
      name++;
      continue;
    }
    // What an earlier `**` stood for is settled by the first way to match on.
    if (retryPart < 0) return false;
    part = retryPart;
    name = ++retryName;
  }
  return part === parts.length;
}

function matchesName(
  tokens: readonly GlobToken[],
  { name, budget }: { readonly name: string; readonly budget: GlobBudget },
): boolean {
  let token = 0;
  let at = 0;
  let retryToken = -1;
  let retryAt = 0;
  while (at < name.length) {
    if (budget.steps-- <= 0) return false;
    const wanted = tokens[token];
    if (wanted === "*") {
      retryToken = ++token;
      retryAt = at;
      continue;
    }
    if (wanted !== undefined && isOne(wanted, name.charCodeAt(at))) {
      token++;
      at++;
      continue;
    }
    if (retryToken < 0) return false;
    token = retryToken;
    at = ++retryAt;
  }
  while (tokens[token] === "*") token++;
  return token === tokens.length;
}

function isOne(wanted: Exclude<GlobToken, "*">, code: number): boolean {
  if (wanted === "?") return true;
  return typeof wanted === "number" ? wanted === code : wanted[code] === 1;
}
