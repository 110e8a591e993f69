/**
 * Hears which child of a job's worker is the post step of our own action.
 *
 * Whoever asks for the end of a guard must be the process that the runner has
 * made for that: a child of the worker whose first program, and only one, is
 * the node that the runner uses, with our script and nothing else. A step that
 * executes the same is a shell before, or is no child of the worker.
 *
 * @module
 */
import { ticksOf } from "../decode/clock_ticks.ts";
import type { ExecRecord, ProcessKey } from "../decode/process_record.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import { ROLE } from "../observe/process_source.ts";
import type { ProcessPart } from "./process_part.ts";
import type { ProcessAct } from "./process_tree.ts";

/** The job that is guarded. */
export interface JobMark {
  /** The runner's process for it; its start in clock ticks after boot. */
  readonly worker: { readonly pid: number; readonly startTicks: number };
  /** What the runner starts at the end: program and script, as it names them. */
  readonly post: {
    readonly exe: string;
    /** Arguments before the script. */
    readonly options: readonly string[];
    readonly script: string;
  };
}

/** What becomes of a job's processes. */
export type JobReport =
  /** The runner has started our post step. */
  | { readonly what: "post" } & ProcessKey
  /** That process is something else from now on, or has ended. */
  | { readonly what: "gone"; readonly code: number | null } & ProcessKey
  /** The runner has started something else with our post step's script. */
  | { readonly what: "other"; readonly pid: number }
  /** That has ended. */
  | { readonly what: "other gone"; readonly pid: number }
  /** The runner is through with the job, or was killed. */
  | { readonly what: "worker ended" };

/** A worker starts one for each step; more are nobody's steps. */
const MAX_CHILDREN = 4_096;

interface Child {
  readonly startUs: number;
  /** Programs executed so far. */
  programs: number;
  isPost: boolean;
  /** Whether it was started with our script, and is another program. */
  isOther: boolean;
}

/** Whom it tells. */
export interface JobChildrenOptions {
  /** Told each report once, in order. */
  readonly tell: (report: JobReport) => void;
  /** Gives a process a role, in the kernel's lineage. */
  readonly setRole: (process: ProcessKey, role: number) => void;
}

/** The process thread's part for a job of GitHub's. */
export class JobChildren implements ProcessPart {
  readonly fds: readonly number[] = [];
  readonly #mark: JobMark;
  readonly #options: JobChildrenOptions;
  readonly #children = new Map<number, Child>();
  #hasEnded = false;

  /** @param mark Which job it is. */
  constructor(mark: JobMark, options: JobChildrenOptions) {
    this.#mark = mark;
    this.#options = options;
  }

  /** {@inheritDoc ProcessPart.meet} */
  meet(found: readonly FoundProcess[]): void {
    const { worker } = this.#mark;
    const isThere = found.some(({ pid, startTicks }) =>
      pid === worker.pid && startTicks === worker.startTicks
    );
    if (!isThere) this.#endWorker();
  }

  /** {@inheritDoc ProcessPart.hear} */
  hear(act: ProcessAct): void {
    const { worker } = this.#mark;
    if (act.kind === "fork") {
      if (act.parentPid === worker.pid) this.#add(act);
      return;
    }
    const child = this.#find(act);
    if (act.kind === "exec") {
      if (child === null) return;
      child.programs++;
      return this.#judge(act, child);
    }
    if (child !== null) this.#drop(act.pid, child, act.exitCode);
    const isWorker = act.pid === worker.pid &&
      ticksOf(act.startUs) === worker.startTicks;
    if (isWorker) this.#endWorker();
  }

  /** {@inheritDoc Watched.attend} */
  attend(): void {}

  /** {@inheritDoc ProcessPart.end} */
  end(): void {}

  #add({ pid, startUs }: ProcessKey): void {
    const before = this.#children.get(pid);
    if (before !== undefined) this.#drop(pid, before, null);
    this.#children.set(pid, {
      startUs,
      programs: 0,
      isPost: false,
      isOther: false,
    });
    if (this.#children.size <= MAX_CHILDREN) return;
    const [oldest, child] = this.#children.entries().next().value!;
    this.#drop(oldest, child, null);
  }

  #find({ pid, startUs }: ProcessKey): Child | null {
    const child = this.#children.get(pid);
    return child?.startUs === startUs ? child : null;
  }

  #judge(act: ExecRecord, child: Child): void {
    const { pid, startUs, exe, args } = act;
    const { setRole } = this.#options;
    if (child.isPost) {
      setRole(act, ROLE.PLAIN);
      return this.#drop(pid, child, null);
    }
    const { post } = this.#mark;
    // No other arguments: a step may name a shell of its own, with ours before.
    const expected = [...post.options, post.script];
    child.isPost = child.programs === 1 && exe === post.exe &&
      args.length === expected.length + 1 &&
      expected.every((arg, index) => args[index + 1] === arg);
    if (child.isPost) {
      // It uploads the report while steps are guarded as before.
      setRole(act, ROLE.RUNNER);
      return this.#tell({ what: "post", pid, startUs });
    }
    // What a step has put in the place of the runner's node.
    if (child.programs !== 1 || args.at(-1) !== post.script) return;
    child.isOther = true;
    this.#tell({ what: "other", pid });
  }

  #drop(pid: number, child: Child, code: number | null): void {
    const { startUs, isPost, isOther } = child;
    this.#children.delete(pid);
    if (isOther) this.#tell({ what: "other gone", pid });
    if (isPost) this.#tell({ what: "gone", pid, startUs, code });
  }

  #tell(report: JobReport): void {
    this.#options.tell(report);
  }

  #endWorker(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#tell({ what: "worker ended" });
  }
}
