/**
 * Gives the runner's processes their roles, and keeps each worker's log.
 *
 * @module
 */
import type { ExecRecord } from "../decode/process_record.ts";
import { decodeUnifiedCgroup } from "../decode/proc.ts";
import { ROLE } from "../observe/process_source.ts";
import type { FoundProcess } from "../observe/process_list.ts";
import {
  isLauncher,
  isServiceScript,
  runnerProgram,
} from "../observe/runner_program.ts";
import { launchersOf } from "../observe/runner_standing.ts";
import { type RunnerProcess, Runners } from "../observe/runners.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";
import { type ProcessWorld, setRole } from "./process_world.ts";
import { WorkerLog } from "./worker_log.ts";
import type { LogIntruder } from "./worker_log_file.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { readFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

const INIT = 1;
const MAX_ENDED = 1_024;
/** A script and what it starts, above a listener. */
const MAX_LAUNCHERS = 2;

/** What it works with. */
export type RunnerWorld = Pick<ProcessWorld, "libc" | "source" | "tree">;

/** Knows the workers that live. */
export class RunnerWatch implements Disposable {
  readonly #world: RunnerWorld;
  readonly #onIntruder: (intruder: LogIntruder) => void;
  readonly #runners: Runners;
  readonly #logs = new Map<number, WorkerLog>();
  /** Those that have just ended: the news of a log can come after that. */
  readonly #ended = new Map<number, TreeProcess>();
  #hasMet = false;
  /** Microseconds from boot. */
  #metAtUs = Infinity;

  /** @param onIntruder Told once a worker, when others could write its log. */
  constructor(
    world: RunnerWorld,
    onIntruder: (intruder: LogIntruder) => void,
  ) {
    this.#world = world;
    this.#onIntruder = onIntruder;
    this.#runners = new Runners((pid) => cgroupOf(world.libc, pid));
  }

  /** Readable when a log was written, by whomever. */
  get fds(): readonly number[] {
    return [...this.#logs.values()].flatMap(({ fds }) => fds);
  }

  /** The log of a worker; null for everybody else. */
  logOf(pid: number): WorkerLog | null {
    return this.#logs.get(pid) ?? null;
  }

  /** Whether there has been a runner on this host. */
  get hasMembers(): boolean {
    return this.#runners.hasInstalls;
  }

  /** Reads on in all logs. */
  read(): void {
    for (const log of this.#logs.values()) log.read();
  }

  /**
   * Finds the runners that are there.
   *
   * @returns The workers' pids. Nothing the second time: what has come since
   * was heard of, or it cannot be told from what a step has made.
   */
  meet(found: readonly FoundProcess[]): readonly number[] {
    if (this.#hasMet) return [];
    this.#hasMet = true;
    this.#metAtUs = readClockUs(this.#world.libc, CLOCK.BOOTTIME);
    const members = this.#runners.meet(found);
    for (const member of members) this.#take(member);
    return [...this.#logs.keys()];
  }

  /** Hears what a process did. */
  hear(act: ProcessAct, process: TreeProcess): void {
    if (act.kind === "exec") return this.#judge(act, process);
    if (act.kind !== "exit") return;
    this.#runners.forget(act.pid);
    // What was done to it until now is still to be heard of.
    this.#logs.get(act.pid)?.read();
    this.#drop(act.pid);
    if (this.#logs.size === 0) return;
    this.#ended.delete(act.pid);
    this.#ended.set(act.pid, process);
    if (this.#ended.size <= MAX_ENDED) return;
    this.#ended.delete(this.#ended.keys().next().value!);
  }

  /** A process that lives, or has lived a moment ago. */
  find(pid: number): TreeProcess | null {
    return this.#world.tree.find(pid) ?? this.#ended.get(pid) ?? null;
  }

  #judge(act: ExecRecord, process: TreeProcess): void {
    const { pid, exe, args, uid } = act;
    const isMember = this.#runners.find(pid) !== null;
    if (!isMember && runnerProgram(exe, args) === null) return;
    // The kernel's own word first: no record of it can be lost.
    const descent = this.#world.source.lineage.find(pid);
    const isInTree = process.root !== null ||
      (descent !== null && descent.root !== null);
    const { parentPid } = process;
    const above = process.above.map((above) => above.pid);
    const judged = this.#runners.judge({ pid, parentPid, exe, args, uid }, {
      ...{ isInTree, above },
      launchers: launchersOf(above, (pid) => this.#argsOf(pid)),
      isStarted: this.#isStarted(act),
    });
    if (judged !== null) this.#take(judged);
  }

  #argsOf(pid: number): readonly string[] {
    return this.#world.tree.find(pid)?.args ?? [];
  }

  /**
   * Whether init has made a process, or the script above it that a runner's
   * service begins with: by the kernel's word, which says who has made a
   * process and not who is its parent by now.
   */
  #isStarted({ pid, exe, args }: ExecRecord): boolean {
    const program = runnerProgram(exe, args);
    const { lineage } = this.#world.source;
    let descent = lineage.find(pid);
    for (let depth = 0; depth <= MAX_LAUNCHERS; depth++) {
      if (descent === null || descent.startUs <= this.#metAtUs) return false;
      if (depth > 0 && !isLauncher(this.#argsOf(descent.pid))) return false;
      if (descent.parentPid === INIT) {
        return depth === 0 || (program !== null && "root" in program &&
          isServiceScript(this.#argsOf(descent.pid), program.root));
      }
      descent = lineage.find(descent.parentPid);
    }
    return false;
  }

  #take({ pid, role }: RunnerProcess): void {
    const process = this.#world.source.lineage.find(pid) ??
      this.#world.tree.find(pid);
    if (process !== null) setRole(this.#world, { process, role });
    this.#drop(pid);
    if (role !== ROLE.WORKER) return;
    const onIntruder = this.#onIntruder;
    const log = new WorkerLog(this.#world.libc, { workerPid: pid, onIntruder });
    this.#logs.set(pid, log);
    log.read();
  }

  #drop(pid: number): void {
    this.#logs.get(pid)?.[Symbol.dispose]();
    this.#logs.delete(pid);
  }

  /** Closes the logs; a second call does nothing. */
  [Symbol.dispose](): void {
    for (const pid of [...this.#logs.keys()]) this.#drop(pid);
  }
}

/** The cgroup v2 path of a process; null when it is gone. */
export function cgroupOf(libc: Libc, pid: number): string | null {
  try {
    return decodeUnifiedCgroup(readFile(libc, `/proc/${pid}/cgroup`));
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
