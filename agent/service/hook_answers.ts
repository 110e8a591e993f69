/**
 * What the service answers the hooks of runners.
 *
 * @module
 */
import type { ActionReply, ActionRequest } from "../action/protocol.ts";
import type { Context } from "../context.ts";
import { readJobRecord } from "../job/job_record.ts";
import { endLostJob } from "../job/lost_job.ts";
import { armForOwner } from "../job/owners_guard.ts";
import { isSame, type ProcessId } from "../job/process_id.ts";
import { failure, replyOf } from "../job/reply.ts";
import { readText } from "../../ffi/files.ts";
import { jobOfHook } from "./hook_asker.ts";
import type { HookedWorkers } from "./hooked_workers.ts";
import { type HOOKS, OWNER_POLICY } from "./places.ts";
import type { ProcessEar } from "./process_ear.ts";

/** Who asks, and what is known of runners. */
export interface HookRequest {
  readonly request: ActionRequest;
  readonly stage: keyof typeof HOOKS;
  /** Who has connected, by the kernel's word. */
  readonly asker: ProcessId;
  readonly ear: ProcessEar;
  readonly workers: HookedWorkers;
}

/**
 * Answers one.
 *
 * @throws {AgentError} `job_unsupported` for anybody else, `policy_invalid`.
 */
export async function answerHook(
  context: Context,
  { request, stage, asker, ear, workers }: HookRequest,
): Promise<ActionReply> {
  const { libc } = context;
  const place = await jobOfHook(libc, { asker, ear, stage });
  const { worker } = place;
  if (stage === "started") {
    const said: string[] = [];
    const reply = await armForOwner(context, {
      ...{ request, place, say: (text) => said.push(text) },
      policy: { text: readText(libc, OWNER_POLICY), path: OWNER_POLICY },
    });
    if (reply.exitCode === 0) workers.let(worker);
    return { ...reply, lines: [...said, ...reply.lines] };
  }
  // Its guard listens elsewhere: who asks here has lost it, or had none.
  const record = readJobRecord(libc, context.stateDirectory({}));
  const isItsOwn = record !== null && isSame(record.place.worker, worker);
  if (isItsOwn) return await endLostJob(context, {});
  if (workers.isLet(worker)) {
    const lines = ["This job was not guarded: its first step says why"];
    return replyOf({ lines });
  }
  return failure(
    "Sluice has not guarded this job",
    "No guard is armed for it.",
  );
}
