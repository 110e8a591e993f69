/**
 * The table of what was contacted, for a terminal.
 *
 * @module
 */
import { escapeTerminal } from "./escape.ts";
import type { Row } from "./row.ts";
import { type Column, renderTable } from "./table.ts";
import { type Outcome, outcomeOf, portOf, senderOf } from "./words.ts";

/** Rows of one list. */
export const MAX_ROWS = 40;

/** Only where steps tell rows apart. */
const STEP: Column = { title: "STEP", least: 6, drop: 0 };

const COLUMNS: readonly Column[] = [
  { title: "NAME", least: 12 },
  { title: "ADDRESS", least: 9, drop: 2 },
  { title: "PORT", align: "right" },
  { title: "PROTO", least: 5, drop: 4 },
  STEP,
  { title: "PROCESS", least: 8, drop: 1 },
  { title: "TIMES", align: "right", drop: 3 },
  { title: "DECISION" },
];

/** SGR parameters, ECMA-48 section 8.3.117. */
const COLORS: Readonly<Record<Outcome, string>> = {
  allowed: "32",
  refused: "1;31",
  "would refuse": "33",
};

/**
 * Lays the rows out.
 *
 * @param rows Of a summary.
 * @param of Width in cells, and whether the terminal shows colours.
 */
export function tableLines(
  rows: readonly Row[],
  { width, color }: { readonly width: number; readonly color: boolean },
): string[] {
  const shown = rows.slice(0, MAX_ROWS);
  const hasSteps = new Set(rows.map(({ step }) => step)).size > 1;
  const columns = COLUMNS.filter((column) => hasSteps || column !== STEP);
  const [titles, ...lines] = renderTable(columns, {
    rows: shown.map((row) =>
      cellsOf(row).filter((_, at) => columns.includes(COLUMNS[at]!))
    ),
    width,
  });
  const painted = lines.map((line, index) => {
    if (!color) return line;
    // The last column is never shortened, so the line ends with the outcome.
    const outcome = outcomeOf(shown[index]!);
    const start = line.slice(0, line.length - outcome.length);
    return `${start}\x1b[${COLORS[outcome]}m${outcome}\x1b[0m`;
  });
  const header = color ? `\x1b[2m${titles}\x1b[0m` : titles!;
  return withMore([header, ...painted], rows.length - MAX_ROWS);
}

function cellsOf(row: Row): readonly string[] {
  const [address = "-", ...others] = row.addresses.map(escapeTerminal);
  return [
    escapeTerminal(row.name ?? "-") || ".",
    others.length === 0 ? address : `${address} +${others.length}`,
    portOf(row) === 0 ? "-" : `${portOf(row)}`,
    escapeTerminal(row.protocol),
    escapeTerminal(row.step ?? "-"),
    escapeTerminal(senderOf(row)),
    `${row.times}`,
    outcomeOf(row),
  ];
}

/** Lines, and how many are left out. */
export function withMore(lines: readonly string[], more: number): string[] {
  return more > 0
    ? [...lines, `and ${more} more (see the report)`]
    : [...lines];
}
