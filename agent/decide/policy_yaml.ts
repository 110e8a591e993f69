/**
 * YAML to plain values that remember where they stood.
 *
 * Only what a policy needs: mappings, lists and scalars. Anchors, aliases, tags
 * and merge keys make a file mean more than it shows, so they are refused.
 *
 * @module
 */
import {
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseDocument,
  type YAMLError,
  type YAMLMap,
} from "yaml";
import { makeVisible, quote } from "./refusal.ts";

/** Something in the file that must be changed. */
export interface Problem {
  /** Offset in UTF-16 code units from the start of the text. */
  readonly offset: number;
  /** The state found, then the state wanted. */
  readonly why: string;
  /** What to write instead. */
  readonly hint: string;
}

/** From the top: keys of mappings, indices of lists. */
export type Path = readonly (string | number)[];

/** A document as plain data. */
export interface YamlDocument {
  /** Null, boolean, number, string, array, or object without a prototype. */
  readonly value: unknown;
  /** Empty when the value is the whole of what the file says. */
  readonly problems: readonly Problem[];
  /** Where a value or its key begins, or what holds it when it is missing. */
  offsetOf(path: Path, part?: "key" | "value"): number;
  /** Line and column of an offset, both from 1. */
  placeOf(offset: number): { readonly line: number; readonly column: number };
}

/** A policy has four levels; the parser itself stops only by a full stack. */
const MAX_DEPTH = 8;

/** What a walk through the tree gathers. */
interface Walk {
  readonly offsets: Map<string, number>;
  readonly problems: Problem[];
}

/** One node's place in the walk. */
interface Step {
  readonly walk: Walk;
  readonly path: Path;
  /** Of its parent, for a node that has no text of its own. */
  readonly offset: number;
}

/**
 * Reads one YAML document.
 *
 * @param text At most as long as the caller lets a policy be: the time is
 * linear in it, about two seconds for the worst mebibyte.
 * @returns The value and what is wrong with it; nothing is thrown.
 */
export function readYaml(text: string): YamlDocument {
  const lines = new LineCounter();
  const walk: Walk = { offsets: new Map(), problems: [] };
  const value = readTree(text, { lines, walk });
  return {
    value,
    problems: walk.problems,
    offsetOf(path, part = "value") {
      const exact = walk.offsets.get(keyOf(path, part));
      if (exact !== undefined) return exact;
      return path.length === 0 ? 0 : this.offsetOf(path.slice(0, -1));
    },
    placeOf(offset) {
      const { line, col } = lines.linePos(offset);
      return { line: Math.max(line, 1), column: Math.max(col, 1) };
    },
  };
}

function readTree(
  text: string,
  into: { readonly lines: LineCounter; readonly walk: Walk },
): unknown {
  const { lines, walk } = into;
  try {
    // The library compares each key with each other one; we keep a set.
    const options = { uniqueKeys: false, prettyErrors: false };
    const document = parseDocument(text, { lineCounter: lines, ...options });
    const { errors, warnings, directives, contents } = document;
    // What follows the first error is mostly its consequence.
    const [error] = [...errors, ...warnings];
    if (error !== undefined) walk.problems.push(describeError(error));
    if (directives?.yaml.explicit || text.startsWith("%")) {
      walk.problems.push({
        offset: 0,
        why: "the file has a YAML directive, a policy needs none",
        hint: "Remove the line that begins with %",
      });
    }
    if (walk.problems.length > 0) return null;
    return toPlain(contents, { walk, path: [], offset: 0 });
  } catch (error) {
    // The parser calls itself for each level of what it reads.
    if (!(error instanceof RangeError)) throw error;
    walk.problems.push(tooDeep(0));
    return null;
  }
}

function describeError(error: YAMLError): Problem {
  const message = makeVisible(error.message);
  const why = `the YAML is not valid: ${message}`;
  const offset = error.pos[0];
  // Its own words for what some stacks make it throw.
  if (/call stack/.test(message)) return tooDeep(offset);
  switch (error.code) {
    case "TAB_AS_INDENT":
      return { offset, why, hint: "Indent with spaces" };
    case "MULTIPLE_DOCS":
      return {
        offset,
        why: "the file holds several documents, one is needed",
        hint: "Remove the line --- and what follows it",
      };
    default: {
      const hint =
        'Write key: value, lists as "- value", and put values that hold * : [ { # in quotes';
      return { offset, why, hint };
    }
  }
}

function toPlain(node: unknown, step: Step): unknown {
  const { walk, path } = step;
  const offset = (node as Node | null)?.range?.[0] ?? step.offset;
  walk.offsets.set(keyOf(path), offset);
  if (path.length > MAX_DEPTH) {
    walk.problems.push(tooDeep(offset));
    return null;
  }
  const hidden = describeHidden(node as Node | null);
  if (hidden !== null) {
    walk.problems.push({ offset, ...hidden });
    return null;
  }
  if (isScalar(node)) return node.value;
  if (isMap(node)) return toObject(node, { walk, path, offset });
  if (!isSeq(node)) return null;
  return node.items.map((item, index) =>
    toPlain(item, { walk, path: [...path, index], offset })
  );
}

function toObject(map: YAMLMap, step: Step): unknown {
  const { walk } = step;
  // Without a prototype, so that a key such as __proto__ is only a key.
  const object: Record<string, unknown> = Object.create(null);
  for (const pair of map.items) {
    const key = readKey(pair, step);
    if (key === null) continue;
    const path = [...step.path, key];
    const offset = (pair.key as Node).range![0];
    if (Object.hasOwn(object, key)) {
      walk.problems.push({
        offset,
        why: `the key ${quote(key)} stands here twice, once is needed`,
        hint: "Join the two, or remove one",
      });
      continue;
    }
    object[key] = toPlain(pair.value, { walk, path, offset });
    walk.offsets.set(keyOf(path, "key"), offset);
  }
  return object;
}

function readKey(pair: Pair, step: Step): string | null {
  const { walk } = step;
  const key = pair.key as Node | null;
  const offset = key?.range?.[0] ?? step.offset;
  const hidden = describeHidden(key);
  if (hidden !== null) walk.problems.push({ offset, ...hidden });
  else if (!isScalar(key) || typeof key.value !== "string") {
    walk.problems.push({
      offset,
      why: "a key is no text, the name of a setting is needed",
      hint: "Write key: value",
    });
  } else if (key.value === "<<") {
    walk.problems.push({
      offset,
      why: "a merge key takes settings from elsewhere, none may",
      hint: "Write the settings out",
    });
  } else return key.value;
  return null;
}

/** What a node has beside its own text. */
function describeHidden(
  node: Node | null,
): Pick<Problem, "why" | "hint"> | null {
  if (node === null) return null;
  if (isAlias(node)) {
    const text = `*${node.source}`;
    return {
      why: `${quote(text)} without quotes is a YAML alias, none may be used`,
      hint: `For a pattern write it in quotes: ${quote(text)}`,
    };
  }
  if (node.tag === undefined && node.anchor === undefined) return null;
  const found = node.anchor === undefined
    ? "a tag"
    : `the anchor ${quote(`&${node.anchor}`)}`;
  return {
    why: `${found} stands before a value, none may be used`,
    hint: "Remove it, or put the whole value in quotes",
  };
}

function tooDeep(offset: number): Problem {
  return {
    offset,
    why: `the YAML is nested too deep, at most ${MAX_DEPTH} levels are read`,
    hint: "Write allow and deny as flat lists",
  };
}

/** No two paths share a key, whatever their parts hold. */
function keyOf(path: Path, part: "key" | "value" = "value"): string {
  return JSON.stringify([part, ...path]);
}
