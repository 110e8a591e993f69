/**
 * What each workflow step did.
 *
 * @module
 */
import type { Event } from "../record/event.ts";
import type { ExecEvent, StepEvent } from "../record/process_event.ts";
import { isFinding } from "./files.ts";
import { SUDO_RULE } from "./privilege.ts";

/** One step, or all that was done in none. */
export interface StepSummary {
  /** Null for what belongs to no step that is known. */
  readonly step: string | null;
  /** Where its name is from; null when nothing told of the step itself. */
  readonly source: StepEvent["source"] | null;
  /** Time of the earliest event. */
  readonly first: string;
  /** Time of the latest event. */
  readonly last: string;
  /** Of its first process, when that has ended by itself. */
  readonly exitCode: number | null;
  /** How many programs were executed. */
  readonly programs: number;
  /** Connections and look-ups that were allowed. */
  readonly allowed: number;
  /** Connections and look-ups that were not. */
  readonly denied: number;
  /** Acts that take, keep or lend rights. */
  readonly privileges: number;
  /** How often sudo, or a program like it, was used. */
  readonly sudo: number;
  /** Files that were overwritten, and what else ought to be known of files. */
  readonly files: number;
}

/** Counts programs by events, of which some have two. */
export class ProgramCounter {
  /** Of which `finished` is still to come. */
  readonly #running = new Set<string>();

  /** Whether this event tells of a program that no event has told of. */
  isNew({ event, process, start }: ExecEvent): boolean {
    if (process === null) return event === "started";
    const key = `${process.pid} ${start}`;
    if (event === "started") {
      this.#running.add(key);
      return true;
    }
    return !this.#running.delete(key);
  }
}

/**
 * What each step did, in the order in which they begin.
 *
 * @param events A journal's events.
 * @returns What was done in no step comes last; alone it is left out.
 */
export function stepsOf(events: readonly Event[]): readonly StepSummary[] {
  const steps = new Map<string | null, Writable>();
  const programs = new ProgramCounter();
  for (const event of events) {
    if (event.kind === "agent" || event.kind === "container") continue;
    const { step, time } = event;
    let row = steps.get(step);
    if (row === undefined) steps.set(step, row = emptyStep(step, time));
    // Two threads tell of what happens, each in its own time.
    if (time < row.first) row.first = time;
    if (time > row.last) row.last = time;
    switch (event.kind) {
      case "step":
        if (event.substep !== undefined) break;
        row.source = event.source;
        row.exitCode = event.exitCode ?? row.exitCode;
        break;
      case "exec":
        if (programs.isNew(event)) row.programs++;
        break;
      case "privilege":
        row.privileges++;
        if (event.rule === SUDO_RULE) row.sudo++;
        break;
      case "file":
        if (isFinding(event)) row.files++;
        break;
      default:
        row[event.decision === "allow" ? "allowed" : "denied"]++;
    }
  }
  const outside = steps.get(null);
  steps.delete(null);
  if (steps.size === 0) return [];
  return outside === undefined ? [...steps.values()] : [
    ...steps.values(),
    outside,
  ];
}

type Writable = { -readonly [Key in keyof StepSummary]: StepSummary[Key] };

function emptyStep(step: string | null, time: string): Writable {
  return {
    step,
    source: null,
    first: time,
    last: time,
    exitCode: null,
    programs: 0,
    allowed: 0,
    denied: 0,
    privileges: 0,
    sudo: 0,
    files: 0,
  };
}
