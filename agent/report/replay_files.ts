/**
 * What another policy changes about what was done to files.
 *
 * @module
 */
import { changeText, writerOf } from "./file_words.ts";
import { type FileRow, kindOf } from "./files.ts";
import { countOf } from "./words.ts";

/** One row, judged again. */
export interface RejudgedFile {
  readonly row: FileRow;
  /** The entry that lets it pass now; null for none. */
  readonly rule: string | null;
}

/** What is told otherwise now. */
export interface FileReplay {
  /** The policy of then let it pass, and to this one it is a finding. */
  readonly newlyOverwritten: readonly RejudgedFile[];
  /** It was a finding, and this policy lets it pass. */
  readonly newlyAllowed: readonly RejudgedFile[];
}

/** Sorts out what is as it was. */
export function compareFiles(
  rejudged: readonly RejudgedFile[],
): FileReplay {
  return {
    newlyOverwritten: rejudged.filter(({ row, rule }) =>
      kindOf(row) === "allowed" && rule === null
    ),
    newlyAllowed: rejudged.filter(({ row, rule }) =>
      rule !== null && kindOf(row) !== "allowed"
    ),
  };
}

/** Lines for a person, not escaped; none when nothing is told otherwise. */
export function fileReplayLines(
  { newlyOverwritten, newlyAllowed }: FileReplay,
  limit: number,
): readonly string[] {
  const section = (title: string, files: readonly RejudgedFile[]) => {
    if (files.length === 0) return [];
    const more = files.length - limit;
    return [
      "",
      title,
      ...files.slice(0, limit).flatMap(linesOf),
      ...(more > 0 ? [`and ${more} more: --format json has them all`] : []),
    ];
  };
  return [
    ...section("Would be findings now:", newlyOverwritten),
    ...section("Findings then, let pass now:", newlyAllowed),
  ];
}

function linesOf({ row, rule }: RejudgedFile): readonly string[] {
  const { path, step, times } = row;
  const where = step === null ? "" : ` in step "${step}"`;
  return [
    `  ${path}, ${changeText(row)}, ${countOf(times, "time")}, ` +
    `by ${writerOf(row)}${where}`,
    ...(rule === null ? [] : [`    The entry is ${rule}.`]),
  ].map((line) => line.slice(0, 1000));
}
