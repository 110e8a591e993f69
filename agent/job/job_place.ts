/**
 * Which job of GitHub's asks for a guard: found above whoever asks, by what the
 * kernel knows of processes.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import { ROLE } from "../observe/process_source.ts";
import { workOf } from "../observe/runner_files.ts";
import { Runners } from "../observe/runners.ts";
import type { JobMark } from "../processes/job_children.ts";
import { cgroupOf } from "../processes/runner_watch.ts";
import { modeOf } from "../../ffi/directories.ts";
import { canAccess, readLink } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { isSame, type ProcessId } from "./process_id.ts";

/** A job that can be guarded. */
export interface JobPlace extends JobMark {
  /** The runner's user. */
  readonly uid: number;
  /** Where the runner is installed. */
  readonly root: string;
  /** Where it works. */
  readonly work: string;
}

/** <linux/proc_ns.h>: PROC_PID_INIT_INO, of the machine's own namespace. */
const MACHINES_PIDS = "pid:[4026531836]";
/** What a runtime leaves in a container. */
const CONTAINER_MARKS = ["/.dockerenv", "/run/.containerenv"];
/** Our own entries; the third is what the runner starts at the end. */
const ENTRY = /^(\/.*\/)(?:pre|main)\.ts$/;
const MAX_DEPTH = 64;
const WHAT = "Cannot guard this job";
const WHOLE_MACHINE =
  "Use a runner that is a whole machine, such as ubuntu-24.04";

/**
 * Finds the job.
 *
 * @param found All processes there are.
 * @param of `asker`: who asks, or any process below our entry; `environment`:
 * as the request has it; `endOf`: what the runner starts at the end, by what it
 * has started now, the action's unless told otherwise.
 * @throws {AgentError} `job_unsupported` where no job can be guarded.
 */
export function findJobPlace(
  libc: Libc,
  found: readonly FoundProcess[],
  of: {
    readonly asker: ProcessId;
    readonly environment: Readonly<Record<string, string>>;
    readonly endOf?: (begun: FoundProcess) => JobMark["post"];
  },
): JobPlace {
  const byPid = new Map(found.map((process) => [process.pid, process]));
  const runners = new Runners((pid) => cgroupOf(libc, pid));
  runners.meet(found);
  let below: FoundProcess | null = null;
  const asker = byPid.get(of.asker.pid);
  let process = asker !== undefined && isSame(asker, of.asker) ? asker : null;
  for (let depth = 0; process !== null && depth < MAX_DEPTH; depth++) {
    const member = runners.find(process.pid);
    if (member?.role === ROLE.WORKER && below !== null) {
      // The kernel tells of processes by the machine's numbers.
      if (!hasMachinesPids(libc)) {
        throw contained("its runner is", WHOLE_MACHINE);
      }
      const { pid, startTicks, uid } = process;
      const root = member.root!;
      const worker = { pid, startTicks };
      const work = workOf(libc, root);
      const post = (of.endOf ?? postOf)(below);
      return { worker, post, uid, root, work };
    }
    below = process;
    process = byPid.get(process.parentPid) ?? null;
    // They were not found in one moment: a younger one has got the pid of a
    // parent that has ended.
    if (process !== null && process.startTicks > below.startTicks) break;
  }
  throw unsupported(libc, of.environment);
}

/** What the runner starts at the end, by what it has started now. */
function postOf({ exe, args }: FoundProcess): JobMark["post"] {
  const [, directory] = ENTRY.exec(args[1] ?? "") ?? [];
  if (directory !== undefined && exe !== null && args.length === 2) {
    return { exe, options: [], script: `${directory}post.ts` };
  }
  throw new AgentError("job_unsupported", {
    what: WHAT,
    why: "it was asked for by a command in a step, " +
      "the runner must start the action itself",
    hint: "Write the action under `uses:`",
  });
}

function unsupported(
  libc: Libc,
  environment: Readonly<Record<string, string>>,
): AgentError {
  const isInside = !hasMachinesPids(libc) ||
    CONTAINER_MARKS.some((path) => canAccess(libc, path));
  const isHosted = environment.RUNNER_ENVIRONMENT === "github-hosted";
  if (!isInside) {
    return new AgentError("job_unsupported", {
      what: WHAT,
      why: "no runner's worker is above this process",
      hint: "Use the action in a job of GitHub Actions, or `sluice run` and " +
        "`sluice start` elsewhere",
    });
  }
  return contained(
    "no runner's worker is above this process, which is",
    isHosted && modeOf(libc, "/__w") === null
      ? WHOLE_MACHINE
      : "Take `container:` out of the job; `services:` and `docker run` are " +
        "guarded from outside",
  );
}

function hasMachinesPids(libc: Libc): boolean {
  return readLink(libc, "/proc/self/ns/pid") === MACHINES_PIDS;
}

function contained(who: string, hint: string): AgentError {
  return new AgentError("job_unsupported", {
    what: WHAT,
    why: `${who} in a container that keeps the machine's firewall and ` +
      "processes from it",
    hint,
  });
}
