/**
 * A workflow with another guard, as one with Sluice.
 *
 * @module
 */
import type { Scalar } from "yaml";
import { quote } from "../decide/refusal.ts";
import { readInputs } from "../job/inputs.ts";
import { rewriteBullfrog } from "./bullfrog.ts";
import { applyEdits, type Edit, endOfLine } from "./edits.ts";
import { findGuardSteps, type GuardStep, inputsOf } from "./guard_steps.ts";
import type { Target } from "./target.ts";

/** What somebody should hear of. */
export interface Note {
  /** From 1: of the file as it was, or as it is now for what is refused. */
  readonly line: number;
  readonly text: string;
}

/** A migrated file. */
export interface Migration {
  /** The same text where nothing was to be changed. */
  readonly text: string;
  /** The lines of the steps that are changed. */
  readonly changed: readonly number[];
  /** What means something else now, or will be refused. */
  readonly notes: readonly Note[];
  /** What could not be changed. */
  readonly problems: readonly Note[];
}

/** A version at the head of a comment, as tools that pin write it. */
const VERSION =
  /^(?<lead>[ \t]+#[ \t]*)(?<version>(?:pin@|tag=|ratchet:\S*@)?v?[0-9]+(?:\.[0-9]+)*[^\s]*)(?<rest>.*)$/s;

/**
 * Puts Sluice in the place of Harden-Runner and Bullfrog.
 *
 * Everything beside the changed words stays byte for byte.
 *
 * @param text Of a workflow or an action.
 * @param target What `uses:` is to say.
 */
export function migrate(text: string, target: Target): Migration {
  const found = findGuardSteps(text);
  if (!found.ok) {
    const { offset, why } = found;
    const problem = { line: lineOf(text, offset), text: why };
    return { text, changed: [], notes: [], problems: [problem] };
  }
  const edits: Edit[] = [];
  const changed: number[] = [];
  const notes: Note[] = [];
  const problems: Note[] = [];
  for (const step of found.steps) {
    const line = lineOf(text, (step.uses.key as Scalar).range![0]);
    const inputs = step.from === "bullfrog"
      ? rewriteBullfrog(text, step)
      : { edits: [], notes: [], why: null };
    if (inputs.why !== null) {
      problems.push({ line, text: inputs.why });
      continue;
    }
    edits.push(...inputs.edits, usesEdit(text, { step, target }));
    changed.push(line);
    notes.push(...inputs.notes.map((note) => ({ line, text: note })));
  }
  const migrated = applyEdits(text, edits);
  if (migrated !== text) notes.push(...whatIsRefused(migrated, target));
  return { text: migrated, changed, notes, problems };
}

/** The name behind `uses:`, and a version that a comment gives it. */
function usesEdit(
  text: string,
  { step, target }: { readonly step: GuardStep; readonly target: Target },
): Edit {
  const value = step.uses.value!;
  const [from, to] = value.range!;
  const quoteMark = /^["']/.exec(text.slice(from, to))?.[0] ?? "";
  const uses = `${quoteMark}${target.uses}${quoteMark}`;
  const end = endOfLine(text, to);
  const behind = text.slice(to, end);
  const lineEnd = /\r?\n$/.exec(behind)?.[0] ?? "";
  const comment = behind.slice(0, behind.length - lineEnd.length);
  const groups = VERSION.exec(comment)?.groups;
  if (groups === undefined) return { from, to, text: uses };
  const { lead, rest } = groups;
  const kept = target.version === null
    ? rest!.trim() === "" ? "" : `${lead}${rest!.trimStart()}`
    : `${lead}${target.version}${rest}`;
  return { from, to: to + comment.length, text: `${uses}${kept}` };
}

/** What Sluice would not take, so that it is known before a job is red. */
function whatIsRefused(text: string, target: Target): Note[] {
  const found = findGuardSteps(text, target.uses);
  if (!found.ok) return [];
  const own = found.steps.filter(({ from }) => from === "sluice");
  return own.flatMap((step) => {
    const read = readInputs(inputsOf(step));
    if (read.ok) return [];
    const line = lineOf(text, (step.uses.key as Scalar).range![0]);
    return read.problems
      .filter(({ token, input }) =>
        !token.includes("${{") && !hasExpression(step, input)
      )
      .map(({ input, token, why, hint }) => ({
        line,
        text: `${input}: ${quote(token)}: ${why} (hint: ${hint})`,
      }));
  });
}

function hasExpression(step: GuardStep, input: string): boolean {
  return inputsOf(step)[input]?.includes("${{") ?? false;
}

function lineOf(text: string, offset: number): number {
  return text.slice(0, offset).split("\n").length;
}
