/**
 * Plain tables for a terminal of any width.
 *
 * @module
 */

/** One column of a table. */
export interface Column {
  /** Stands above the cells. */
  readonly title: string;
  /** Left when absent. */
  readonly align?: "right";
  /** Characters that a cell may be shortened to; absent: never shortened. */
  readonly least?: number;
  /** In a narrow terminal the column with the lowest number goes first. */
  readonly drop?: number;
}

/** What stands in a table, and how wide it may be. */
export interface TableOptions {
  /** One cell for each column, without line breaks or invisible characters. */
  readonly rows: readonly (readonly string[])[];
  /** Terminal cells in a line. */
  readonly width: number;
}

const GAP = "  ";

/** Drawn two cells wide: CJK, Hangul, full-width forms and emoji. */
const WIDE =
  /[\u1100-\u115e\u2e80-\ua4cf\ua960-\ua97f\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6\u{1f000}-\u{1faff}\u{20000}-\u{3fffd}]/u;

/**
 * Lays out rows under a line of titles. A column is as wide as its widest cell
 * until the table is too wide: then the middle of
 * the longest cells goes, then whole columns.
 *
 * @param columns Left to right.
 * @param options Rows and width.
 * @returns Titles and rows, without spaces at their ends.
 */
export function renderTable(
  columns: readonly Column[],
  { rows, width }: TableOptions,
): readonly string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const natural = columns.map((_, index) =>
    Math.max(...lines.map((cells) => displayWidth(cells[index]!)))
  );
  const kept = keepColumns(columns, { natural, width });
  const widths = shrink(columns, { natural, width, kept });
  return lines.map((cells) =>
    kept.map((index) => {
      const cell = shortenMiddle(cells[index]!, widths[index]!);
      const space = " ".repeat(widths[index]! - displayWidth(cell));
      return columns[index]!.align === "right" ? space + cell : cell + space;
    }).join(GAP).trimEnd()
  );
}

/**
 * Cuts a text to a width by taking out its middle: both ends of a host name or
 * a path say more than what is between them.
 *
 * @param text One line without invisible characters.
 * @param width Terminal cells, at least 1.
 * @returns The text, or its two ends around an ellipsis.
 */
export function shortenMiddle(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const characters = Array.from(text);
  const tailWidth = Math.floor((width - 1) / 2);
  let head = "";
  let tail = "";
  let used = 0;
  for (const character of characters) {
    used += displayWidth(character);
    if (used > width - 1 - tailWidth) break;
    head += character;
  }
  used = 0;
  for (const character of characters.reverse()) {
    used += displayWidth(character);
    if (used > tailWidth) break;
    tail = character + tail;
  }
  return `${head}…${tail}`;
}

/**
 * Breaks a text between words.
 *
 * @param text One line without invisible characters.
 * @param width Terminal cells in a line.
 * @returns Lines; a word that is longer than a line is shortened.
 */
export function wrapWords(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && displayWidth(longer) > width) {
      lines.push(shortenMiddle(line, width));
      line = word;
    } else {
      line = longer;
    }
  }
  return [...lines, shortenMiddle(line, width)];
}

function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += WIDE.test(character) ? 2 : 1;
  return width;
}

interface Fit {
  /** The width of each column when nothing is shortened. */
  readonly natural: readonly number[];
  readonly width: number;
}

/** Indexes of the columns that fit when every cell is as short as it may be. */
function keepColumns(
  columns: readonly Column[],
  { natural, width }: Fit,
): number[] {
  let kept = columns.map((_, index) => index);
  const least = columns.map((column, index) =>
    Math.min(natural[index]!, column.least ?? Infinity)
  );
  const byDrop = kept
    .filter((index) => columns[index]!.drop !== undefined)
    .sort((a, b) => columns[a]!.drop! - columns[b]!.drop!);
  for (const dropped of byDrop) {
    if (totalWidth(kept, least) <= width) break;
    kept = kept.filter((index) => index !== dropped);
  }
  return kept;
}

function shrink(
  columns: readonly Column[],
  { natural, width, kept }: Fit & { readonly kept: readonly number[] },
): number[] {
  const widths = [...natural];
  while (totalWidth(kept, widths) > width) {
    const candidates = kept.filter((index) =>
      widths[index]! > (columns[index]!.least ?? Infinity)
    );
    if (candidates.length === 0) break;
    const widest = candidates.reduce((a, b) => widths[b]! > widths[a]! ? b : a);
    widths[widest]!--;
  }
  return widths;
}

function totalWidth(
  kept: readonly number[],
  widths: readonly number[],
): number {
  const gaps = GAP.length * Math.max(0, kept.length - 1);
  return kept.reduce((total, index) => total + widths[index]!, gaps);
}
