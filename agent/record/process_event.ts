/**
 * The journal's events about processes, steps and what they take.
 *
 * As in `event.ts`, fields are added, never renamed, and text is kept as it came.
 *
 * @module
 */
import type { Done } from "./done.ts";

/**
 * A program was executed. Of a program that ends at once there is only the
 * event `finished`; of others that has the same `process.pid` and `start`.
 */
export interface ExecEvent extends Done {
  /** Tells the kinds of events apart. */
  readonly kind: "exec";
  /** Whether it runs still. */
  readonly event: "started" | "finished";
  /** Absolute path; null when it could not be read. */
  readonly cwd: string | null;
  /** RFC 3339 with microseconds: when the program was executed. */
  readonly start: string;
  /** RFC 3339 with microseconds; null while it runs. */
  readonly end: string | null;
  /** Null while it runs, or when a signal ended it. */
  readonly exitCode: number | null;
  /** The number of the signal that ended it. */
  readonly signal: number | null;
}

/** A workflow step, or a part of one that has a process tree of its own. */
export interface StepEvent {
  /** Tells the kinds of events apart. */
  readonly kind: "step";
  /** Of a step that started no process there is none. */
  readonly event: "started" | "finished";
  /** Its name as the workflow shows it. */
  readonly step: string;
  /** The step of a composite action within that step. */
  readonly substep?: string;
  /** Where the name is from, the surest first. */
  readonly source: "log" | "environment" | "path" | "command";
  /** Its first process. */
  readonly pid: number;
  /** `finished`: the exit code of that process; null after a signal. */
  readonly exitCode?: number | null;
}

/** Something that takes, keeps or lends more rights than a build needs. */
export interface PrivilegeEvent extends Done {
  /** Tells the kinds of events apart. */
  readonly kind: "privilege";
  /** A stable id in kebab case, one of those that README lists. */
  readonly rule: string;
  /** One sentence for a person. */
  readonly reason: string;
  /** Whether it was prevented. */
  readonly denied: boolean;
  /** The process that it was done to. */
  readonly target?: { readonly pid: number; readonly exe: string | null };
  /** The file that it was done to. */
  readonly path?: string;
}

/** A container was seen for the first time. */
export interface ContainerEvent {
  /** Tells the kinds of events apart. */
  readonly kind: "container";
  /** As the other events name it. */
  readonly id: string;
  /** Null when no runtime could be asked. */
  readonly name: string | null;
  /** Null when no runtime could be asked. */
  readonly image: string | null;
  /** The step that had it started; null when it is not known. */
  readonly step: string | null;
}
