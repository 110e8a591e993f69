/**
 * Who may ask the service: an entry of the action that the runner itself has
 * started, and no step.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { listProcesses } from "../observe/process_list.ts";
import { findJobPlace, type JobPlace } from "../job/job_place.ts";
import { isSame, type ProcessId } from "../job/process_id.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { ProcessEar } from "./process_ear.ts";

/** Who has connected, and what it asks with. */
export interface AskerOptions {
  readonly asker: ProcessId;
  readonly ear: ProcessEar;
  readonly environment: Readonly<Record<string, string>>;
}

/** The scripts that a runner starts of ours. */
const SCRIPT = /^(\/.*\/)(?:pre|main|post)\.ts$/;

/** The runner's own Node, as it is laid out below its directory. */
const NODE = /^\/externals\/node\d+\/bin\/node$/;

/**
 * The job of whoever asks.
 *
 * @throws {AgentError} `job_unsupported` when it is not such an entry.
 */
export async function jobOfAsker(
  libc: Libc,
  { asker, ear, environment }: AskerOptions,
): Promise<JobPlace> {
  const child = await ear.find(asker);
  if (child === null) {
    throw refused(
      "the process that asks has executed more than one program, or is older " +
        "than the service",
    );
  }
  const { exe, args, parentPid } = child;
  const [, directory] = SCRIPT.exec(args[1] ?? "") ?? [];
  if (directory === undefined || args.length !== 2) {
    throw refused("the process that asks is no entry of the action");
  }
  const found = listProcesses(libc, false);
  // As pre.ts: of what comes at the end, the place has the same directory.
  const place = findJobPlace(
    libc,
    found.map((process) =>
      isSame(process, asker)
        ? { ...process, exe, args: [args[0]!, `${directory}pre.ts`] }
        : process
    ),
    { asker, environment },
  );
  if (parentPid !== place.worker.pid) {
    throw refused("the process that asks was not started by the runner");
  }
  const isNode = exe !== null && exe.startsWith(place.root) &&
    NODE.test(exe.slice(place.root.length));
  if (!isNode) throw refused("the process that asks is not the runner's Node");
  return place;
}

function refused(why: string): AgentError {
  return new AgentError("job_unsupported", {
    what: "Cannot guard a job for this process",
    why,
    hint: "Write the action under `uses:`",
  });
}
