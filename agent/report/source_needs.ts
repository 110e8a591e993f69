/**
 * From what was done to files to the entries that let it pass.
 *
 * @module
 */
import type { Event } from "../record/event.ts";
import type { Summary } from "./aggregate.ts";
import { type FileRow, kindOf } from "./files.ts";
import type { ScopeChoice } from "./scope.ts";

/** One line under a policy's `source.allow`. */
export interface RecommendedAllowance {
  /** A glob. */
  readonly path: string;
  /** The program that wrote; null when everybody may. */
  readonly process: string | null;
  /** The step in which it did; null when it may in each. */
  readonly step: string | null;
}

/** More files than that of one writer are named by what they have in common. */
const MAX_PATHS = 20;

/** What a glob cannot spell: it stands for any part of a name there. */
const UNSPELLABLE = /[*?{\0\ufffd]|^!/gu;

/**
 * The tightest entries that would have let pass what was told. Steps are named
 * where there was more than one.
 *
 * What was hidden by a mount is not among it: no entry is for that.
 *
 * @param of The work spaces, which paths are told from, and how tight entries
 * are to be.
 * @returns Sorted, each once.
 */
export function sourceNeeds(
  { files, steps }: Pick<Summary, "files" | "steps">,
  of: { readonly workspaces: readonly string[]; readonly choice: ScopeChoice },
): readonly RecommendedAllowance[] {
  const { workspaces, choice } = of;
  const isStepTelling = steps.filter(({ step }) => step !== null).length > 1;
  const groups = Map.groupBy(files.filter(isAllowable), (row) => {
    const exe = choice === "none" ? null : programOf(row);
    const named = choice === "none" || !isStepTelling ? null : row.step;
    return JSON.stringify([exe, named]);
  });
  return [...groups].flatMap(([key, rows]) => {
    const [process, step] = JSON.parse(key);
    const paths = rows.map(({ path }) => globOf(path, workspaces));
    return shortened([...new Set(paths)])
      .map((path) => ({ path, process, step }));
  }).sort((a, b) => order(a) < order(b) ? -1 : 1);
}

/** Where sources were watched, by all that was armed. */
export function workspacesOf(events: readonly Event[]): readonly string[] {
  const all = events.flatMap((event) =>
    event.kind === "agent" ? event.workspaces ?? [] : []
  );
  // The innermost is what a path is told from.
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}

function isAllowable(row: FileRow): boolean {
  const kind = kindOf(row);
  const isTold = kind === "overwritten" || kind === "secret" || kind === "told";
  return isTold && row.change !== "mounted";
}

/** Null for one that is not there any more, which no entry can name. */
function programOf({ process }: FileRow): string | null {
  const exe = process?.exe ?? "";
  return exe.startsWith("/") && !exe.endsWith(" (deleted)") ? exe : null;
}

function order({ path, process, step }: RecommendedAllowance): string {
  return JSON.stringify([path, process, step]);
}

/** The glob that names one path, and others only where none can name it. */
function globOf(path: string, workspaces: readonly string[]): string {
  const around = workspaces.find((root) => path.startsWith(`${root}/`));
  const named = around === undefined ? path : path.slice(around.length + 1);
  return named.split("/")
    .map((name) => name.replace(UNSPELLABLE, "*").replace(/\*+/g, "*"))
    .join("/");
}

/** Many paths as one: what is below the directory that all of them are in. */
function shortened(paths: readonly string[]): readonly string[] {
  if (paths.length <= MAX_PATHS) return paths;
  const [first, ...others] = paths.map((path) => path.split("/"));
  let depth = first!.length - 1;
  for (const names of others) {
    let same = 0;
    while (same < depth && names[same] === first![same]) same++;
    depth = same;
  }
  const ends = new Set(paths.map((path) => /\.\w+$/.exec(path)?.[0] ?? ""));
  const [end] = ends;
  const tail = ends.size === 1 && end !== "" ? ["**", `*${end}`] : ["**"];
  return [[...first!.slice(0, depth), ...tail].join("/")];
}
