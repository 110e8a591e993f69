/**
 * Arms the guard of a job that was found.
 *
 * @module
 */
import type { ArmedGuard } from "../action/outputs.ts";
import type { Context } from "../context.ts";
import { spawnDaemon } from "../daemon_process.ts";
import { prepare } from "../doctor.ts";
import { AgentError } from "../errors.ts";
import type { Flags } from "../options.ts";
import { makeStateDirectory } from "../state.ts";
import { giveBackRemains } from "./caretaker.ts";
import {
  type JobRecord,
  removeJobRecord,
  writeJobRecord,
} from "./job_record.ts";
import { makeRoom } from "./room.ts";

/** What is to be guarded, and how. */
export interface GuardPlaceOptions {
  readonly flags: Flags;
  readonly record: JobRecord;
  /** Puts the policy's file, if there is one, into the state directory. */
  readonly putPolicy: (directory: string) => void;
  /** Told what is done meanwhile, for the step's log. */
  readonly say: (line: string) => void;
}

/**
 * Arms it.
 *
 * @returns What is armed, as its daemon says, and how long that took.
 * @throws {AgentError} When it cannot be armed; then nothing is left of it.
 */
export async function guardPlace(
  context: Context,
  { flags, record, putPolicy, say }: GuardPlaceOptions,
): Promise<ArmedGuard & { readonly milliseconds: number }> {
  const startedAtMs = performance.now();
  const { libc } = context;
  prepare(libc, say);
  const directory = context.stateDirectory(flags);
  makeStateDirectory(libc, directory);
  await makeRoom(context, { directory, place: record.place });
  try {
    putPolicy(directory);
    writeJobRecord(libc, directory, record);
    const state = flags.state === undefined ? [] : ["--state", directory];
    const report = spawnDaemon(libc, {
      directory,
      args: ["job", ...state],
      environment: keptOf(context),
    });
    if (!report.armed) {
      const { code, what, why, hint } = report;
      throw new AgentError(code, { what, why, hint });
    }
    const { egress, journal } = report;
    const milliseconds = Math.round(performance.now() - startedAtMs);
    return { egress, journal, milliseconds };
  } catch (error) {
    // By a daemon that was killed while it took something.
    for (const line of giveBackRemains(libc, directory)) say(line);
    removeJobRecord(libc, directory);
    throw error;
  }
}

/** Of the environment: where Deno has its cache. */
export function keptOf({ environment }: Context): readonly string[] {
  return environment.filter((pair) =>
    /^(?:HOME|DENO_DIR|XDG_CACHE_HOME)=/.test(pair)
  );
}
