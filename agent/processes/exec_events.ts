/**
 * What processes execute, as events: one for a program that ends at once, two
 * for one that goes on.
 *
 * A program also ends when its process executes another: then the event
 * `finished` has an end, but neither exit code nor signal.
 *
 * @module
 */
import type {
  ExecRecord,
  ExitRecord,
  ProcessKey,
} from "../decode/process_record.ts";
import type { ProcessField } from "../record/done.ts";
import type { EventBody } from "../record/event.ts";
import { redactArguments } from "../record/redact.ts";
import { ExecBudget } from "./exec_budget.ts";
import type { KnownSecrets } from "./known_secrets.ts";
import type { ProcessPart, StepNames } from "./process_part.ts";
import type { ProcessAct, Scope, TreeProcess } from "./process_tree.ts";

/** A program that has not ended after this long is told of as started. */
const STARTED_MS = 50;
/** Whose end was lost stays for ever; as many as the tree of processes knows. */
const MAX_RUNNING = 1 << 17;
/** Of those for which it is not known yet whether they are to be told. */
const MAX_UNDECIDED = 1_024;

/** What the events are made with. */
export interface ExecEventsOptions {
  /** Takes the events. */
  readonly tell: (event: EventBody) => void;
  /** Writes microseconds from boot as events carry time. */
  readonly format: (atUs: number) => string;
  readonly steps: StepNames;
  readonly secrets: KnownSecrets;
  readonly containers: { readonly containerOf: (pid: number) => string | null };
}

/** One program that a process runs. */
interface Execution {
  readonly process: ProcessField;
  readonly root: ProcessKey | null;
  readonly scope: Scope;
  readonly container: string | null;
  readonly cwd: string | null;
  readonly startUs: number;
  readonly heardAtMs: number;
  /** Set when it ended before it was known whether it is to be told. */
  end: End | null;
}

interface End {
  readonly atUs: number;
  readonly exitCode: number | null;
  readonly signal: number | null;
}

/** Tells of programs. */
export class ExecEvents implements ProcessPart {
  readonly #options: ExecEventsOptions;
  readonly #budget: ExecBudget;
  /** By the pid of their process. */
  readonly #running = new Map<number, Execution>();
  /** Those that nothing was said of, the oldest first. */
  readonly #untold = new Set<Execution>();
  readonly fds: readonly number[] = [];

  constructor(options: ExecEventsOptions) {
    this.#options = options;
    this.#budget = new ExecBudget(options.tell);
  }

  hear(act: ProcessAct, process: TreeProcess): void {
    switch (act.kind) {
      case "fork":
        // The end of a former process with its pid was not heard of.
        this.#running.delete(act.pid);
        return;
      case "exec":
        this.#finish(act.pid, {
          ...{ atUs: act.atUs, exitCode: null, signal: null },
        });
        return this.#start(act, process);
      case "exit":
        return this.#finish(act.pid, endOf(act));
    }
  }

  attend(nowMs: number): void {
    for (const execution of this.#untold) {
      const { scope, heardAtMs, end } = execution;
      if (nowMs - heardAtMs < STARTED_MS) break;
      if (scope.isInside === null) {
        if (this.#untold.size > MAX_UNDECIDED) this.#untold.delete(execution);
        continue;
      }
      if (this.#isUnnamed(execution)) continue;
      this.#untold.delete(execution);
      this.#tell(execution, end);
    }
    this.#budget.attend(nowMs);
  }

  end(): void {
    for (const execution of this.#untold) this.#tell(execution, execution.end);
    this.#untold.clear();
    this.#budget.sumUp();
  }

  #start(act: ExecRecord, process: TreeProcess): void {
    const { pid, exe, uid, cwd, atUs: startUs } = act;
    const { above: ancestors, root, scope } = process;
    if (act.environment !== null) this.#options.secrets.learn(act.environment);
    if (scope.isInside === false) return;
    const args = redactArguments(act.args, this.#options.secrets.values);
    const execution: Execution = {
      process: { pid, exe, args, uid, ancestors },
      ...{ root, scope, cwd, startUs, end: null },
      container: this.#options.containers.containerOf(pid),
      heardAtMs: performance.now(),
    };
    this.#running.set(pid, execution);
    if (this.#running.size > MAX_RUNNING) {
      this.#running.delete(this.#running.keys().next().value!);
    }
    this.#untold.add(execution);
  }

  #finish(pid: number, end: End): void {
    const execution = this.#running.get(pid);
    if (execution === undefined) return;
    this.#running.delete(pid);
    if (execution.scope.isInside === null || this.#isUnnamed(execution)) {
      execution.end = end;
      return;
    }
    this.#untold.delete(execution);
    this.#tell(execution, end);
  }

  /** Its step has begun a moment ago, and will have a name in another. */
  #isUnnamed({ root }: Execution): boolean {
    return root !== null && this.#options.steps.isPending(root);
  }

  #tell(execution: Execution, end: End | null): void {
    const { process, root, scope, container, cwd, startUs } = execution;
    if (scope.isInside !== true) return;
    const { format, steps } = this.#options;
    const name = root === null ? null : steps.find(root);
    const substep = name?.substep ?? null;
    this.#budget.tell({
      kind: "exec",
      event: end === null ? "started" : "finished",
      step: name?.step ?? null,
      ...(substep === null ? {} : { substep }),
      process,
      container,
      cwd,
      start: format(startUs),
      end: end === null ? null : format(end.atUs),
      exitCode: end?.exitCode ?? null,
      signal: end?.signal ?? null,
    }, performance.now());
  }
}

function endOf({ atUs, exitCode, signal }: ExitRecord): End {
  return { atUs, exitCode, signal };
}
