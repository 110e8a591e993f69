/**
 * Bullfrog's `with:` in Sluice's words.
 *
 * Bullfrog allows a name or an address on every port, asks for no mode but
 * `audit`, and has no word for what Sluice calls an endpoint.
 *
 * @module
 */
import { isMap, isScalar, type Pair, type Scalar, type YAMLMap } from "yaml";
import { quote } from "../decide/refusal.ts";
import { type Edit, endOfLine, startOfLine } from "./edits.ts";
import { type GuardStep, keyOf } from "./guard_steps.ts";
import { bodyOf, literalOf, respell } from "./scalar_words.ts";

/** What is to be changed, and what the author should hear of. */
export interface Rewriting {
  readonly edits: readonly Edit[];
  readonly notes: readonly string[];
  /** Why nothing can be; null when it can. */
  readonly why: string | null;
}

/** What each list becomes: an address is allowed for every protocol. */
const LISTS: Readonly<Record<string, (word: string) => string>> = {
  "allowed-domains": (word) => `${word}:*`,
  "allowed-ips": (word) => `${word}:* ${word}:*/udp`,
};

/** Changes the inputs of one step. */
export function rewriteBullfrog(text: string, step: GuardStep): Rewriting {
  const end = text.includes("\r\n") ? "\r\n" : "\n";
  if (step.step.flow) return refuse("the step is written in braces");
  if (step.with === null) {
    const indent = indentOf(text, step.uses);
    const lines = [`${indent}with:`, `${indent}  egress-policy: audit`];
    return done([insertBehind(text, { pair: step.uses, lines, end })]);
  }
  const map = step.with.value;
  if (isMap(map) && map.flow) return refuse("with: is written in braces");
  if (!isMap(map)) {
    const indent = `${indentOf(text, step.with)}  `;
    const lines = [`${indent}egress-policy: audit`];
    return done([insertBehind(text, { pair: step.with, lines, end })]);
  }
  return rewriteMap(text, { map, end });
}

function rewriteMap(
  text: string,
  { map, end }: { readonly map: YAMLMap; readonly end: string },
): Rewriting {
  const edits: Edit[] = [];
  const notes: string[] = [];
  const named = (name: string) =>
    map.items.find((pair) => keyOf(pair)?.toLowerCase() === name);
  const lists = Object.keys(LISTS).flatMap((name) => named(name) ?? []);
  const listed = rewriteLists(text, { lists, end });
  if (listed === null) return refuse("a list is no text");
  edits.push(...listed);
  if (lists.some(({ value }) => String(value).includes("${{"))) {
    notes.push(
      "an expression stays as it is: without a port, what it names is allowed on 443",
    );
  }
  for (const pair of map.items) {
    const name = keyOf(pair)?.toLowerCase() ?? "";
    const value = isScalar(pair.value) ? String(pair.value.value) : "";
    if (name === "egress-policy" || name in LISTS) continue;
    if (name === "enable-sudo" && value.includes("${{")) {
      return refuse(
        "enable-sudo is an expression: write disable-sudo yourself",
      );
    }
    if (name === "enable-sudo" && value === "false") {
      edits.push(replace(pair.key as Scalar, "disable-sudo"));
      edits.push(replace(pair.value as Scalar, "true"));
      continue;
    }
    if (name === "dns-policy" && value === "any") {
      notes.push(
        "dns-policy: any is gone, a name is looked up when it is allowed",
      );
    }
    edits.push(removal(text, pair));
    notes.push(`${quote(name)} is gone, Sluice needs no such input`);
  }
  if (named("egress-policy") === undefined) {
    const [first] = map.items;
    const from = startOfLine(text, (first!.key as Scalar).range![0]);
    const line = `${indentOf(text, first!)}egress-policy: audit${end}`;
    edits.push({ from, to: from, text: line });
  }
  return { edits, notes, why: null };
}

/** Makes one list of two; null when one of them is no text. */
function rewriteLists(
  text: string,
  { lists, end }: { readonly lists: readonly Pair[]; readonly end: string },
): Edit[] | null {
  const [first, second] = lists;
  if (first === undefined) return [];
  if (lists.some(({ value }) => !isScalar(value))) return null;
  const respellOf = (pair: Pair) => LISTS[keyOf(pair)!.toLowerCase()]!;
  const key = replace(first.key as Scalar, "allowed-endpoints");
  const value = first.value as Scalar;
  const body = bodyOf(text, value);
  const indent = `${indentOf(text, first)}  `;
  if (body === null || (second !== undefined && !body.isBlock)) {
    const lines = lists.flatMap((pair) =>
      respell(String((pair.value as Scalar).value), respellOf(pair))
        .split(/\s*\n\s*/).filter((line) => line !== "")
    );
    const at = { from: value.range![0], to: value.range![1] };
    // Below the header it would be one of the words.
    const comment = /^[^\r\n]*/.exec(text.slice(at.to))![0].trimEnd();
    const put = literalOf(lines, { comment, indent, end });
    const edits = [key, {
      from: at.from,
      to: at.to + comment.length,
      text: put,
    }];
    return second === undefined ? edits : [...edits, removal(text, second)];
  }
  const edits = [key, {
    from: body.from,
    to: body.to,
    text: respell(text.slice(body.from, body.to), respellOf(first)),
  }];
  if (second === undefined) return edits;
  const lines = respell(
    String((second.value as Scalar).value),
    respellOf(second),
  ).split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const put = lines.map((line) => `${body.indent}${line}${end}`).join("");
  const at = edits[1]!;
  const isWhole = at.text.endsWith("\n");
  return [
    key,
    { ...at, text: `${at.text}${isWhole ? "" : end}${put}` },
    removal(text, second),
  ];
}

/** A scalar, or what it is written as. */
function replace({ range }: Scalar, text: string): Edit {
  return { from: range![0], to: range![1], text };
}

/** A pair's lines; blank lines behind a block belong to what follows. */
function removal(text: string, pair: Pair): Edit {
  const from = startOfLine(text, (pair.key as Scalar).range![0]);
  return { from, to: endOfPair(text, pair), text: "" };
}

function endOfPair(text: string, pair: Pair): number {
  const key = pair.key as Scalar;
  const value = pair.value as Scalar | null;
  const valueEnd = Math.max(key.range![1], value?.range?.[1] ?? 0);
  const solid = text.slice(0, valueEnd).trimEnd().length;
  return endOfLine(text, Math.max(solid, key.range![1]));
}

function insertBehind(
  text: string,
  { pair, lines, end }: {
    readonly pair: Pair;
    readonly lines: readonly string[];
    readonly end: string;
  },
): Edit {
  const at = endOfPair(text, pair);
  const isOpen = text[at - 1] !== "\n";
  const put = lines.map((line) => `${line}${end}`).join("");
  return { from: at, to: at, text: isOpen ? `${end}${put}` : put };
}

/** As many spaces as stand before a key, a list's dash among them. */
function indentOf(text: string, pair: Pair): string {
  const at = (pair.key as Scalar).range![0];
  return " ".repeat(at - startOfLine(text, at));
}

function done(edits: readonly Edit[]): Rewriting {
  return { edits, notes: [], why: null };
}

function refuse(why: string): Rewriting {
  return { edits: [], notes: [], why };
}
