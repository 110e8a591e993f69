/**
 * Makes room for a job's guard: waits for the former job's to end, and clears
 * up after one that was killed.
 *
 * @module
 */
import { type Context, say } from "../context.ts";
import { AgentError } from "../errors.ts";
import { isAlive, readState, startTicksOf } from "../state.ts";
import { cString } from "../../ffi/text.ts";
import { giveBackRemains } from "./caretaker.ts";
import type { JobPlace } from "./job_place.ts";
import { readJobRecord, removeJobRecord } from "./job_record.ts";
import { isSame } from "./process_id.ts";

/** A guard that ends takes its rules away, which may take so long. */
const END_MS = 30_000;
const POLL_MS = 20;

/**
 * Waits until no other job is guarded.
 *
 * @throws {AgentError} `already_guarded` while another one is.
 */
export async function makeRoom(
  context: Context,
  of: { readonly directory: string; readonly place: JobPlace },
): Promise<void> {
  const { libc } = context;
  const { directory, place } = of;
  const untilMs = performance.now() + END_MS;
  let isRemnant = false;
  for (;;) {
    const state = readState(libc, directory);
    const record = readJobRecord(libc, directory);
    const isGuarded = state !== null && state.stoppedAt === null;
    if (!isGuarded || !isAlive(libc, state)) {
      const isOurs = record !== null &&
        isSame(record.place.worker, place.worker);
      if (isGuarded && isOurs) throw lost();
      isRemnant = isGuarded;
      break;
    }
    const worker = record?.place.worker;
    const isOver = worker !== undefined &&
      startTicksOf(libc, worker.pid) !== worker.startTicks;
    if (!isOver || performance.now() > untilMs) {
      throw guarded(worker !== undefined && isSame(worker, place.worker));
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  for (const line of giveBackRemains(libc, directory)) say(`Warning: ${line}`);
  removeJobRecord(libc, directory);
  // Who clears up after a killed guard writes that into its journal.
  if (isRemnant) return;
  // Each job has a journal of its own; the last one is kept to be read.
  const journal = `${directory}/journal.ndjson`;
  const former = `${directory}/journal.former.ndjson`;
  libc.symbols.rename(cString(journal), cString(former));
}

function guarded(isOurs: boolean): AgentError {
  return new AgentError("already_guarded", {
    what: "Cannot guard this job",
    why: isOurs
      ? "the action has guarded it already"
      : "this machine is guarded already, for another job or by " +
        "`sluice start`",
    hint: isOurs
      ? "Use the action once in a job"
      : "Let one job at a time run on a machine, or none that is guarded",
  });
}

/** Its own guard was killed: nobody knows what has left since. */
function lost(): AgentError {
  return new AgentError("already_guarded", {
    what: "Cannot guard this job",
    why: "it was guarded, and its guard was killed",
    hint: "Look for what has root's rights in this job",
  });
}
