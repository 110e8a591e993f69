/**
 * What another policy would have said of files, by a run's journal alone.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import { SourceScope } from "./decide/source_scope.ts";
import type { Event } from "./record/event.ts";
import {
  type FileKind,
  type FileRow,
  filesOf,
  kindOf,
} from "./report/files.ts";
import type { RejudgedFile } from "./report/replay_files.ts";
import { workspacesOf } from "./report/source_needs.ts";

/** What an entry has let pass, or could. */
const JUDGED: ReadonlySet<FileKind> = new Set([
  "overwritten",
  "secret",
  "allowed",
]);
const ENCODER = new TextEncoder();

/**
 * Judges again what was a finding, or was let pass by an entry.
 *
 * A program is known by its path alone: what stood there is not in the journal.
 *
 * @param events A journal's, in order.
 * @param policy Whose entries decide this time.
 */
export function replayFiles(
  events: readonly Event[],
  { source }: Policy,
): readonly RejudgedFile[] {
  const scope = new SourceScope(source);
  const workspaces = workspacesOf(events);
  const ruleOf = (row: FileRow) => {
    if (!source.watch) return "watch: false";
    const { step, process } = row;
    const place = placeOf(row, workspaces);
    if (scope.isIgnored(place)) return "ignore";
    const exe = process?.exe ?? null;
    const isProgram = (path: string) => path === exe;
    return scope.allowanceFor(place, { step, isProgram })?.text ?? null;
  };
  return filesOf(events)
    .filter((row) => JUDGED.has(kindOf(row)))
    .map((row) => ({ row, rule: ruleOf(row) }));
}

function placeOf({ path }: FileRow, workspaces: readonly string[]) {
  const around = workspaces.find((root) => path.startsWith(`${root}/`));
  return {
    path: charactersOf(path),
    workspace: around === undefined ? null : charactersOf(around),
  };
}

/** A character for each byte, as globs are matched. */
function charactersOf(text: string): string {
  let characters = "";
  for (const byte of ENCODER.encode(text)) {
    characters += String.fromCharCode(byte);
  }
  return characters;
}
