/**
 * The end of a job whose guard was killed.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import { type Context, say } from "../context.ts";
import { AgentError } from "../errors.ts";
import type { Flags } from "../options.ts";
import { clearRemains } from "../remains.ts";
import { isAlive, readState } from "../state.ts";
import { removeJobRecord } from "./job_record.ts";
import { giveBackRemains } from "./caretaker.ts";
import { failure, unguarded } from "./reply.ts";

/**
 * Clears up, and says that nobody knows what the job did.
 *
 * @throws {AgentError} `already_guarded` while its guard lives: it must be
 * asked itself.
 */
// deno-lint-ignore require-await
export async function endLostJob(
  context: Context,
  flags: Flags,
): Promise<ActionReply> {
  const { libc } = context;
  const directory = context.stateDirectory(flags);
  const state = readState(libc, directory);
  if (state === null || state.stoppedAt !== null) {
    return failure("Sluice has not guarded this job", "No guard is armed.");
  }
  if (isAlive(libc, state)) {
    throw new AgentError("already_guarded", {
      what: "Cannot end the guard of this job",
      why: "it is there, and takes that from the runner's post step only",
      hint: "Leave it to the action",
    });
  }
  clearRemains(libc, directory, { state, netns: null });
  for (const line of giveBackRemains(libc, directory)) say(`Warning: ${line}`);
  removeJobRecord(libc, directory);
  const message = "The guard was killed during the job: what was done since " +
    "then is not known.";
  return state.egress === "audit"
    ? unguarded(message)
    : failure("Sluice was killed", message);
}
