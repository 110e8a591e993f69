/**
 * The few lines that a guarded command ends with on standard error.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import {
  allowanceFor,
  allowanceForRow,
  proxiesFor,
  type Withheld,
  withheldFrom,
} from "./allowance.ts";
import { escapeTerminal } from "./escape.ts";
import {
  allowFlags,
  allowLines,
  policyLines,
  proxyLines,
} from "./policy_text.ts";
import { SUDO_RULE, sudoText } from "./privilege.ts";
import type { Row } from "./row.ts";
import { shortenMiddle, wrapWords } from "./table.ts";
import { fileLines } from "./terminal_files.ts";
import { MAX_ROWS, tableLines, withMore } from "./terminal_table.ts";
import { whyText } from "./why.ts";
import {
  cautionsOf,
  commandOf,
  countOf,
  headOf,
  ledByOf,
  outcomeOf,
  senderOf,
  stepText,
  subjectOf,
} from "./words.ts";

/** How the lines are laid out. */
export interface TerminalOptions {
  /** Width of the terminal; less than 40 is taken as 40. */
  readonly columns: number;
  /** Whether the terminal shows colours. */
  readonly color: boolean;
  /** The mode that the run was guarded in. */
  readonly egress: "audit" | "block";
}

const MAX_CAUTIONS = 10;
const MAX_STEPS = 20;
const MIN_COLUMNS = 40;

/**
 * Renders what a person wants to know when the command is done.
 *
 * @param summary From `aggregate`.
 * @param options Width, colour and mode.
 * @returns Lines, the last with its line break. Only lines to copy, policy
 * entries and flags, may be wider than the terminal.
 */
export function renderTerminal(
  summary: Summary,
  options: TerminalOptions,
): string {
  const width = Math.max(MIN_COLUMNS, options.columns);
  const { egress } = options;
  const lines = [
    ...prose(`sluice (${egress}): ${headOf(summary)}`, width),
    ...cautionLines(summary, width),
    ...stepLines(summary, width),
    ...fileLines(summary.files, { width, color: options.color }),
  ];
  if (summary.rows.length > 0) {
    lines.push(
      "",
      ...tableLines(summary.rows, { width, color: options.color }),
    );
    lines.push(...refusedLines(summary, width));
    lines.push(
      ...(egress === "audit"
        ? policyOf(summary, width)
        : additionOf(summary, width)),
    );
  }
  return `${lines.join("\n")}\n`;
}

function cautionLines(summary: Summary, width: number): string[] {
  const cautions = cautionsOf(summary);
  const lines = cautions.slice(0, MAX_CAUTIONS)
    .flatMap((caution) => prose(`! ${caution}`, width));
  return withMore(lines, cautions.length - MAX_CAUTIONS);
}

/** Not for one command alone, of which the rest is told already. */
function stepLines(summary: Summary, width: number): string[] {
  const steps = summary.steps.filter(({ step }) => step !== null);
  const told = steps.length > 1
    ? [`Steps: ${steps.map(stepText).slice(0, MAX_STEPS).join("; ")}`]
    : [];
  const isUsed = summary.privileges.some(({ rule }) => rule === SUDO_RULE);
  const sudo = isUsed ? sudoText(summary) ?? "" : "";
  return withMore(
    [...told, sudo].filter((line) => line !== "")
      .flatMap((line) => prose(line, width)),
    told.length === 0 ? 0 : steps.length - MAX_STEPS,
  );
}

/** One paragraph for each reason, so that it is told once. */
function refusedLines(summary: Summary, width: number): string[] {
  const refused = summary.rows.filter((row) => outcomeOf(row) === "refused");
  const shown = refused.slice(0, MAX_ROWS);
  const byReason = Map.groupBy(shown, reasonOf);
  const lines = Array.from(byReason, ([reason, group]) => [
    "",
    ...prose(`Refused: ${reason}`, width),
    ...group.flatMap((row) => refusalOf(row, { summary, width })),
  ]);
  return withMore(lines.flat(), refused.length - MAX_ROWS);
}

function reasonOf({ why, rule }: Row): string {
  const { meaning, remedy } = whyText(why);
  return `${meaning} ${rule === null ? "" : `The entry is ${rule}. `}${remedy}`;
}

function refusalOf(
  row: Row,
  { summary, width }: { readonly summary: Summary; readonly width: number },
): string[] {
  const { process } = row;
  const command = commandOf(row);
  const entries = allowanceForRow(row, summary);
  const pid = process === null ? "" : ` (pid ${process.pid})`;
  const ledBy = ledByOf(row);
  const place = ledBy === null ? "" : `, at an address of ${ledBy}`;
  const lines = [
    `  ${subjectOf(row)}, ${countOf(row.times, "time")}${place}`,
    `    by ${senderOf(row)}${pid}${command === "" ? "" : `: ${command}`}`,
    ...(row.step === null ? [] : [`    in step "${row.step}"`]),
  ].map((line) => shortenMiddle(escapeTerminal(line), width));
  return entries.length === 0
    ? lines
    : [...lines, `    ${allowFlags(entries)}`];
}

/** Block: what to add for all that is refused. */
function additionOf(summary: Summary, width: number): string[] {
  const entries = allowanceFor(summary, "refused");
  if (entries.length === 0) return [];
  return [
    "",
    ...prose("If the build needs all of it, add to the policy:", width),
    "",
    ...[
      ...allowLines(entries, MAX_ROWS),
      ...proxyLines(proxiesFor(summary, "refused")),
    ].map((line) => `  ${line}`),
  ];
}

/** Audit: a whole policy, and what it cannot hold. */
function policyOf(summary: Summary, width: number): string[] {
  const entries = allowanceFor(summary, "seen");
  const withheld = withheldFrom(summary, "seen");
  const lines: string[] = [];
  if (entries.length > 0) {
    const title = withheld.length === 0
      ? "This policy allows exactly that:"
      : "This policy allows exactly that, but for what is listed after it:";
    lines.push("", ...prose(title, width), "");
    const policy = [
      ...policyLines(entries, MAX_ROWS),
      ...proxyLines(proxiesFor(summary, "seen")),
    ];
    lines.push(...policy.map((line) => `  ${line}`));
  }
  if (withheld.length > 0) {
    lines.push("", "No entry can allow this:");
    const left = withheld.slice(0, MAX_CAUTIONS)
      .map((one) => shortenMiddle(withheldText(one), width));
    lines.push(...withMore(left, withheld.length - MAX_CAUTIONS));
  }
  return lines;
}

function withheldText({ subject, reason }: Withheld): string {
  return `  ${escapeTerminal(`"${subject}" ${reason}`)}`;
}

/** Wraps a text; each line is escaped anew, for a break can start a command. */
function prose(text: string, width: number): string[] {
  return wrapWords(escapeTerminal(text), width)
    .map((line) => shortenMiddle(escapeTerminal(line), width));
}
