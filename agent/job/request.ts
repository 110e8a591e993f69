/**
 * Reads what an entry of the action asks for.
 *
 * @module
 */
import type { ActionRequest, Stage } from "../action/protocol.ts";
import { AgentError } from "../errors.ts";

/** More than any `with:` holds; GitHub bounds a workflow file at 1 MiB. */
export const MAX_REQUEST_BYTES = 4 << 20;

const STAGES: ReadonlySet<string> = new Set<Stage>([
  ...["pre", "main", "post"] as const,
  ...["started", "completed"] as const,
]);

/**
 * Reads a request.
 *
 * @param text One line of JSON, from whoever has connected.
 * @throws {AgentError} `request_invalid`.
 */
export function readRequest(text: string): ActionRequest {
  const value = parse(text);
  if (!isRecord(value)) throw invalid("it is no object");
  const { version, stage, inputs, environment } = value;
  if (version !== 1) {
    throw invalid(`its version is ${JSON.stringify(version)}, 1 is needed`);
  }
  if (typeof stage !== "string" || !STAGES.has(stage)) {
    throw invalid(`its stage is ${JSON.stringify(stage)}`);
  }
  return {
    ...{ version, stage: stage as Stage },
    inputs: stringsOf(inputs, "inputs"),
    environment: stringsOf(environment, "environment"),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) throw invalid("it is no JSON");
    throw error;
  }
}

function stringsOf(value: unknown, name: string): Record<string, string> {
  if (!isRecord(value)) throw invalid(`its ${name} are no object`);
  const strings: Record<string, string> = Object.create(null);
  for (const [key, each] of Object.entries(value)) {
    if (typeof each !== "string") {
      throw invalid(`of its ${name}, ${JSON.stringify(key)} is no text`);
    }
    strings[key] = each;
  }
  return strings;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function invalid(why: string): AgentError {
  return new AgentError("request_invalid", {
    what: "Cannot understand what the action asks for",
    why,
    hint: "Use the entries and the program of one and the same release",
  });
}
