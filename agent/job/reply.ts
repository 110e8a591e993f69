/**
 * The agent's answers to the action's entries.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import type { AgentError } from "../errors.ts";
import { annotationLine } from "../report/annotations.ts";

/** An error of ours as two sentences. */
export function sentenceOf({ parts: { what, why, hint } }: AgentError): string {
  return `${what}: ${why}. ${hint}.`;
}

/** Any error as what stands behind a colon. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** An answer with nothing but what is given. */
export function replyOf(parts: Partial<ActionReply>): ActionReply {
  return {
    ...{ version: 1, exitCode: 0, lines: [], outputs: null, summary: null },
    ...{ isArmed: false, isLater: false, files: [] },
    ...parts,
  };
}

/** The answer of a step that fails. */
export function failure(title: string, message: string): ActionReply {
  const lines = [annotationLine({ level: "error", title, message })];
  return replyOf({ exitCode: 1, lines });
}

/** What is said where a job goes on though nothing watches it. */
export function unguarded(message: string): ActionReply {
  const title = "Sluice: this job is NOT guarded, nothing is watched";
  return replyOf({
    lines: [annotationLine({ level: "warning", title, message })],
  });
}

/** What the runner names as a path; null where it is none. */
export function pathOf(value: string | undefined): string | null {
  return value?.startsWith("/") ? value : null;
}

/** A line that says something once; nothing is wrong. */
export function noticeLine(message: string): string {
  return annotationLine({ level: "notice", title: "Sluice", message });
}
