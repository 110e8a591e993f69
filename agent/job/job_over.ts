/**
 * Until when a job's guard stays behind its verdict.
 *
 * What steps have left running could else send freely from then on, and the
 * runner ends it only behind the last step: with all that has kept
 * RUNNER_TRACKING_ID.
 *
 * @module
 */
import { startTicksOf } from "../state.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { JobRecord } from "./job_record.ts";

const POLL_MS = 50;
/** A script of the machine's owner, started behind the last step. */
const HOOK = "ACTIONS_RUNNER_HOOK_JOB_COMPLETED";

/**
 * Waits until nothing of a job can run any more, as far as that can be known.
 *
 * On a machine of GitHub's, until that is gone. Elsewhere until the worker has
 * ended; where a hook runs behind the last step, not at all: what it needs is
 * in no policy.
 *
 * @param of `stop`: settled when the guard is to end at once.
 */
export async function untilOver(
  libc: Libc,
  of: {
    readonly record: Pick<JobRecord, "place" | "isHosted" | "isOwners">;
    readonly stop: Promise<void>;
  },
): Promise<void> {
  const { record, stop } = of;
  const { place: { worker }, isHosted, isOwners } = record;
  if (isHosted) return await stop;
  const environment = tryReadText(libc, `/proc/${worker.pid}/environ`) ?? "";
  const isHooked = environment.split("\0")
    .some((pair) => pair.startsWith(`${HOOK}=`));
  // Where the owner has jobs guarded, that hook is our own.
  if (isHooked && !isOwners) return;
  let isStopped = false;
  const stopped = stop.then(() => {
    isStopped = true;
  });
  while (!isStopped) {
    if (startTicksOf(libc, worker.pid) !== worker.startTicks) return;
    const next = Promise.withResolvers<void>();
    const timer = setTimeout(next.resolve, POLL_MS);
    await Promise.race([next.promise, stopped]);
    clearTimeout(timer);
  }
}
