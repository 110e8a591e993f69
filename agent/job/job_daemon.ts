/**
 * The daemon of a job: guards it until the runner's post step asks for the end,
 * or the runner's worker has ended.
 *
 * @module
 */
import type { ArmedGuard } from "../action/outputs.ts";
import type { ActionReply } from "../action/protocol.ts";
import type { Context } from "../context.ts";
import { tellStarter } from "../daemon_process.ts";
import { AgentError } from "../errors.ts";
import type { Options } from "../options.ts";
import { Session } from "../session.ts";
import { watchingFor } from "../watching.ts";
import { cString } from "../../ffi/text.ts";
import { keptOf } from "./guard_place.ts";
import { Caretaker } from "./caretaker.ts";
import { flagsOf, policyOf } from "./job_guard_order.ts";
import { JobEnd } from "./job_end.ts";
import { untilOver } from "./job_over.ts";
import { type JobRecord, readJobRecord } from "./job_record.ts";
import { JobSocket, jobSocketPath } from "./job_socket.ts";
import { PostStep } from "./post_step.ts";
import { lookBy, parentOf, type ProcessId } from "./process_id.ts";
import { Taken } from "./taken.ts";
import { answerLine } from "./answers.ts";

/**
 * Arms, says so, and guards.
 *
 * @returns The exit code.
 */
export async function jobDaemon(
  context: Context,
  options: Options,
): Promise<number> {
  const { libc } = context;
  const directory = context.stateDirectory(options.flags);
  const record = readJobRecord(libc, directory);
  if (record === null) return 1;
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop.resolve());
  }
  const post = new PostStep();
  let guard: Guarded;
  try {
    guard = await arm(context, { options, record, directory, post });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const { code, parts } = error;
    tellStarter(libc, { armed: false, code, ...parts });
    return 1;
  }
  const { end, socket, caretaker } = guard;
  // Nothing of the caller's stays open: it could be a mount or a pipe.
  libc.symbols.chdir(cString("/"));
  post.watch(end);
  const pid = libc.symbols.getpid();
  tellStarter(libc, { armed: true, pid, ...guard.armed, unheard: null });
  await Promise.race([stop.promise, post.over]);
  await end.finish();
  await untilOver(libc, { record, stop: stop.promise });
  await end.close();
  await socket.close();
  await caretaker.dismiss();
  return 0;
}

interface Guarded {
  readonly armed: ArmedGuard;
  readonly end: JobEnd;
  readonly socket: JobSocket;
  readonly caretaker: Caretaker;
}

async function arm(
  context: Context,
  of: {
    readonly options: Options;
    readonly record: JobRecord;
    readonly directory: string;
    readonly post: PostStep;
  },
): Promise<Guarded> {
  const { libc } = context;
  const { options, record, directory, post } = of;
  const { state } = options.flags;
  const flags = flagsOf(record, { directory, state });
  const policy = policyOf(context.policy(flags), record.order);
  const { mayFail: _, selfTest, ...wishes } = context.checkFlags(flags);
  const scope = "host";
  const watching = watchingFor(context, { flags, policy, scope, ...wishes })!;
  const { worker, post: mark } = record.place;
  const taken = new Taken(libc, { record, directory });
  let session: Session | null = null;
  try {
    session = await Session.open(context, {
      ...{ flags, policy, scope, selfTest },
      watching: { ...watching, job: { worker, post: mark } },
      onJob: (report) => post.hear(report),
    });
    const { unheard: why } = session.processes;
    if (why !== null) throw unheard(why);
    await taken.filterFor(session);
    const end = new JobEnd(context, {
      ...{ session, policy, record, directory, post, taken },
    });
    const { isOwners } = record;
    const { journal: { path: journal } } = session;
    const guard = { egress: policy.egress, journal };
    const answer = (line: string, asker: ProcessId | null) => {
      // Now: it may end, and be nobody's child, before it is answered.
      const parent = asker === null ? null : parentOf(lookBy(libc), asker);
      const of = { asker, parent, post, end, guard, isOwners };
      return answerLine(line, of).then(toLine);
    };
    const path = jobSocketPath(state);
    const socket = new JobSocket(libc, {
      ...{ path, answer },
      onFailure: (why) => end.noteFailure(why),
    });
    const kept = keptOf(context);
    const caretaker = Caretaker.start(libc, { directory, state, kept });
    return { armed: guard, end, socket, caretaker };
  } catch (error) {
    await session?.close();
    await taken.giveBack();
    throw error;
  }
}

function toLine(reply: ActionReply): string {
  return JSON.stringify(reply);
}

/** Who ends a guard could not be told from who must not. */
function unheard(why: string): AgentError {
  return new AgentError("job_unsupported", {
    what: "Cannot guard this job",
    why: `this kernel does not tell of processes: ${why}`,
    hint: "Use a machine whose kernel lets root load BPF programs",
  });
}
