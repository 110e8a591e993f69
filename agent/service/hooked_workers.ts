/**
 * Hears of jobs of hooked runners that go on without having been let: whoever
 * owns a runner's files can take the hooks out of them.
 *
 * @module
 */
import type { ExecRecord, ProcessRecord } from "../decode/process_record.ts";
import {
  isHeard,
  isSame,
  type ProcessId,
  processOf,
} from "../job/process_id.ts";
import { runnerProgram } from "../observe/runner_program.ts";
import { HOOKS } from "./places.ts";

/** A job that has begun a step, and must not. */
export interface UnletStep {
  readonly worker: ProcessId;
  /** What its worker has started. */
  readonly process: ProcessId;
  readonly root: string;
}

/** What it asks and tells. */
export interface HookedWorkersOptions {
  /** Where a runner works, if all its jobs are to be guarded; else null. */
  readonly workOf: (root: string) => string | null;
  readonly onUnlet: (step: UnletStep) => void;
}

interface Worker {
  readonly id: ProcessId;
  readonly root: string;
  readonly work: string;
  isLet: boolean;
}

/** What the runner starts for steps that are containers. */
const RUNTIME = /\/(?:docker|podman)$/;

/** Knows the workers that were started while it heard. */
export class HookedWorkers {
  readonly #options: HookedWorkersOptions;
  readonly #workers = new Map<number, Worker>();

  /** @param options Asked for each worker that is new. */
  constructor(options: HookedWorkersOptions) {
    this.#options = options;
  }

  /** Takes in one record. */
  hear(record: ProcessRecord): void {
    if (record.kind === "exit") {
      const id = this.#workers.get(record.pid)?.id;
      const isIt = id !== undefined && isSame(id, processOf(record));
      if (isIt) this.#workers.delete(record.pid);
    }
    if (record.kind !== "exec") return;
    const program = runnerProgram(record.exe, record.args);
    if (program?.kind === "worker") return this.#add(record, program.root);
    const worker = this.#workers.get(record.parentPid);
    if (worker === undefined || worker.isLet || !isStep(record, worker)) return;
    const { id, root } = worker;
    this.#options.onUnlet({ worker: id, process: processOf(record), root });
  }

  /** Its steps may begin: it is guarded, or its owner is content without. */
  let(process: ProcessId): void {
    const worker = this.#find(process);
    if (worker !== null) worker.isLet = true;
  }

  /** Whether that was said of it. */
  isLet(process: ProcessId): boolean {
    return this.#find(process)?.isLet ?? false;
  }

  #find(process: ProcessId): Worker | null {
    const worker = this.#workers.get(process.pid);
    return worker !== undefined && isHeard(worker.id, process) ? worker : null;
  }

  #add(record: ExecRecord, root: string): void {
    const work = this.#options.workOf(root);
    // What a step starts is no worker, and must not stand for its own.
    if (work === null || this.#workers.has(record.parentPid)) return;
    const id = processOf(record);
    this.#workers.set(id.pid, { id, root, work, isLet: false });
  }
}

/**
 * Whether the runner has begun a step with it. Before its first hook it only
 * unpacks what steps will need.
 */
function isStep(
  { exe, args }: ExecRecord,
  { root, work }: Worker,
): boolean {
  if (args.at(-1) === HOOKS.started || args.at(-1) === HOOKS.completed) {
    return false;
  }
  return exe === null || RUNTIME.test(exe) ||
    exe.startsWith(`${root}/externals`) ||
    args.some((arg) => arg.includes(`${work}/_temp/`));
}
