/**
 * What the Markdown report says of files.
 *
 * @module
 */
import { escapeMarkdown, escapeTerminal } from "./escape.ts";
import {
  changeText,
  ofKind,
  quietText,
  statesText,
  treeText,
  writerOf,
} from "./file_words.ts";
import type { FileRow } from "./files.ts";
import { code, cut, fit, folded, moreOf } from "./markdown_parts.ts";

const HEADER = [
  "| File | What was done | Process | Step | Times | Before → after |",
  "| --- | --- | --- | --- | ---: | --- |",
];
const MAX_DIFF_CHARACTERS = 4_000;
const MAX_LINE_CHARACTERS = 400;

/**
 * A table of the files that somebody ought to look at, their diffs, and one
 * sentence about all others.
 *
 * @param budgetBytes What table and diffs may each be long.
 * @returns Empty when nothing was done to files.
 */
export function filesBlock(
  files: readonly FileRow[],
  budgetBytes: number,
): string {
  const rows = [
    ...ofKind(files, "overwritten"),
    ...ofKind(files, "secret"),
    ...ofKind(files, "told"),
  ];
  const blocks = [
    tableOf(rows, budgetBytes),
    diffsOf(rows, budgetBytes),
    escapeMarkdown(quietText(files)),
  ].filter((block) => block !== "");
  return blocks.length === 0 ? "" : `### Files\n\n${blocks.join("\n\n")}`;
}

function tableOf(rows: readonly FileRow[], budgetBytes: number): string {
  if (rows.length === 0) return "";
  const fitted = fit(
    rows.map((row) => `| ${cellsOf(row).join(" | ")} |`),
    budgetBytes,
  );
  const more = moreOf(fitted, "").flatMap((line) => ["", line]);
  return [...HEADER, ...fitted.lines, ...more].join("\n");
}

function cellsOf(row: FileRow): readonly string[] {
  const { path, step, process, times, overwritten } = row;
  const command = process?.args.join(" ").slice(0, MAX_LINE_CHARACTERS) ?? "";
  const tree = treeText(process);
  const change = escapeMarkdown(changeText(row));
  const why = escapeMarkdown(cut(row.reason));
  const states = statesText(row);
  return [
    code(path),
    (overwritten ? `**${change}**` : change) + `<br>${why}`,
    code(writerOf(row)) + (command === "" ? "" : `<br>${code(command)}`) +
    (tree === "" ? "" : `<br>below ${code(tree)}`),
    step === null ? "" : code(step),
    `${times}`,
    states === "" ? "" : escapeMarkdown(states),
  ];
}

function diffsOf(rows: readonly FileRow[], budgetBytes: number): string {
  const diffs = rows.flatMap(({ path, diff }) =>
    diff === null ? [] : [folded(`Diff of ${code(path)}`, fenceOf(diff))]
  );
  const { lines, more } = fit(diffs, budgetBytes);
  const left = more === 0 ? [] : [`and ${more} more diffs in the JSON report`];
  return [...lines, ...left].join("\n\n");
}

/** Nothing in a diff is more than text: a fence ends by a longer run alone. */
function fenceOf(diff: string): string {
  const shown = diff.slice(0, MAX_DIFF_CHARACTERS);
  const lines = shown.split("\n").map((line) =>
    escapeTerminal(
      cut(line.slice(0, MAX_LINE_CHARACTERS).replaceAll("\t", "  ")),
    )
  );
  if (lines.at(-1) === "") lines.pop();
  const text = lines.join("\n");
  const longest = Math.max(
    2,
    ...Array.from(text.matchAll(/`+/g), ([run]) => run.length),
  );
  const marks = "`".repeat(longest + 1);
  const more = diff.length > MAX_DIFF_CHARACTERS
    ? "\n\nThe rest is in the JSON report."
    : "";
  return `${marks}diff\n${text}\n${marks}${more}`;
}
