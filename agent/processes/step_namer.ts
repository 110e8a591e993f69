/**
 * Finds the name of a step that has begun, by the sources of {@link Steps}.
 *
 * @module
 */
import type {
  ExecRecord,
  ExitRecord,
  ProcessKey,
} from "../decode/process_record.ts";
import type { StepEvent } from "../record/process_event.ts";
import { actionOf, pathOf } from "./child_step.ts";
import { SHARED } from "./process_messages.ts";
import type { TreeProcess } from "./process_tree.ts";
import type { ProcessWorld } from "./process_world.ts";
import type { StepName } from "./step_board.ts";
import type { WorkerLog } from "./worker_log.ts";

/** The worker writes the pid some milliseconds after it has started it. */
const LOG_MS = 250;

/** A command that is guarded where no workflow's step is above. */
export const COMMAND: StepName = { step: "run", substep: null };

/** A name, and where it is from. */
export interface Named {
  readonly name: StepName;
  readonly source: StepEvent["source"];
}

/** A step that has begun and has no name yet. */
export interface Unnamed {
  readonly root: ProcessKey;
  readonly process: TreeProcess;
  /** Of the worker that has started it; null for a child of the agent. */
  readonly log: WorkerLog | null;
  /** Its GITHUB_ACTION. */
  readonly action: string | null;
  /** What its arguments say. */
  readonly path: string | null;
  /** What its worker worked at when it was heard of. */
  readonly current: StepName | null;
  /** Then it gets the name that there is. */
  readonly untilMs: number;
  /** Set when it has ended meanwhile. */
  readonly exit: ExitRecord | null;
}

/** Takes down all that will be needed of a first process. */
export function expectName(
  act: ExecRecord,
  of: { readonly process: TreeProcess; readonly log: WorkerLog | null },
): Unnamed {
  const { process, log } = of;
  log?.read();
  return {
    root: { pid: act.pid, startUs: act.startUs },
    ...{ process, log, exit: null },
    action: actionOf(act.environment),
    path: pathOf(act.args),
    current: log?.current ?? null,
    untilMs: log === null ? Infinity : performance.now() + LOG_MS,
  };
}

/**
 * The name of a step.
 *
 * @returns Undefined while it may still come, null when there is none.
 */
export function findName(
  unnamed: Unnamed,
  of: { readonly nowMs: number; readonly world: ProcessWorld },
): Named | null | undefined {
  const { log } = unnamed;
  const isDue = of.nowMs >= unnamed.untilMs;
  if (log !== null) return loggedName(unnamed, { log, isDue });
  const { process } = unnamed;
  // The guard's scope finds out about the command in the same way, in its turn.
  const isUndecided = process.scope.isInside === null;
  const found = isUndecided ? undefined : commandName(process, of.world);
  return found === undefined && isDue ? null : found;
}

function commandName(
  process: TreeProcess,
  { order, source, steps }: ProcessWorld,
): Named | null | undefined {
  const shared = new Int32Array(order.shared);
  const commandPid = Atomics.load(shared, SHARED.commandPid);
  if (commandPid === 0) return undefined;
  // Tools of the agent's own are its children as well.
  if (commandPid !== process.pid) return null;
  // Under a runner the agent is in a step itself.
  const own = source.lineage.find(order.agentPid)?.root ?? null;
  const name = own === null ? null : steps.find(own);
  return { name: name ?? COMMAND, source: "command" };
}

function loggedName(
  { process, action, path, current }: Unnamed,
  of: { log: WorkerLog; isDue: boolean },
): Named | null | undefined {
  const logged = of.log.take(process.pid, action);
  if (logged === undefined && !of.isDue) return undefined;
  const name = logged ?? (of.log.isBelieved ? current : null);
  if (name !== null) return { name, source: "log" };
  if (action !== null) {
    return { name: { step: action, substep: null }, source: "environment" };
  }
  return path === null
    ? null
    : { name: { step: path, substep: null }, source: "path" };
}
