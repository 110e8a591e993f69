/**
 * What the action's entries and the agent say to each other: one line of JSON
 * each way.
 *
 * The entries run as the runner's user, in an environment that a step may have
 * poisoned: the agent believes what they say for what the workflow asks, before
 * any step, and never for how the job ends.
 *
 * @module
 */
import type { Outputs } from "./outputs.ts";

/**
 * Who asks: one of the three entries, or one of the hooks that a machine's owner
 * has a runner run around each job.
 */
export type Stage = "pre" | "main" | "post" | "started" | "completed";

/**
 * Where the guard of a job listens: a stream, a line each way. Not in the
 * state directory, which only root may enter.
 */
export const JOB_SOCKET = "/run/sluice-job/socket";

/** Where the host service listens, on machines whose runner has no sudo. */
export const SERVICE_SOCKET = "/run/sluice-service/socket";

/** What an entry asks for. */
export interface ActionRequest {
  readonly version: 1;
  readonly stage: Stage;
  /** The `with:` of the step: lower-case names to values as they were given. */
  readonly inputs: Readonly<Record<string, string>>;
  /** The variables of GITHUB_* and RUNNER_* that the agent may need. */
  readonly environment: Readonly<Record<string, string>>;
}

/** A file that is to be uploaded as the job's artifact. */
export interface ReplyFile {
  readonly name: string;
  readonly mimeType: string;
  /** Base64: whoever asks may not read where the agent keeps it. */
  readonly content: string;
}

/** What the agent answers. */
export interface ActionReply {
  readonly version: 1;
  /** Of the step. The agent sees to it that none that is not 0 becomes 0. */
  readonly exitCode: number;
  /** For the step's log: whole lines, workflow commands among them, escaped. */
  readonly lines: readonly string[];
  /** Of the job's guard, for {@linkcode Stage} main; null without one. */
  readonly outputs: Outputs | null;
  /** Markdown of less than 1 MiB; null for none. */
  readonly summary: string | null;
  /** Whether a guard is armed now. */
  readonly isArmed: boolean;
  /** Whether the guard is to be asked for again, when the step itself is there. */
  readonly isLater: boolean;
  readonly files: readonly ReplyFile[];
}
