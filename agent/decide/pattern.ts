/**
 * Host patterns, matched in time linear in pattern and name.
 *
 * A pattern comes from a policy and a name from the network: neither may make
 * the packet thread wait, so there is no backtracking and no regular
 * expression made from input.
 *
 * @module
 */

/**
 * Whether a host pattern names a host.
 *
 * `*.` in front stands for one label or more; a `*` elsewhere stays within its
 * label and may be empty, and a label that is only `*` is exactly one label.
 *
 * @param pattern Lower case, without the last dot, as `parseEndpoint` gives it.
 * @param name Lower case, without the last dot.
 * @returns True when the whole name matches.
 *
 * @example Any depth, but not the apex
 * ```ts
 * import assert from "node:assert/strict";
 * import { matchHost } from "./pattern.ts";
 *
 * assert.equal(matchHost("*.a.example", "x.y.a.example"), true);
 * assert.equal(matchHost("*.a.example", "a.example"), false);
 * ```
 */
export function matchHost(pattern: string, name: string): boolean {
  if (!pattern.includes("*")) return pattern === name;
  const anyDepth = pattern.startsWith("*.");
  const first = anyDepth ? 2 : 0;
  let patternEnd = pattern.length;
  let nameEnd = name.length;
  // From the right, because there every label of the pattern has one place.
  for (;;) {
    const patternStart = Math.max(first, startOfLabel(pattern, patternEnd));
    const nameStart = startOfLabel(name, nameEnd);
    const wanted = pattern.slice(patternStart, patternEnd);
    if (!matchLabel(wanted, name.slice(nameStart, nameEnd))) return false;
    if (patternStart === first) {
      return anyDepth ? nameStart > 1 : nameStart === 0;
    }
    if (nameStart === 0) return false;
    patternEnd = patternStart - 1;
    nameEnd = nameStart - 1;
  }
}

function startOfLabel(text: string, end: number): number {
  return end <= 0 ? 0 : text.lastIndexOf(".", end - 1) + 1;
}

/**
 * Whether one label is what a pattern says; `*` alone is any but an empty one.
 *
 * @param pattern With `*` for any number of characters.
 */
export function matchLabel(pattern: string, label: string): boolean {
  if (pattern === "*") return label.length > 0;
  if (!pattern.includes("*")) return pattern === label;
  const parts = pattern.split("*");
  const head = parts[0]!;
  const tail = parts.at(-1)!;
  const end = label.length - tail.length;
  if (end < head.length) return false;
  if (!label.startsWith(head) || !label.endsWith(tail)) return false;
  // The leftmost place is always good enough: what comes later only gets more
  // room from it.
  let at = head.length;
  for (const part of parts.slice(1, -1)) {
    at = findAfter(part, label, { at, end });
    if (at < 0) return false;
  }
  return true;
}

/**
 * Where the leftmost `part` inside `text[at, end)` ends, or -1.
 *
 * Knuth, Morris and Pratt's search: `String.indexOf` may take the product of
 * the two lengths.
 */
function findAfter(
  part: string,
  text: string,
  options: { readonly at: number; readonly end: number },
): number {
  if (part.length === 0) return options.at;
  const borders = bordersOf(part);
  let matched = 0;
  for (let at = options.at; at < options.end; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && part.charCodeAt(matched) !== unit) {
      matched = borders[matched - 1]!;
    }
    if (part.charCodeAt(matched) === unit) matched++;
    if (matched === part.length) return at + 1;
  }
  return -1;
}

/** For each prefix, the length of its longest proper border. */
function bordersOf(part: string): Uint32Array {
  const borders = new Uint32Array(part.length);
  let length = 0;
  for (let at = 1; at < part.length; at++) {
    const unit = part.charCodeAt(at);
    while (length > 0 && part.charCodeAt(length) !== unit) {
      length = borders[length - 1]!;
    }
    if (part.charCodeAt(length) === unit) length++;
    borders[at] = length;
  }
  return borders;
}
