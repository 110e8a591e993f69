/**
 * Passes on to the runner what the agent says.
 *
 * @module
 */
import { randomUUID } from "node:crypto";
import { appendFileSync } from "node:fs";
import { EntryError } from "./failure.ts";
import type { Outputs } from "./outputs.ts";
import type { ActionReply } from "./protocol.ts";
import type { Environment } from "./request.ts";
import { encodeCommandText } from "./workflow_command.ts";

/** What the stages of one step keep for each other. */
const STATE = "sluice";

/** Prints its lines, and writes its summary. */
export function showReply(reply: ActionReply, env: Environment): void {
  for (const line of reply.lines) print(line);
  if (reply.summary !== null) append(env.GITHUB_STEP_SUMMARY, reply.summary);
}

/** Sets the step's outputs; of two that are set, the later one counts. */
export function setOutputs(outputs: Outputs, env: Environment): void {
  writePairs(env.GITHUB_OUTPUT, outputs);
}

/** Keeps something for the stages behind. */
export function keepState(env: Environment, state: string): void {
  writePairs(env.GITHUB_STATE, { [STATE]: state });
}

/** What an earlier stage has kept; undefined for nothing. */
export function keptState(env: Environment): string | undefined {
  return env[`STATE_${STATE}`];
}

/** What went wrong, beside the job. */
export function showError(
  error: unknown,
  level: "error" | "warning" = "error",
): void {
  const text = error instanceof EntryError
    ? `${error.message}. ${error.hint}.`
    : String(error instanceof Error ? error.stack : error);
  const title = level === "error"
    ? "Sluice cannot guard this job"
    : "Sluice: this job is NOT guarded, nothing is watched";
  const shown = encodeCommandText(text);
  print(`::${level} title=${encodeCommandText(title, "property")}::${shown}`);
}

function writePairs(
  path: string | undefined,
  pairs: Readonly<Record<string, string>>,
): void {
  for (const [name, value] of Object.entries(pairs)) {
    // Nobody who wrote the value could know where it ends.
    const end = `end-${randomUUID()}`;
    append(path, `${name}<<${end}\n${value}\n${end}\n`);
  }
}

function append(path: string | undefined, text: string): void {
  try {
    if (path !== undefined && path !== "") appendFileSync(path, text);
  } catch (error) {
    // The verdict does not hang on what a step has done to these files.
    print(`::warning::${encodeCommandText(String(error))}`);
  }
}

/** Prints a line of the step's log. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}
