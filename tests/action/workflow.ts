/**
 * A job as a workflow has it, and what came of it.
 *
 * @module
 */

/** One entry of `steps:`. */
export interface WorkflowStep {
  readonly name?: string;
  readonly id?: string;
  /** `always()`, `success()`, `failure()` or `cancelled()`. */
  readonly if?: string;
  /** A script for bash. */
  readonly run?: string;
  /** `./`, or `OWNER/REPOSITORY@REF` of what is installed. */
  readonly uses?: string;
  readonly with?: Readonly<Record<string, string>>;
  readonly env?: Readonly<Record<string, string>>;
  /** What happens on the machine right before it, by no step. */
  readonly before?: () => void | Promise<void>;
}

/** One of `jobs:`. */
export interface WorkflowJob {
  /** As runners of before 2023 did: NODE_OPTIONS by GITHUB_ENV. */
  readonly isNodeOptionsLet?: boolean;
  /** What the processes of actions are started by, as `container:` does it. */
  readonly actionsIn?: readonly string[];
  readonly steps: readonly WorkflowStep[];
  readonly env?: Readonly<Record<string, string>>;
}

/** How a step or a job ended. */
export type Conclusion = "success" | "failure" | "cancelled" | "skipped";

/** `::error file=a.ts::Message`. */
export interface WorkflowCommand {
  readonly command: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly message: string;
}

/** One stage of a step. */
export interface StepRun {
  /** As it is shown: `Pre …` and `Post …` of an action. */
  readonly name: string;
  readonly stage: "pre" | "main" | "post";
  readonly conclusion: Conclusion;
  /** Null of one that was not started or never ended. */
  readonly exitCode: number | null;
  /** From its start to its end; 0 of one that was not started. */
  readonly milliseconds: number;
  /** What it printed, with masks over it. */
  readonly log: string;
  readonly commands: readonly WorkflowCommand[];
  /** What later steps can ask for; of a main part only. */
  readonly outputs: Readonly<Record<string, string>>;
  readonly summary: string;
}

/** A whole job. */
export interface JobRun {
  readonly conclusion: Conclusion;
  readonly steps: readonly StepRun[];
  /** Whether the worker ended before it had said how the job ended. */
  readonly isWorkerLost: boolean;
  readonly workerPid: number;
}

/** The stage of a step by its shown name; throws where there is none. */
export function findStep(job: JobRun, name: string): StepRun {
  const found = job.steps.find((step) => step.name === name);
  if (found !== undefined) return found;
  const names = job.steps.map((step) => `"${step.name}"`).join(", ");
  throw new Error(`Cannot find step "${name}": there are ${names}`);
}
