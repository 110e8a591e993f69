/**
 * The words of a scalar where they stand in its source.
 *
 * @module
 */
import type { Scalar } from "yaml";
import { endOfLine } from "./edits.ts";

/** Where a scalar's words are. */
export interface ScalarBody {
  readonly from: number;
  readonly to: number;
  /** Whether it is a literal or a folded block, with an entry a line. */
  readonly isBlock: boolean;
  /** What stands before each line of a block. */
  readonly indent: string;
}

/**
 * Finds them.
 *
 * @returns Null where the source does not show the words: an escape, a block
 * without a line.
 */
export function bodyOf(text: string, scalar: Scalar): ScalarBody | null {
  const [start, end] = scalar.range!;
  const isBlock = scalar.type === "BLOCK_LITERAL" ||
    scalar.type === "BLOCK_FOLDED";
  if (!isBlock) {
    const source = text.slice(start, end);
    if (scalar.type === "QUOTE_DOUBLE" && source.includes("\\")) return null;
    return { from: start, to: end, isBlock, indent: "" };
  }
  const from = endOfLine(text, start);
  const solid = text.slice(0, end).trimEnd().length;
  if (solid <= from) return null;
  const to = endOfLine(text, solid);
  const indent = /^(?:[ \t]*\r?\n)*([ \t]*)/.exec(text.slice(from, to))![1]!;
  return { from, to, isBlock, indent };
}

/** Spells each word anew, but for expressions and comments. */
export function respell(
  source: string,
  spell: (word: string) => string,
): string {
  return source.replace(
    /\S*\$\{\{.*?\}\}\S*|#.*|[^\s"',]+/g,
    (word) => word.startsWith("#") || word.includes("${{") ? word : spell(word),
  );
}

/** A literal block of these lines, without a line end behind it. */
export function literalOf(
  lines: readonly string[],
  { comment, indent, end }: {
    /** Behind the block's header. */
    readonly comment: string;
    readonly indent: string;
    readonly end: string;
  },
): string {
  return [`|${comment}`, ...lines.map((line) => `${indent}${line}`)].join(end);
}
