/**
 * What is said of whoever can write a worker's log.
 *
 * @module
 */
import type { PrivilegeEvent } from "../record/process_event.ts";
import { redactArguments } from "../record/redact.ts";
import type { StepNames } from "./process_part.ts";
import type { TreeProcess } from "./process_tree.ts";
import type { ProcessWorld } from "./process_world.ts";
import type { LogIntruder } from "./worker_log_file.ts";

/** It may have been made a moment ago, and not be heard of yet. */
const UNKNOWN_MS = 1_000;

interface Intrusion {
  readonly intruder: LogIntruder;
  /** Null while nobody knows who it was. */
  readonly process: TreeProcess | null;
  readonly untilMs: number;
}

/** Tells of them, each once it is known and its step has its name. */
export class Intruders {
  readonly #world: Pick<ProcessWorld, "tell" | "secrets">;
  #untold: Intrusion[] = [];

  /** @param world Lent. */
  constructor(world: Pick<ProcessWorld, "tell" | "secrets">) {
    this.#world = world;
  }

  /** Takes one in; each worker has one at most. */
  add(intruder: LogIntruder): void {
    const untilMs = performance.now() + UNKNOWN_MS;
    this.#untold.push({ intruder, process: null, untilMs });
  }

  /**
   * Tells of those of which all is known that ever will be.
   *
   * @param of `find`: a process that lives, or has lived a moment ago.
   */
  tell(
    nowMs: number,
    of: {
      readonly steps: StepNames;
      readonly find: (pid: number) => TreeProcess | null;
    },
  ): void {
    const untold = this.#untold;
    this.#untold = [];
    for (const each of untold) {
      const process = each.process ?? of.find(each.intruder.pid);
      const root = process?.root ?? null;
      const isEarly = process === null
        ? nowMs < each.untilMs && each.intruder.pid > 0
        : root !== null && of.steps.isPending(root);
      if (isEarly) this.#untold.push({ ...each, process });
      else this.#world.tell(this.#event({ ...each, process }, of.steps));
    }
  }

  #event(
    { intruder, process }: Intrusion,
    steps: StepNames,
  ): PrivilegeEvent {
    const root = process?.root ?? null;
    const name = root === null ? null : steps.find(root);
    const substep = name?.substep ?? null;
    return {
      kind: "privilege",
      rule: "runner-files-changed",
      reason: "a process can write the runner's log, so that log names no " +
        "step any more",
      denied: false,
      path: intruder.path,
      step: name?.step ?? null,
      ...(substep === null ? {} : { substep }),
      process: process === null ? null : {
        pid: process.pid,
        exe: process.exe,
        args: redactArguments(process.args, this.#world.secrets.values),
        uid: process.uid,
        ancestors: process.above,
      },
      container: null,
    };
  }
}
