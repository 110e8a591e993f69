/**
 * Who may ask the service for a guard by the owner's policy: what the runner's
 * own shell starts, for the hook that its job begins or ends with.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { findJobPlace, type JobPlace } from "../job/job_place.ts";
import { lookBy, parentOf, type ProcessId } from "../job/process_id.ts";
import { listProcesses } from "../observe/process_list.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { fromBytes } from "../../ffi/text.ts";
import { readHookedRunners } from "./hooked_runners.ts";
import { HOOKS } from "./places.ts";
import type { ProcessEar } from "./process_ear.ts";

/** Who has connected, and what for. */
export interface HookAsker {
  readonly asker: ProcessId;
  readonly ear: ProcessEar;
  readonly stage: keyof typeof HOOKS;
}

/** Of Debian and Ubuntu; /bin is a link there. A step's own is elsewhere. */
const SHELL = /^(?:\/usr)?\/bin\/(?:bash|dash|sh)$/;
/** What the runner gives a shell before a hook's path, and a step cannot. */
const OPTIONS: ReadonlySet<string> = new Set(
  ["-e", "--noprofile", "--norc", "-o", "pipefail"],
);
/** What has a shell do another thing than its script says. */
const POISON = /^(?:LD_\w+|BASH_ENV|ENV|SHELLOPTS|BASHOPTS|BASH_FUNC_.*)=/;

/**
 * The job whose hook asks.
 *
 * @throws {AgentError} `job_unsupported` when it is no such hook.
 */
export async function jobOfHook(
  libc: Libc,
  { asker, ear, stage }: HookAsker,
): Promise<JobPlace> {
  const parent = parentOf(lookBy(libc), asker);
  if (parent === null) throw refused("the process that asks has ended");
  const hook = await ear.find(parent);
  if (hook === null) {
    throw refused(
      "what started the process that asks has executed more than one " +
        "program, or is older than the service",
    );
  }
  const { exe, args, parentPid } = hook;
  const options = args.slice(1, -1);
  const isHook = exe !== null && SHELL.test(exe) &&
    args.at(-1) === HOOKS[stage] && args.length > 1 &&
    options.every((option) => OPTIONS.has(option));
  if (!isHook) {
    throw refused("the process that asks was not started by the runner's hook");
  }
  const name = poisonOf(libc, parent.pid);
  if (name !== null) {
    throw refused(
      `the hook runs with ${name}: take that out of what the runner's ` +
        "service and its `.env` set",
    );
  }
  // Behind that look: it must have been at the same process.
  const place = findJobPlace(libc, listProcesses(libc, false), {
    ...{ asker: parent, environment: {} },
    endOf: () => ({ exe, options, script: HOOKS.completed }),
  });
  if (parentPid !== place.worker.pid) {
    throw refused("the hook was not started by the runner");
  }
  if (!isHooked(libc, place.root)) {
    throw refused(`the runner in "${place.root}" is none that it is for`);
  }
  return place;
}

/** Whether all jobs of a runner are to be guarded for the owner. */
export function isHooked(libc: Libc, root: string): boolean {
  return readHookedRunners(libc).some((runner) => runner.root === root);
}

/** The name of a variable that is no runner's; null for none. */
function poisonOf(libc: Libc, pid: number): string | null {
  try {
    const environment = fromBytes(readFile(libc, `/proc/${pid}/environ`));
    const found = environment.split("\0").find((pair) => POISON.test(pair));
    return found?.slice(0, found.indexOf("=")) ?? null;
  } catch (error) {
    // It has ended, and so has who asks.
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}

function refused(why: string): AgentError {
  return new AgentError("job_unsupported", {
    what: "Cannot guard a job for this process",
    why,
    hint: "Leave it to the runner's hooks to ask",
  });
}
