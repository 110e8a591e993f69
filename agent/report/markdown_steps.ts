/**
 * What the Markdown report says of steps, and of rights that were taken.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import { escapeMarkdown } from "./escape.ts";
import { code, cut, fit, moreOf } from "./markdown_parts.ts";
import { type PrivilegeRow, sudoText } from "./privilege.ts";
import type { StepSummary } from "./steps.ts";

const STEPS_HEADER = [
  "| Step | Programs | Allowed | Not allowed | Rights | Files | Exit code |",
  "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
];
const RIGHTS_HEADER = [
  "| Rule | What was done | Step | Process | Times | Prevented |",
  "| --- | --- | --- | --- | ---: | --- |",
];

/**
 * A table of the steps.
 *
 * @param budgetBytes What it may be long, its title apart.
 * @returns Empty when no step is known.
 */
export function stepsBlock({ steps }: Summary, budgetBytes: number): string {
  const table = tableOf(STEPS_HEADER, {
    rows: steps.map(stepCells),
    budgetBytes,
  });
  return table === "" ? "" : `### Steps\n\n${table}`;
}

/**
 * A table of the acts that take, keep or lend rights, and whether sudo was used.
 *
 * @param budgetBytes What it may be long, its title apart.
 * @returns Empty when nobody listened.
 */
export function rightsBlock(summary: Summary, budgetBytes: number): string {
  const rows = summary.privileges.map(rightCells);
  const blocks = [
    tableOf(RIGHTS_HEADER, { rows, budgetBytes }),
    escapeMarkdown(sudoText(summary)?.slice(0, MAX_SUDO_CHARACTERS) ?? ""),
  ].filter((block) => block !== "");
  return blocks.length === 0 ? "" : `### Rights\n\n${blocks.join("\n\n")}`;
}

const MAX_SUDO_CHARACTERS = 500;

function stepCells(row: StepSummary): readonly string[] {
  const { step, programs, allowed, denied, privileges, files } = row;
  return [
    step === null ? "outside of steps" : code(step),
    `${programs}`,
    `${allowed}`,
    `${denied}`,
    `${privileges}`,
    `${files}`,
    row.exitCode === null ? "" : `${row.exitCode}`,
  ];
}

function rightCells(row: PrivilegeRow): readonly string[] {
  const { rule, reason, step, process, path, target, denied, times } = row;
  const exe = process?.exe ??
    (process === null ? "unknown" : `pid ${process.pid}`);
  const to = target === null || target === undefined
    ? ""
    : `<br>to ${code(target.exe ?? `pid ${target.pid}`)}`;
  const file = path === null ? "" : `<br>${code(path)}`;
  return [
    code(rule),
    escapeMarkdown(cut(reason)) + to + file,
    step === null ? "" : code(step),
    code(exe),
    `${times}`,
    denied ? "yes" : "no",
  ];
}

function tableOf(
  header: readonly string[],
  of: {
    readonly rows: readonly (readonly string[])[];
    readonly budgetBytes: number;
  },
): string {
  const { rows, budgetBytes } = of;
  if (rows.length === 0) return "";
  const lines = rows.map((cells) => `| ${cells.join(" | ")} |`);
  const fitted = fit(lines, budgetBytes);
  const more = moreOf(fitted, "").flatMap((line) => ["", line]);
  return [...header, ...fitted.lines, ...more].join("\n");
}
