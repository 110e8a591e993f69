/**
 * Names the steps: each child of a worker begins one, and all that descends
 * from it belongs to it, also when it has let go of everybody above.
 *
 * The first source of a name is the worker's log, by the pid; when that does
 * not come in time, by what the worker worked at when it started the process.
 * The second is GITHUB_ACTION in the environment it was given, the third its
 * arguments. A name that is written stays.
 *
 * @module
 */
import type {
  ExecRecord,
  ExitRecord,
  ProcessKey,
} from "../decode/process_record.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import { ROLE } from "../observe/process_source.ts";
import type { StepEvent } from "../record/process_event.ts";
import { Kinship } from "./descendants.ts";
import { Intruders } from "./intruders.ts";
import type { ProcessPart, StepNames } from "./process_part.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";
import { beginTree, type ProcessWorld, setRole } from "./process_world.ts";
import { RunnerWatch } from "./runner_watch.ts";
import type { StepName } from "./step_board.ts";
import {
  COMMAND,
  expectName,
  findName,
  type Named,
  type Unnamed,
} from "./step_namer.ts";
import type { WorkerLog } from "./worker_log.ts";

/** What has ended without a name gets none after this long. */
const ENDED_MS = 1_000;
const MAX_UNNAMED = 1_024;

/** A step that has its name. */
interface Step extends Named {
  readonly root: ProcessKey;
  readonly process: TreeProcess;
}

/** The process thread's part for steps. */
export class Steps implements ProcessPart, StepNames, Disposable {
  readonly #world: ProcessWorld;
  readonly #runners: RunnerWatch;
  readonly #named = new Map<number, Step>();
  readonly #unnamed = new Map<number, Unnamed>();
  /** Not told yet: their step is to have its name before. */
  readonly #intruders: Intruders;
  /** Of `sluice run`, where no workflow's step is above. */
  #commandRoot: ProcessKey | null = null;

  /** @param world Lent. */
  constructor(world: ProcessWorld) {
    this.#world = world;
    const intruders = this.#intruders = new Intruders(world);
    this.#runners = new RunnerWatch(world, (each) => intruders.add(each));
  }

  /** Readable when a worker has written its log. */
  get fds(): readonly number[] {
    return this.#runners.fds;
  }

  /** {@inheritDoc StepNames.find} */
  find(root: ProcessKey): StepName | null {
    return this.#world.steps.find(root);
  }

  /** {@inheritDoc StepNames.isPending} */
  isPending({ pid, startUs }: ProcessKey): boolean {
    return this.#unnamed.get(pid)?.root.startUs === startUs;
  }

  /** Whether a runner's workflow names the steps here. */
  get hasRunners(): boolean {
    return this.#runners.hasMembers;
  }

  /** Whether a tree is a workflow's step, or one of `sluice step`. */
  isNamed(root: ProcessKey): boolean {
    return this.#commandRoot === null || !isSame(this.#commandRoot, root);
  }

  /**
   * Takes in what was there before the guard.
   *
   * @param found All processes there are; the tree knows them.
   */
  meet(found: readonly FoundProcess[]): void {
    const { order, source } = this.#world;
    if (order.scope === "command") {
      const agent = source.lineage.find(order.agentPid);
      const role = ROLE.WORKER;
      if (agent !== null) setRole(this.#world, { process: agent, role });
    }
    const kinship = new Kinship(found);
    for (const pid of this.#runners.meet(found)) {
      const log = this.#runners.logOf(pid)!;
      for (const child of kinship.childrenOf(pid)) {
        this.#adopt(kinship.treeOf(child), log);
      }
    }
  }

  /** {@inheritDoc ProcessPart.hear} */
  hear(act: ProcessAct, process: TreeProcess): void {
    this.#runners.hear(act, process);
    const { root } = process;
    if (root === null || !isSame(root, act)) return;
    if (act.kind === "exec") this.#begin(act, process);
    else if (act.kind === "exit") this.#finish(act);
    else this.#assertBegun(root);
  }

  /** {@inheritDoc Watched.attend} */
  attend(nowMs: number): void {
    this.#runners.read();
    for (const each of this.#unnamed.values()) this.#decide(each, nowMs);
    const find = (pid: number) => this.#runners.find(pid);
    this.#intruders.tell(nowMs, { steps: this, find });
  }

  /** {@inheritDoc ProcessPart.end} */
  end(): void {
    this.attend(Infinity);
  }

  /**
   * Begins a step at a process's own word.
   *
   * @param of `root`: the same process, as the kernel knows it; `step`: given
   * by `sluice step`.
   * @returns False when no more names can be kept.
   */
  begin(
    process: TreeProcess,
    of: { readonly root: ProcessKey; readonly step: string },
  ): boolean {
    const { root, step } = of;
    const name = { step, substep: null };
    if (!this.#world.steps.set(root, name)) return false;
    beginTree(this.#world, { process: root, root });
    if (!this.isNamed(root)) this.#commandRoot = null; // It has a name now.
    this.#tellStarted({ root, process, name, source: "command" });
    return true;
  }

  /** A child of a worker that was there before, and all below it. */
  #adopt(pids: ReadonlySet<number>, log: WorkerLog): void {
    const { source, tree, steps } = this.#world;
    const [rootPid] = pids;
    const root = source.lineage.find(rootPid!);
    const process = tree.find(rootPid!);
    if (root === null || process === null) return;
    for (const pid of pids) {
      const key = source.lineage.find(pid);
      if (key !== null) beginTree(this.#world, { process: key, root });
    }
    const name = log.take(root.pid, null) ?? log.current;
    if (name === null || !steps.set(root, name)) return;
    this.#tellStarted({ root, process, name, source: "log" });
  }

  /**
   * A worker can have had a child before we gave it its role: the kernel made
   * that one then without a tree.
   */
  #assertBegun(root: ProcessKey): void {
    const { lineage } = this.#world.source;
    const descent = lineage.find(root.pid);
    if (descent?.root === null) lineage.beginTree(descent);
  }

  #begin(act: ExecRecord, process: TreeProcess): void {
    const { pid } = act;
    const known = this.#named.get(pid) ?? this.#unnamed.get(pid);
    if (known !== undefined && isSame(known.root, act)) return;
    const log = this.#runners.logOf(process.parentPid);
    if (log === null && process.parentPid !== this.#world.order.agentPid) {
      return;
    }
    const unnamed = expectName(act, { process, log });
    this.#unnamed.set(pid, unnamed);
    const isCrowded = this.#unnamed.size > MAX_UNNAMED;
    this.#decide(unnamed, isCrowded ? Infinity : performance.now());
  }

  #finish(act: ExitRecord): void {
    const unnamed = this.#unnamed.get(act.pid);
    if (unnamed !== undefined) {
      const lastMs = performance.now() + ENDED_MS;
      const untilMs = Math.min(unnamed.untilMs, lastMs);
      this.#unnamed.set(act.pid, { ...unnamed, untilMs, exit: act });
      return;
    }
    const named = this.#named.get(act.pid);
    if (named === undefined || !isSame(named.root, act)) return;
    this.#named.delete(act.pid);
    this.#world.steps.retire(named.root);
    this.#tell(named, { event: "finished", exitCode: act.exitCode });
  }

  /** Names a step when its name is known, or time is over. */
  #decide(unnamed: Unnamed, nowMs: number): void {
    const { root, process, exit } = unnamed;
    const found = findName(unnamed, { nowMs, world: this.#world });
    if (found === undefined) return;
    this.#unnamed.delete(root.pid);
    if (found === null) return;
    this.#world.steps.set(root, found.name);
    if (found.name === COMMAND) this.#commandRoot = root;
    this.#tellStarted({ root, process, ...found });
    if (exit !== null) this.#finish(exit);
  }

  #tellStarted(named: Step): void {
    this.#named.set(named.root.pid, named);
    this.#tell(named, { event: "started" });
  }

  #tell(
    { process, name, source }: Step,
    what: Pick<StepEvent, "event" | "exitCode">,
  ): void {
    if (process.scope.isInside !== true) return;
    const { step, substep } = name;
    this.#world.tell({
      kind: "step",
      ...what,
      step,
      ...(substep === null ? {} : { substep }),
      source,
      pid: process.pid,
    });
  }

  /** Closes the logs; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#runners[Symbol.dispose]();
  }
}

function isSame(left: ProcessKey, right: ProcessKey): boolean {
  return left.pid === right.pid && left.startUs === right.startUs;
}
