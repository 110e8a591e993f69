/**
 * What is wrong with the shape of a policy, in the words of its author.
 *
 * @module
 */
import { nearestWord } from "./nearest.ts";
import { knownKeys, type ShapeIssue } from "./policy_shape.ts";
import type { Path, Problem, YamlDocument } from "./policy_yaml.ts";
import { quote } from "./refusal.ts";

/** By the end of the schema's messages: what to write then. */
const HINTS: readonly (readonly [string, string])[] = [
  ["a list is needed", 'Write each value on its own line, behind "- "'],
  ["settings are needed", "Write key: value below it, indented"],
  ["an endpoint is needed", "Write host:port in quotes, or { host: … }"],
  ["a path is needed", "Write { path: src/**, process: /usr/bin/tool }"],
  ["a number or * is needed", 'Write 443 without quotes, or "*"'],
  ["an absolute path is needed", "Write the whole path: /usr/bin/curl"],
  ["hexadecimal digits are needed", "Write what sha256sum prints, in quotes"],
  ["1 is needed", "Write version: 1 as the first line"],
  ["true or false is needed", "Write true or false without quotes"],
];

/**
 * Turns a finding of the schema into a problem of the file.
 *
 * @param issue One of `parseShape`.
 * @param document Where the value comes from.
 * @returns Place, reason and hint.
 */
export function describeIssue(
  issue: ShapeIssue,
  document: YamlDocument,
): Problem {
  const path = (issue.path ?? []).map((item) => item.key as string | number);
  if (issue.type === "strict_object" && issue.expected === "never") {
    const offset = document.offsetOf(path, "key");
    return { offset, ...describeUnknownKey(path) };
  }
  const offset = document.offsetOf(path);
  const shown = path.length === 0 ? "the policy" : showPath(path);
  const missing = issue.type === "strict_object" && issue.input === undefined;
  // Only version, and the path of an allowance, have no default.
  const why = missing
    ? `${shown} is missing, ${path.length === 1 ? "1" : "a path"} is needed`
    : `${shown} is ${showValue(issue.input)}, ${issue.message}`;
  return { offset, why, hint: hintFor(why, issue) };
}

function describeUnknownKey(path: Path): Pick<Problem, "why" | "hint"> {
  const key = String(path.at(-1));
  const known = knownKeys(path.slice(0, -1));
  const nearest = nearestWord(key, known);
  return {
    why: `${quote(key)} is no key that is known here`,
    hint: nearest === null
      ? `Use one of ${known.join(", ")}`
      : `Write ${nearest}`,
  };
}

function hintFor(why: string, issue: ShapeIssue): string {
  // The library lists the literals of a choice: ("audit" | "block").
  const choices = [...(issue.expected ?? "").matchAll(/"(\w+)"/g)]
    .map((match) => match[1]!);
  if (typeof issue.input === "string") {
    const nearest = nearestWord(issue.input, choices);
    if (nearest !== null) return `Write ${nearest}`;
  }
  const known = HINTS.find(([ending]) => why.endsWith(ending));
  if (issue.path === undefined) return "Write version: 1 as the first line";
  if (known !== undefined) return known[1];
  return choices.length > 0
    ? `Use one of ${choices.join(", ")}`
    : "Write text, in quotes if it looks like a number";
}

function showPath(path: Path): string {
  return path.reduce<string>((shown, part) => {
    if (typeof part === "number") return `${shown}[${part}]`;
    return shown === "" ? part : `${shown}.${part}`;
  }, "");
}

function showValue(value: unknown): string {
  if (value === null) return "empty";
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : String(value);
}
