/**
 * What was done to files, grouped into what a person asks about.
 *
 * @module
 */
import type { ProcessField } from "../record/done.ts";
import type { Event } from "../record/event.ts";
import type { FileEvent, FileStateField } from "../record/file_event.ts";

/** Acts on one file that agree in everything that tells them apart. */
export interface FileRow {
  /** As the event has it. */
  readonly change: FileEvent["change"];
  /** What the file is to us. */
  readonly subject: FileEvent["subject"];
  /** Absolute. */
  readonly path: string;
  /** Whether the policy's `on.overwritten` is about it. */
  readonly overwritten: boolean;
  /** The entry that lets it pass; null for none. */
  readonly rule: string | null;
  /** A sentence about the first of them. */
  readonly reason: string;
  /** Null when it is not known. */
  readonly step: string | null;
  /** Who did the first of them; null when nobody could be found. */
  readonly process: ProcessField | null;
  /** The container's id; null when it is none, or not known. */
  readonly container: string | null;
  /** Before the first of them. */
  readonly before: FileStateField | null;
  /** After the last of them. */
  readonly after: FileStateField | null;
  /** Of the last that has one; unified, not escaped. */
  readonly diff: string | null;
  /** The longest for which it was another; null when that is not told. */
  readonly changedMs: number | null;
  /** How many sources checkouts put in place; null for all else. */
  readonly files: number | null;
  /** How many. */
  readonly times: number;
  /** Time of the first. */
  readonly first: string;
}

/** Counts of what was done to files. */
export interface FileCounts {
  /** All that was told. */
  readonly seen: number;
  /** What the policy's `on.overwritten` is about. */
  readonly overwritten: number;
}

/** What a reader has to look at, the most pressing first. */
const WEIGHTS: Readonly<Record<FileKind, number>> = {
  overwritten: 0,
  secret: 1,
  told: 2,
  allowed: 3,
  same: 4,
  checkout: 5,
};

/** What a row is to its reader. */
export type FileKind =
  /** A finding that can make the job fail. */
  | "overwritten"
  /** A credential in the wrong hands. */
  | "secret"
  /** Worth a look, no more. */
  | "told"
  /** The policy lets it pass. */
  | "allowed"
  /** Written with the content that it had. */
  | "same"
  /** By git itself, as it was asked to. */
  | "checkout";

/** What an event or a row is to its reader. */
export function kindOf(
  of: Pick<FileEvent, "change" | "subject" | "overwritten" | "rule">,
): FileKind {
  const { change, subject, overwritten, rule } = of;
  if (overwritten) return "overwritten";
  if (rule !== null) return "allowed";
  if (change === "checkout") return "checkout";
  if (change === "rewritten") return "same";
  return subject === "secret" ? "secret" : "told";
}

/** Whether somebody ought to know, each of them. */
export function isFinding(event: FileEvent): boolean {
  return WEIGHTS[kindOf(event)] <= WEIGHTS.told;
}

/**
 * Groups what was done by file, kind, step and program. Of a guarded command no
 * process is named that is above it.
 *
 * @param events A journal's events.
 * @returns What was overwritten first, checkouts last; otherwise in order of
 * time.
 */
export function filesOf(events: readonly Event[]): readonly FileRow[] {
  const rows = new Map<string, FileRow>();
  const guards = new Set(events.flatMap((event) => guardOf(event) ?? []));
  for (const event of events) {
    if (event.kind !== "file") continue;
    const { change, subject, path, overwritten, rule, step, process } = event;
    const key = JSON.stringify([
      ...[change, subject, path, overwritten, rule, step],
      process?.exe ?? null,
    ]);
    const known = rows.get(key);
    rows.set(
      key,
      known === undefined ? rowOf(event, guards) : joined(known, event),
    );
  }
  const weight = (row: FileRow) => WEIGHTS[kindOf(row)];
  return [...rows.values()].sort((a, b) => weight(a) - weight(b));
}

/** Whether a file was overwritten in the sense of the policy. */
export function hasOverwritten(
  { files }: { readonly files: readonly FileRow[] },
): boolean {
  return files.some(({ overwritten }) => overwritten);
}

/** The agent that a command descends from. */
function guardOf(event: Event): number | null {
  const isGuard = event.kind === "agent" && event.event === "armed" &&
    event.scope === "command";
  return isGuard ? event.pid ?? null : null;
}

function below(
  process: ProcessField | null,
  guards: ReadonlySet<number>,
): ProcessField | null {
  const end = process?.ancestors.findIndex(({ pid }) => guards.has(pid)) ?? -1;
  if (process === null || end < 0) return process;
  return { ...process, ancestors: process.ancestors.slice(0, end) };
}

function rowOf(
  event: Event & FileEvent,
  guards: ReadonlySet<number>,
): FileRow {
  const { change, subject, path, overwritten, rule, reason } = event;
  const { step, process, container, before, after, diff, time } = event;
  return {
    ...{ change, subject, path, overwritten, rule, reason },
    ...{ step, container, before, after, diff },
    process: below(process, guards),
    changedMs: event.changedMs ?? null,
    files: event.files ?? null,
    times: 1,
    first: time,
  };
}

function joined(row: FileRow, event: FileEvent): FileRow {
  const { after, diff, changedMs, files } = event;
  return {
    ...row,
    ...{ after, diff: diff ?? row.diff },
    changedMs: Math.max(row.changedMs ?? 0, changedMs ?? 0) || null,
    files: row.files === null ? null : row.files + (files ?? 0),
    times: row.times + 1,
  };
}
