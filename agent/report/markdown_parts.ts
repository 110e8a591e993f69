/**
 * Pieces that the Markdown report is made of.
 *
 * @module
 */
import { escapeMarkdown } from "./escape.ts";
import { shortenMiddle } from "./table.ts";

/** Characters of one cell before they are escaped. */
const MAX_CELL_CHARACTERS = 160;

const encoder = new TextEncoder();

/**
 * GitHub neither links nor mentions inside a code element. The only name
 * without characters is that of the DNS root.
 */
export function code(text: string): string {
  return `<code>${text === "" ? "." : escapeMarkdown(cut(text))}</code>`;
}

/** A text at the length of a cell. */
export function cut(text: string): string {
  // The slice bounds the work on a text of megabytes.
  return shortenMiddle(text.slice(0, 10_000), MAX_CELL_CHARACTERS);
}

/** What is only seen when it is asked for. */
export function folded(title: string, body: string): string {
  return `<details><summary>${title}</summary>\n\n${body}\n\n</details>`;
}

/** A policy to copy. */
export function fence(lines: readonly string[]): string {
  return ["```yaml", ...lines, "```"].join("\n");
}

/** Lines that fit, and how many do not. */
export interface Fitted {
  readonly lines: readonly string[];
  /** How many lines are left out. */
  readonly more: number;
}

/** As many lines, from the first on, as fit into that many bytes. */
export function fit(lines: readonly string[], budgetBytes: number): Fitted {
  let used = 0;
  const fits = lines.findIndex((line) => {
    used += encoder.encode(line).length + 1;
    return used > budgetBytes;
  });
  if (fits === -1) return { lines, more: 0 };
  return { lines: lines.slice(0, fits), more: lines.length - fits };
}

/** A line that says what is left out, if anything is. */
export function moreOf({ more }: Fitted, prefix: string): string[] {
  return more === 0 ? [] : [`${prefix}and ${more} more in the JSON report`];
}
