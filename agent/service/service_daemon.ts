/**
 * `sluice service run`: does for the action's entries what they would do by
 * sudo.
 *
 * @module
 */
import { SERVICE_SOCKET } from "../action/protocol.ts";
import { type Context, say } from "../context.ts";
import { JobSocket } from "../job/job_socket.ts";
import {
  isHeard,
  lookBy,
  processAt,
  type ProcessId,
} from "../job/process_id.ts";
import { workOf } from "../observe/runner_files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { answerService } from "./answers.ts";
import { listenerPid } from "./listener.ts";
import { isHooked } from "./hook_asker.ts";
import { HookedWorkers, type UnletStep } from "./hooked_workers.ts";
import { ProcessEar } from "./process_ear.ts";
import { needsRoot, serviceError } from "./refusals.ts";

/** <asm/signal.h> */
const SIGKILL = 9;

/**
 * Listens until it is told to end.
 *
 * @returns The exit code.
 * @throws {AgentError} Where it cannot listen.
 */
export async function runService(context: Context): Promise<number> {
  const { libc } = context;
  needsRoot(libc, "run the service");
  const pid = listenerPid(libc);
  if (pid !== null) {
    throw serviceError({
      what: "Cannot run the service",
      why: `it runs already, as process ${pid}`,
      hint: "End that one first",
    });
  }
  const workers = new HookedWorkers({
    workOf: (root) => isHooked(libc, root) ? workOf(libc, root) : null,
    onUnlet: (step) => endUnlet(libc, step),
  });
  const ear = new ProcessEar(libc, (record) => workers.hear(record));
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT"] as const) {
    Deno.addSignalListener(signal, () => stop.resolve());
  }
  // One at a time: whoever comes second must find what the first one did.
  let before: Promise<unknown> = Promise.resolve();
  const answer = (line: string, asker: ProcessId | null) => {
    const of = { line, asker, ear, workers };
    const reply = before.then(() => answerService(context, of));
    before = reply.catch(() => {});
    return reply.then((value) => JSON.stringify(value));
  };
  const socket = new JobSocket(libc, {
    ...{ path: SERVICE_SOCKET, answer },
    onFailure: say,
  });
  say(`Listens at ${SERVICE_SOCKET}`);
  await stop.promise;
  await socket.close();
  await ear.close();
  return 0;
}

/** Its listener tells GitHub that the job has failed. */
function endUnlet(libc: Libc, step: UnletStep): void {
  const { worker, process, root } = step;
  const isThere = (heard: ProcessId) => {
    const seen = processAt(lookBy(libc), heard.pid);
    return seen !== null && isHeard(heard, seen);
  };
  if (!isThere(worker)) return;
  libc.symbols.kill(worker.pid, SIGKILL);
  if (isThere(process)) libc.symbols.kill(process.pid, SIGKILL);
  say(
    `Ended a job of "${root}" as its first step began: its hook had not had it ` +
      `guarded. Look at "${root}/.env", and restart the runner`,
  );
}
