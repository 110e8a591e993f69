/**
 * What the main thread and the process thread tell each other.
 *
 * @module
 */
import type { Policy } from "../decide/policy.ts";
import type { FileSourceName } from "../observe/files/file_source.ts";
import type { FilesFds, ProcessSourceName } from "../observe/process_source.ts";
import type { JobMark, JobReport } from "./job_children.ts";

/** Which files are watched. */
export interface FileOrder {
  /** Work spaces, absolute; none where no place is known. */
  readonly workspaces: readonly string[];
  readonly source: Policy["source"];
  /** Home directories, where secrets are kept. */
  readonly homes: readonly string[];
}

/** What the main thread tells this one, once. */
export interface ProcessOrder {
  /** The agent's own pid. */
  readonly agentPid: number;
  /** Whether a whole host is guarded or one command. */
  readonly scope: "host" | "command";
  /** A network namespace file; null guards those of all namespaces. */
  readonly netns: string | null;
  /** Whether the memory of the runner's processes is kept from all others. */
  readonly protectsRunner: boolean;
  /** Where `sluice step` finds us; null nowhere. */
  readonly stepSocket: string | null;
  /** Whose files are watched and how; null for nobody's. */
  readonly files: FileOrder | null;
  /** The job of GitHub's that is guarded; missing for none. */
  readonly job?: JobMark;
  /** The network namespace in which the kernel tells of processes. */
  readonly home: string;
  /** The names of steps, written by this thread: `StepBoard`. */
  readonly steps: SharedArrayBuffer;
  /** Numbers at the places of {@linkcode SHARED}. */
  readonly shared: SharedArrayBuffer;
  /** An eventfd that becomes readable when the thread is to end. */
  readonly stopFd: number;
}

/** Places in what both threads see at once, 32 bits each. */
export const SHARED = {
  /** The pid of the guarded command; 0 until it is started. */
  commandPid: 0,
  /** How many batches of events the main thread has written. */
  written: 1,
  count: 2,
} as const;

/** What this thread tells the main thread. */
export type ProcessReport =
  | {
    readonly kind: "ready";
    readonly source: ProcessSourceName;
    /** The map of descents that the kernel keeps; null where it keeps none. */
    readonly lineageFd: number | null;
    readonly filesFds: FilesFds | null;
    /** By what changes of files are heard of; null when they are not. */
    readonly files: FileSourceName | null;
    /** Why no better source was to be had; empty with the best one. */
    readonly refused: string;
  }
  | { readonly kind: "failed"; readonly why: string }
  | { readonly kind: "events"; readonly encoded: readonly string[] }
  | { readonly kind: "job"; readonly report: JobReport }
  | { readonly kind: "done" };
