/**
 * Words about files that every form of the report uses: not escaped.
 *
 * @module
 */
import type { ProcessField } from "../record/done.ts";
import type { FileStateField } from "../record/file_event.ts";
import { type FileKind, type FileRow, kindOf } from "./files.ts";

/** Characters of an object id that tell it from others of a repository. */
const SHORT_ID = 10;
/** Programs above a process that a report shows. */
const MAX_ANCESTORS = 12;
/** Paths that one sentence names. */
const MAX_NAMED = 3;

/** What was done, in a word or some: `changed, and restored after 2.1 s`. */
export function changeText({ change, changedMs, files }: FileRow): string {
  switch (change) {
    case "restored":
      return changedMs === null
        ? "changed and restored"
        : `changed and restored after ${durationText(changedMs)}`;
    case "mode":
      return "mode changed";
    case "created":
      return "new program";
    case "rewritten":
      return "written, the same";
    case "mounted":
      return "hidden by a mount";
    case "checkout":
      return `${files ?? 0} put in place by git`;
    default:
      return change;
  }
}

/** Sizes and ids before and after; empty when neither is known. */
export function statesText({ change, before, after }: FileRow): string {
  if (before === null && after === null) return "";
  const isThere = change !== "created" && change !== "deleted";
  const missing = isThere ? "not seen" : "nothing";
  return `${stateText(before) ?? missing} → ${stateText(after) ?? missing}`;
}

/** Who did it: the program, or what is known of it. */
export function writerOf({ process, container }: FileRow): string {
  if (process !== null) return process.exe ?? `pid ${process.pid}`;
  return container === null ? "unknown" : `container ${container}`;
}

/** The programs above a process, the nearest first: `/bin/sh < /bin/node`. */
export function treeText(process: ProcessField | null): string {
  const above = process?.ancestors ?? [];
  const names = above.slice(0, MAX_ANCESTORS)
    .map(({ pid, exe }) => exe ?? `pid ${pid}`);
  if (above.length > MAX_ANCESTORS) names.push("…");
  return names.join(" < ");
}

/** What is said of files in the first line; empty when there is nothing. */
export function filesTally(files: readonly FileRow[]): string {
  const count = distinct(ofKind(files, "overwritten"));
  return count === 0
    ? ""
    : `${count} ${count === 1 ? "file" : "files"} overwritten`;
}

/** What a reader must know before anything else, one sentence each. */
export function fileCautions(files: readonly FileRow[]): readonly string[] {
  const overwritten = ofKind(files, "overwritten");
  const paths = [...new Set(overwritten.map(({ path }) => path))];
  const more = paths.length - MAX_NAMED;
  const named = paths.slice(0, MAX_NAMED).join(", ") +
    (more > 0 ? ` and ${more} more` : "");
  return [
    ...(paths.length === 0 ? [] : [`OVERWRITTEN during the build: ${named}.`]),
    ...ofKind(files, "secret").map((row) =>
      `Credentials in ${row.path}: ${row.change} by ${writerOf(row)}` +
      `${row.step === null ? "" : ` in step "${row.step}"`}.`
    ),
  ];
}

/** What needs no look, as one sentence; empty when there is nothing. */
export function quietText(files: readonly FileRow[]): string {
  const allowed = distinct(ofKind(files, "allowed"));
  const same = distinct(ofKind(files, "same"));
  const checkouts = ofKind(files, "checkout");
  const put = checkouts.reduce((sum, row) => sum + (row.files ?? 0), 0);
  const parts = [
    [allowed, `${allowed} changed as the policy allows`],
    [same, `${same} written with the content that they had`],
    [checkouts.length, `${put} put in place by git`],
  ] as const;
  const told = parts.filter(([count]) => count > 0).map(([, text]) => text);
  return told.length === 0 ? "" : `Files: ${told.join(", ")}.`;
}

/** The rows of a kind, in their order. */
export function ofKind(
  files: readonly FileRow[],
  kind: FileKind,
): readonly FileRow[] {
  return files.filter((row) => kindOf(row) === kind);
}

function distinct(rows: readonly FileRow[]): number {
  return new Set(rows.map(({ path }) => path)).size;
}

function stateText(state: FileStateField | null): string | null {
  if (state === null) return null;
  const { blob, sha256, bytes, mode } = state;
  const id = (blob ?? sha256)?.slice(0, SHORT_ID);
  return [
    mode,
    ...(id === undefined ? [] : [id]),
    ...(bytes === null ? [] : [`${bytes} bytes`]),
  ].join(" ");
}

function durationText(milliseconds: number): string {
  return milliseconds < 1000
    ? `${Math.max(0.1, Math.round(milliseconds * 10) / 10)} ms`
    : `${Math.round(milliseconds / 100) / 10} s`;
}
