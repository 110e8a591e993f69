/**
 * What was executed under a guard, as its journal tells it.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type { Event } from "../../agent/record/event.ts";
import type { ExecEvent } from "../../agent/record/process_event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { runOrThrow } from "../lab/command.ts";

/** One line about a program. */
export type Executed = ExecEvent & { readonly seq: number };

/** The loop and what it executes, compiled. */
export interface ExecPrograms {
  /** `execs COUNT PROGRAM` */
  readonly execs: string;
  readonly nothing: string;
}

/** Compiles both into a directory that every user can read. */
export async function compileExecs(directory: string): Promise<ExecPrograms> {
  const source = (name: string) =>
    fileURLToPath(new URL(`../bench/${name}.c`, import.meta.url));
  const strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  const execs = `${directory}/execs`;
  const nothing = `${directory}/nothing`;
  await runOrThrow([
    ...["gcc", ...strict, "-static", "-o", execs, source("execs")],
  ]);
  await runOrThrow([
    ...["gcc", ...strict, "-static", "-nostdlib"],
    ...["-o", nothing, source("nothing")],
  ]);
  return { execs, nothing };
}

/** A journal, which must be one without problems. */
export async function readEvents(path: string): Promise<readonly Event[]> {
  const { events, problems } = readJournal(await Deno.readTextFile(path));
  if (problems.length === 0) return events;
  throw new Error(`Cannot trust "${path}": ${JSON.stringify(problems)}`);
}

/**
 * What was executed, by what is told of it, in the order of the starts.
 *
 * Not in the journal's: what runs before its place is known is told later.
 */
export function executed(
  events: readonly Event[],
  event: ExecEvent["event"] = "finished",
): readonly Executed[] {
  return events.filter((each): each is Event & Executed =>
    each.kind === "exec" && each.event === event
  ).toSorted((left, right) => left.start.localeCompare(right.start));
}

/** The arguments of each. */
export function argumentsOf(programs: readonly Executed[]): string[][] {
  return programs.map(({ process }) => [...process?.args ?? []]);
}
