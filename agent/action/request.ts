/**
 * What the workflow and the runner say, gathered for the agent.
 *
 * @module
 */
import type { ActionRequest, Stage } from "./protocol.ts";

/** A process's environment, as Node gives it. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** All that the agent is told of the runner's own variables. */
const PASSED = [
  "GITHUB_ACTION",
  "GITHUB_ACTION_REF",
  "GITHUB_ACTION_REPOSITORY",
  "GITHUB_API_URL",
  "GITHUB_EVENT_NAME",
  "GITHUB_JOB",
  "GITHUB_REF",
  "GITHUB_REPOSITORY",
  "GITHUB_RUN_ATTEMPT",
  "GITHUB_RUN_ID",
  "GITHUB_SERVER_URL",
  "GITHUB_SHA",
  "GITHUB_WORKFLOW",
  "GITHUB_WORKSPACE",
  "RUNNER_ARCH",
  "RUNNER_ENVIRONMENT",
  "RUNNER_NAME",
  "RUNNER_OS",
  "RUNNER_TEMP",
  "RUNNER_TOOL_CACHE",
  "RUNNER_WORKSPACE",
] as const;

const INPUT_PREFIX = "INPUT_";

/** Gathers a request from an entry's environment. */
export function gatherRequest(stage: Stage, env: Environment): ActionRequest {
  return {
    version: 1,
    stage,
    inputs: readInputVariables(env),
    environment: Object.fromEntries(
      PASSED.flatMap((name) => {
        const value = env[name];
        return value === undefined ? [] : [[name, value]];
      }),
    ),
  };
}

/**
 * Whether the workflow asks, in so many words, for a job that goes on when
 * nothing can guard it.
 *
 * Only for where the agent, which reads inputs, cannot be had: whatever is not
 * exactly this is taken as a wish to be guarded.
 */
export function mayGoOn({ inputs }: ActionRequest): boolean {
  const word = (name: string) => (inputs[name] ?? "").trim().toLowerCase();
  return word("egress-policy") === "audit" ||
    word("on-failure") === "continue";
}

function readInputVariables(env: Environment): Record<string, string> {
  // The runner has made them upper case, and left their hyphens.
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) =>
      name.startsWith(INPUT_PREFIX) && value !== undefined
        ? [[name.slice(INPUT_PREFIX.length).toLowerCase(), value]]
        : []
    ),
  );
}
