/**
 * What a job's guard answers whom.
 *
 * @module
 */
import { type ArmedGuard, outputsOf } from "../action/outputs.ts";
import type { ActionReply } from "../action/protocol.ts";
import { AgentError } from "../errors.ts";
import type { JobEnd } from "./job_end.ts";
import { laterBesideOwner } from "./owners_guard.ts";
import type { PostStep } from "./post_step.ts";
import type { ProcessId } from "./process_id.ts";
import { readRequest } from "./request.ts";
import { failure, replyOf, sentenceOf } from "./reply.ts";

const REFUSED = "Sluice does not end";
const ONLY_RUNNER = "Only the runner's own post step can end it.";

/**
 * Answers a request.
 *
 * @param of `asker`: who has connected, by the kernel's word; null when it has
 * ended.
 */
export async function answerLine(
  line: string,
  of: {
    readonly asker: ProcessId | null;
    /** Its parent; null when either has ended. */
    readonly parent: ProcessId | null;
    readonly post: PostStep;
    readonly end: JobEnd;
    /** What is armed: the job's own end of it. */
    readonly guard: ArmedGuard;
    /** Whether the job is guarded for the machine's owner. */
    readonly isOwners: boolean;
  },
): Promise<ActionReply> {
  const { post, end, guard, isOwners } = of;
  try {
    const { stage } = readRequest(line);
    // The action may be in such a job, and has no part in it.
    if (isOwners && /^(?:main|post)$/.test(stage)) {
      return laterBesideOwner(guard);
    }
    if (stage === "main") {
      const lines = ["Sluice guards this job"];
      return replyOf({ isArmed: true, lines, outputs: outputsOf(guard) });
    }
    if (stage === "pre" || stage === "started") {
      return failure(
        "Sluice cannot guard this job",
        "It is guarded already, or another job on this machine is: use the " +
          "action once in a job, and let one job at a time run on a machine.",
      );
    }
    // The runner starts a hook's shell, and that the program which asks.
    const by = isOwners ? of.parent : of.asker;
    const isRight = (stage === "completed") === isOwners;
    if (!isRight || by === null || !await post.isPost(by)) {
      end.noteIntruder(of.asker);
      return failure(REFUSED, ONLY_RUNNER);
    }
    return await end.answer(by);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    return failure(REFUSED, sentenceOf(error));
  }
}
