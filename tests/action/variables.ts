/**
 * The variables that the runner sets for each step.
 *
 * @see {@link https://docs.github.com/actions/reference/variables-reference | Variables}
 * @module
 */
import type { WorkflowStep } from "./workflow.ts";

/** Where a step is. */
export interface VariablePlace {
  /** The runner's. */
  readonly root: string;
  /** Of the step in its job. */
  readonly index: number;
  readonly workspace: string;
}

/** Those that no step can set otherwise. */
export function defaultVariables(
  step: WorkflowStep,
  { root, index, workspace }: VariablePlace,
): Record<string, string> {
  const work = `${root}/_work`;
  const source = step.uses !== undefined && !isLocal(step.uses)
    ? step.uses.split("@")
    : ["", ""];
  return {
    CI: "true",
    GITHUB_ACTION: step.id ?? `__run_${index}`,
    GITHUB_ACTIONS: "true",
    GITHUB_ACTION_REF: source[1]!,
    GITHUB_ACTION_REPOSITORY: source[0]!,
    GITHUB_ACTOR: "someone",
    GITHUB_API_URL: "https://api.github.com",
    GITHUB_EVENT_NAME: "push",
    GITHUB_EVENT_PATH: `${work}/_temp/_github_workflow/event.json`,
    GITHUB_JOB: "build",
    GITHUB_REF: "refs/heads/main",
    GITHUB_REPOSITORY: "owner/project",
    GITHUB_RUN_ATTEMPT: "1",
    GITHUB_RUN_ID: "1234567890",
    GITHUB_RUN_NUMBER: "7",
    GITHUB_SERVER_URL: "https://github.com",
    GITHUB_SHA: "0123456789abcdef0123456789abcdef01234567",
    GITHUB_WORKFLOW: "CI",
    GITHUB_WORKSPACE: workspace,
    RUNNER_ARCH: Deno.build.arch === "x86_64" ? "X64" : "ARM64",
    RUNNER_ENVIRONMENT: "self-hosted",
    RUNNER_NAME: "stand-in",
    RUNNER_OS: "Linux",
    RUNNER_TEMP: `${work}/_temp`,
    RUNNER_TOOL_CACHE: `${work}/_tool`,
    RUNNER_WORKSPACE: `${work}/project`,
  };
}

/** Whether an action is in the repository itself. */
export function isLocal(uses: string): boolean {
  return uses.startsWith("./");
}
