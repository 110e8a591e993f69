/**
 * The report as lines that a runner shows beside a job.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import { allowanceForRow } from "./allowance.ts";
import { escapeWorkflowCommand } from "./escape.ts";
import { changeText, writerOf } from "./file_words.ts";
import type { FileRow } from "./files.ts";
import type { Row } from "./row.ts";
import { shortenMiddle } from "./table.ts";
import { whyText } from "./why.ts";
import { cautionsOf, outcomeOf, senderOf, subjectOf } from "./words.ts";

/** How a runner marks a line. */
export type Level = "error" | "warning" | "notice";

/** One of them, in plain words. */
export interface Annotation {
  readonly level: Level;
  /** Anything, from anybody. */
  readonly title: string;
  /** Like {@link title}. */
  readonly message: string;
}

/** GitHub shows ten of a kind for a step; one of ours says how many more. */
const MAX_OF_A_KIND = 8;
/** A reader sees some hundred characters of one. */
const MAX_CHARACTERS = 600;
const LEVELS: readonly Level[] = ["error", "warning", "notice"];

/** What makes a finding an error and no warning. */
export interface Failing {
  /** Whether what was refused makes the job fail. */
  readonly denied: boolean;
  /** Whether what was overwritten does. */
  readonly overwritten: boolean;
}

/**
 * Everything that somebody has to look at: what was refused with the entry that
 * would allow it, what was overwritten, and what keeps the report from being
 * believed. What audit would refuse is told when the policy allows anything.
 *
 * @param summary From `aggregate`.
 * @param failing What makes the job fail.
 */
export function annotationsOf(
  summary: Summary,
  failing: Failing,
): readonly Annotation[] {
  const level = failing.denied ? "error" : "warning";
  const hasPolicy = summary.rows.some(({ rule }) => rule !== null);
  const refusals = summary.rows.flatMap((row): Annotation[] => {
    const outcome = outcomeOf(row);
    if (outcome === "allowed") return [];
    if (outcome === "would refuse" && !hasPolicy) return [];
    const isRefused = outcome === "refused";
    return [{
      level: isRefused ? level : "notice",
      title: `Sluice: ${isRefused ? "refused" : "not in the policy"}`,
      message: refusalText(row, summary),
    }];
  });
  const files = summary.files.filter(({ overwritten }) => overwritten)
    .map((row): Annotation => ({
      level: failing.overwritten ? "error" : "warning",
      title: "Sluice: source overwritten",
      message: fileText(row),
    }));
  const cautions = cautionsOf(summary).map((message): Annotation => ({
    level: summary.isTampered ? "error" : "warning",
    title: "Sluice",
    message,
  }));
  return [...files, ...refusals, ...cautions];
}

/**
 * Writes them for a runner, at most eight of a kind: the next line says how many
 * are left out.
 */
export function annotationLines(
  annotations: readonly Annotation[],
): readonly string[] {
  return LEVELS.flatMap((level) => {
    const all = annotations.filter((each) => each.level === level);
    const more = all.length - MAX_OF_A_KIND;
    const lines = all.slice(0, MAX_OF_A_KIND).map(annotationLine);
    if (more <= 0) return lines;
    const message = `${more} more: see the summary of the job`;
    return [...lines, annotationLine({ level, title: "Sluice", message })];
  });
}

/** Writes one; nothing in it is more than text to the runner. */
export function annotationLine({ level, title, message }: Annotation): string {
  const shown = shortenMiddle(message, MAX_CHARACTERS);
  return `::${level} title=${escapeWorkflowCommand(title, "property")}::` +
    escapeWorkflowCommand(shown);
}

function refusalText(row: Row, summary: Summary): string {
  const step = row.step === null ? "" : ` in step "${row.step}"`;
  const times = row.times === 1 ? "" : `, ${row.times} times`;
  const entries = allowanceForRow(row, summary);
  const remedy = entries.length === 0
    ? whyText(row.why).remedy
    : `To allow it, add: ${entries.join(" ")}`;
  return `${subjectOf(row)} by ${senderOf(row)}${step}${times}. ` +
    `${whyText(row.why).meaning} ${remedy}`;
}

function fileText(row: FileRow): string {
  const step = row.step === null ? "" : ` in step "${row.step}"`;
  return `${row.path} was ${changeText(row)} by ${writerOf(row)}${step}.`;
}
