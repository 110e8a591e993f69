/**
 * What the action's first step does: reads what the workflow asks for, and
 * arms a guard for the job.
 *
 * @module
 */
import { outputsOf } from "../action/outputs.ts";
import type { ActionReply, ActionRequest } from "../action/protocol.ts";
import type { Context } from "../context.ts";
import { AgentError } from "../errors.ts";
import { listProcesses } from "../observe/process_list.ts";
import type { Flags } from "../options.ts";
import { checkedOrder } from "./checked_order.ts";
import { guardPlace } from "./guard_place.ts";
import { findJobPlace } from "./job_place.ts";
import type { JobOrder } from "./job_order.ts";
import type { JobRecord } from "./job_record.ts";
import { replyBesideOwner } from "./owners_guard.ts";
import { copyPolicy } from "./policy_copy.ts";
import type { ProcessId } from "./process_id.ts";
import {
  failure,
  noticeLine,
  pathOf,
  replyOf,
  sentenceOf,
  unguarded,
} from "./reply.ts";

/** Who asks for a guard. */
export interface ArmOptions {
  readonly flags: Flags;
  readonly request: ActionRequest;
  /** A process of the entry, or below it. */
  readonly asker: ProcessId;
  /** Told what is done meanwhile, for the step's log. */
  readonly say: (line: string) => void;
}

const TITLE = "Sluice cannot guard this job";

/**
 * Arms a guard for a job.
 *
 * @returns The answer: red in block mode when it cannot be guarded, unless the
 * workflow asks to go on.
 */
export async function armJob(
  context: Context,
  options: ArmOptions,
): Promise<ActionReply> {
  const { inputs } = options.request;
  const read = checkedOrder(inputs);
  if (!read.ok) return read.reply;
  const { order } = read;
  try {
    return await arm(context, { ...options, order });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const message = sentenceOf(error);
    const mayGoOn = order.egress === "audit" || order.onFailure === "continue";
    return mayGoOn ? unguarded(message) : failure(TITLE, message);
  }
}

async function arm(
  context: Context,
  options: ArmOptions & { readonly order: JobOrder },
): Promise<ActionReply> {
  const { libc } = context;
  const { flags, request, order, asker, say } = options;
  const { environment, stage } = request;
  const notices = order.notices.map(noticeLine);
  const found = listProcesses(libc, false);
  const place = findJobPlace(libc, found, { asker, environment });
  const directory = context.stateDirectory(flags);
  const beside = replyBesideOwner(context, { directory, place, order });
  if (beside !== null) return beside;
  if (order.policyFile !== null && stage === "pre") {
    // A checkout comes first: before it, there is no such file or a former
    // job's.
    const late = "Armed in the main step, once its policy file is there; " +
      "the steps before it are not watched";
    return replyOf({ lines: [...notices, noticeLine(late)], isLater: true });
  }
  const record: JobRecord = {
    ...{ version: 1, place, order, isOwners: false },
    workspace: pathOf(environment.GITHUB_WORKSPACE),
    isHosted: environment.RUNNER_ENVIRONMENT === "github-hosted",
  };
  const guard = await guardPlace(context, {
    ...{ flags, record, say },
    putPolicy: (directory) => {
      if (order.policyFile !== null) copyPolicy(libc, { directory, record });
    },
  });
  const line = `Sluice guards this job (${guard.egress}), armed in ` +
    `${guard.milliseconds} ms`;
  const outputs = outputsOf(guard);
  return replyOf({ lines: [...notices, line], outputs, isArmed: true });
}
