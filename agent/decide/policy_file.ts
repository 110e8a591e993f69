/**
 * A policy file, with the place of whatever is wrong in it.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { parseGlob } from "./glob.ts";
import { type ListName, readEndpoint } from "./endpoint.ts";
import { readEntryMapping } from "./entry_mapping.ts";
import type { Entry, Policy } from "./policy.ts";
import { describeIssue } from "./policy_issue.ts";
import { parseShape, type PolicyShape } from "./policy_shape.ts";
import {
  type Path,
  type Problem,
  readYaml,
  type YamlDocument,
} from "./policy_yaml.ts";
import { makeVisible, Refusal } from "./refusal.ts";

/** A thousand times a long policy; bounds the time of a hostile file. */
const MAX_FILE_BYTES = 1_048_576;
/** What fits on a screen; the others show up when these are mended. */
const MAX_PROBLEMS = 20;

/** What is said of a file that is not read at all. */
const AT_START = { line: 1, column: 1 } as const;

/**
 * Reads a policy file.
 *
 * @param text The file's content, decoded as UTF-8.
 * @param file Its name, for messages.
 * @returns The whole policy, defaults filled in.
 * @throws {AgentError} `policy_invalid`; its message has one line for each
 * problem, and each begins with `file:line:column`.
 *
 * @example The shortest policy that allows something
 * ```ts
 * import assert from "node:assert/strict";
 * import { parsePolicy } from "./policy_file.ts";
 *
 * const policy = parsePolicy("version: 1\nallow: [a.example]", "policy.yml");
 * assert.equal(policy.egress, "block");
 * ```
 */
export function parsePolicy(text: string, file: string): Policy {
  const unread = describeUnreadable(text);
  if (unread !== null) throw new PolicyFileError(file, [unread]);
  // Kept in the text it would count as the first line's first column.
  const document = readYaml(text.replace(/^\ufeff/, ""));
  refuseAll(document.problems, { document, file });
  const shape = readShape(document, file);
  const problems: Problem[] = [];
  const allow = readList("allow", { shape, document, problems });
  const proxy = readList("proxy", { shape, document, problems });
  const deny = readList("deny", { shape, document, problems });
  checkGlobs({ shape, document, problems });
  refuseAll(problems, { document, file });
  const { version: _, ...settings } = shape;
  return { ...settings, allow, proxy, deny };
}

function readShape(document: YamlDocument, file: string): PolicyShape {
  const parsed = parseShape(document.value);
  if ("shape" in parsed) return parsed.shape;
  const problems = parsed.issues.map((issue) => describeIssue(issue, document));
  throw placedError(problems, { document, file });
}

/** A file whose shape is right, and what else is wrong with it. */
interface Reading {
  readonly shape: PolicyShape;
  readonly document: YamlDocument;
  readonly problems: Problem[];
}

function readList(list: ListName, from: Reading): readonly Entry[] {
  return from.shape[list].flatMap((written, index) =>
    orProblem(
      () =>
        typeof written === "string"
          ? readEndpoint(written, list)
          : readEntryMapping(written, list),
      { ...from, path: [list, index] },
    ) ?? []
  );
}

/** Reads each once, so that a mistake is told with its place. */
function checkGlobs(from: Reading): void {
  const { ignore, allow } = from.shape.source;
  const globs: readonly (readonly [string, Path])[] = [
    ...ignore.map((glob, at) => [glob, ["source", "ignore", at]] as const),
    ...allow.map(({ path }, at) =>
      [path, ["source", "allow", at, "path"]] as const
    ),
  ];
  for (const [glob, path] of globs) {
    orProblem(() => parseGlob(glob), { ...from, path });
  }
}

function orProblem<T>(
  read: () => T,
  of: Reading & { readonly path: Path },
): T | null {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { document, problems, path } = of;
    const offset = document.offsetOf(path);
    problems.push({ offset, why: error.why, hint: error.hint });
    return null;
  }
}

/** One message line before it has a file. */
interface PlacedProblem extends Pick<Problem, "why" | "hint"> {
  readonly line: number;
  readonly column: number;
}

function describeUnreadable(text: string): PlacedProblem | null {
  const { length } = new TextEncoder().encode(text);
  if (length > MAX_FILE_BYTES) {
    return {
      ...AT_START,
      why: `the file has ${length} bytes, at most ${MAX_FILE_BYTES} are read`,
      hint: "Join entries with *. patterns and address prefixes",
    };
  }
  const broken = /[\ufffd\p{Cs}]/u.exec(text);
  if (broken === null) return null;
  const before = text.slice(0, broken.index).split("\n");
  return {
    line: before.length,
    column: before.at(-1)!.length + 1,
    why: "here the file is not UTF-8 (or holds U+FFFD, as broken text does)",
    hint: "Save the file as UTF-8",
  };
}

function refuseAll(
  problems: readonly Problem[],
  of: { readonly document: YamlDocument; readonly file: string },
): void {
  if (problems.length > 0) throw placedError(problems, of);
}

function placedError(
  problems: readonly Problem[],
  of: { readonly document: YamlDocument; readonly file: string },
): AgentError {
  const placed = problems
    .toSorted((left, right) => left.offset - right.offset)
    .slice(0, MAX_PROBLEMS)
    .map(({ offset, why, hint }) => ({
      ...of.document.placeOf(offset),
      why,
      hint,
    }));
  return new PolicyFileError(of.file, placed);
}

/** All problems of one file, one to a line. */
class PolicyFileError extends AgentError {
  constructor(file: string, problems: readonly PlacedProblem[]) {
    const lines = problems.map(({ line, column, why, hint }) => ({
      what: `${makeVisible(file)}:${line}:${column}`,
      why,
      hint,
    }));
    const last = lines.at(-1)!;
    // The catalogue's one message ends with the last problem's hint.
    const before = lines.slice(0, -1).map(({ what, why, hint }) =>
      `${what}: ${why} (hint: ${hint})\n`
    );
    super("policy_invalid", { ...last, what: before.join("") + last.what });
  }
}
