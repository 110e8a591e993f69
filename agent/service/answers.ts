/**
 * What the service answers the action's entries.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import type { Context } from "../context.ts";
import { AgentError } from "../errors.ts";
import { armJob } from "../job/arm.ts";
import { readJobRecord } from "../job/job_record.ts";
import { endLostJob } from "../job/lost_job.ts";
import { isSame, type ProcessId } from "../job/process_id.ts";
import { failure, sentenceOf } from "../job/reply.ts";
import { readRequest } from "../job/request.ts";
import { jobOfAsker } from "./asker.ts";
import { answerHook } from "./hook_answers.ts";
import { isHooked } from "./hook_asker.ts";
import type { HookedWorkers } from "./hooked_workers.ts";
import type { ProcessEar } from "./process_ear.ts";

const TITLE = "Sluice cannot guard this job";
const UNLET =
  "The owner of this machine has every job of this runner guarded " +
  "by its hooks, and this job's first hook has not asked for that.";

/**
 * Answers a request.
 *
 * @param of `asker`: who has connected, by the kernel's word; null when it has
 * ended.
 */
export async function answerService(
  context: Context,
  of: {
    readonly line: string;
    readonly asker: ProcessId | null;
    readonly ear: ProcessEar;
    readonly workers: HookedWorkers;
  },
): Promise<ActionReply> {
  const { libc } = context;
  const { line, asker, ear, workers } = of;
  if (asker === null) return failure(TITLE, "The process that asks has ended.");
  try {
    const request = readRequest(line);
    const { environment, stage } = request;
    if (stage === "started" || stage === "completed") {
      return await answerHook(context, { request, stage, asker, ear, workers });
    }
    const place = await jobOfAsker(libc, { asker, ear, environment });
    const record = readJobRecord(libc, context.stateDirectory({}));
    const isItsOwn = record !== null &&
      isSame(record.place.worker, place.worker);
    // What pre had to leave to it, or was never asked.
    if (stage === "pre" || stage === "main" && !isItsOwn) {
      if (isHooked(libc, place.root) && !workers.isLet(place.worker)) {
        return failure(TITLE, UNLET);
      }
      const said: string[] = [];
      const say = (text: string) => said.push(text);
      const reply = await armJob(context, { flags: {}, request, asker, say });
      return { ...reply, lines: [...said, ...reply.lines] };
    }
    // Its guard listens elsewhere: who asks here has lost it.
    if (stage === "post" && isItsOwn) return await endLostJob(context, {});
    return failure(
      "Sluice has not guarded this job",
      "No guard is armed for it.",
    );
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return failure(TITLE, sentenceOf(error));
  }
}
