/**
 * The parts of the process thread, in the order in which they hear.
 *
 * @module
 */
import { FileWatch } from "../files/file_watch.ts";
import type { FileSourceName } from "../observe/files/file_source.ts";
import { ContainerWatch } from "./container_watch.ts";
import { ExecEvents } from "./exec_events.ts";
import { JobChildren } from "./job_children.ts";
import { Privilege } from "./privilege.ts";
import type { ProcessPart } from "./process_part.ts";
import type { ProcessWorld } from "./process_world.ts";
import { StepSocket } from "./step_socket.ts";
import { Steps } from "./steps.ts";

/** All parts, and what is to be known of them. */
export interface ProcessParts {
  readonly all: readonly ProcessPart[];
  /** By what changes of files are heard of; null when they are not. */
  readonly files: FileSourceName | null;
}

/** Makes them; each that owns something adds it to the stack. */
export function makeParts(
  world: ProcessWorld,
  stack: DisposableStack,
): ProcessParts {
  const { libc, tell, clock, secrets, order, source, tellJob } = world;
  const steps = stack.use(new Steps(world));
  const containers = stack.use(new ContainerWatch({ libc, tell, steps }));
  const files = stack.use(new FileWatch(world, steps));
  const all = [
    steps,
    // After the steps, which say who is the runner's.
    stack.use(new Privilege(world, steps)),
    stack.use(new StepSocket(world, steps)),
    files,
    containers,
    ...(order.job === undefined ? [] : [
      new JobChildren(order.job, {
        tell: tellJob,
        setRole: (process, role) => source.lineage.setRole(process, role),
      }),
    ]),
    // Last: by then a process has its step.
    new ExecEvents({
      tell,
      format: (atUs) => clock.format(atUs),
      steps,
      secrets,
      containers,
    }),
  ];
  return { all, files: files.sourceName };
}
