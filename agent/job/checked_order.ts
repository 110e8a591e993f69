/**
 * The action's inputs as an order, or as the answer that says what is wrong.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import { readInputs } from "./inputs.ts";
import type { InputProblem, JobOrder } from "./job_order.ts";
import { annotationLines } from "../report/annotations.ts";
import { replyOf } from "./reply.ts";

/**
 * Reads the inputs.
 *
 * @param inputs Names to values as the workflow gives them.
 */
export function checkedOrder(
  inputs: Readonly<Record<string, string>>,
):
  | { readonly ok: true; readonly order: JobOrder }
  | { readonly ok: false; readonly reply: ActionReply } {
  const read = readInputs(inputs);
  if (read.ok) return read;
  const { problems, isAudit } = read;
  const level = isAudit ? "warning" : "error";
  const title = isAudit
    ? "Sluice: this job is NOT guarded, nothing is watched"
    : "Sluice cannot guard this job";
  const lines = annotationLines(problems.map((problem) => ({
    ...{ level, title },
    message: problemText(problem),
  })));
  const reply = replyOf({ exitCode: isAudit ? 0 : 1, lines });
  return { ok: false, reply };
}

function problemText({ input, token, at, why, hint }: InputProblem): string {
  const place = at === null ? "" : ` (line ${at.line}, column ${at.column})`;
  return `${input}: ${JSON.stringify(token)}${place}: ${why}. ${hint}.`;
}
