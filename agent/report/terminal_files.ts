/**
 * What was done to files, for a terminal.
 *
 * @module
 */
import { escapeTerminal } from "./escape.ts";
import {
  changeText,
  ofKind,
  quietText,
  statesText,
  treeText,
  writerOf,
} from "./file_words.ts";
import type { FileKind, FileRow } from "./files.ts";
import { shortenMiddle, wrapWords } from "./table.ts";
import { MAX_ROWS, withMore } from "./terminal_table.ts";

/** Diffs of one list; the others are in the report. */
const MAX_DIFFS = 10;
const MAX_DIFF_LINES = 24;
/** Characters of a command line, and of a line of a diff. */
const MAX_CHARACTERS = 400;

const LISTS: readonly (readonly [FileKind, string])[] = [
  ["overwritten", "Overwritten during the build:"],
  ["secret", "Credentials, by a program that has no business with them:"],
  ["told", "Other changes of files:"],
];

/** SGR parameters, ECMA-48 section 8.3.117, by the first character. */
const COLORS: Readonly<Record<string, string>> = { "+": "32", "-": "31" };

/** How lines are laid out. */
export interface FileLayout {
  /** Cells in a line. */
  readonly width: number;
  /** Whether the terminal shows colours. */
  readonly color: boolean;
}

/**
 * One paragraph for each file that somebody ought to look at, and a line for
 * all others.
 *
 * @returns Empty when nothing was done to files.
 */
export function fileLines(
  files: readonly FileRow[],
  layout: FileLayout,
): string[] {
  const lists = LISTS.flatMap(([kind, title]) => {
    const rows = ofKind(files, kind);
    if (rows.length === 0) return [];
    const lines = rows.slice(0, MAX_ROWS).flatMap((row, at) =>
      rowLines(row, { ...layout, hasDiff: at < MAX_DIFFS })
    );
    const titles = wrapWords(title, layout.width);
    return ["", ...titles, ...withMore(lines, rows.length - MAX_ROWS)];
  });
  const quiet = quietText(files);
  if (quiet === "") return lists;
  return [...lists, "", ...wrapWords(quiet, layout.width)];
}

function rowLines(
  row: FileRow,
  layout: FileLayout & { readonly hasDiff: boolean },
): string[] {
  const { path, times, process, step, diff, reason } = row;
  const command = process?.args.join(" ").slice(0, MAX_CHARACTERS) ?? "";
  const pid = process === null ? "" : ` (pid ${process.pid})`;
  const tree = treeText(process);
  const states = statesText(row);
  const lines = [
    `  ${path}: ${changeText(row)}${times === 1 ? "" : `, ${times} times`}`,
    `    ${reason}`,
    `    by ${writerOf(row)}${pid}${command === "" ? "" : `: ${command}`}`,
    ...(tree === "" ? [] : [`    below ${tree}`]),
    ...(step === null ? [] : [`    in step "${step}"`]),
    ...(states === "" ? [] : [`    ${states}`]),
  ].map((line) => shortenMiddle(escapeTerminal(line), layout.width));
  return layout.hasDiff && diff !== null
    ? [...lines, ...diffLines(diff, layout)]
    : lines;
}

function diffLines(diff: string, { width, color }: FileLayout): string[] {
  const lines = diff.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const shown = lines.slice(0, MAX_DIFF_LINES).map((line) => {
    const text = line.slice(0, MAX_CHARACTERS).replaceAll("\t", "  ");
    const cut = shortenMiddle(escapeTerminal(`    | ${text}`), width);
    const paint = COLORS[line[0] ?? ""];
    return color && paint !== undefined ? `\x1b[${paint}m${cut}\x1b[0m` : cut;
  });
  const more = lines.length - MAX_DIFF_LINES;
  return more > 0 ? [...shown, `    | and ${more} more lines`] : shown;
}
