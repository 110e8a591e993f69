/**
 * Who changes the runner's own files, or gives later steps code to load.
 *
 * @module
 */
import {
  judgeEnvironment,
  judgeSearchPath,
} from "../decide/poisoned_environment.ts";
import type { Finding } from "../decide/privilege_rules.ts";
import { decodeEnvFile } from "../decode/env_file.ts";
import { ROLE } from "../observe/process_source.ts";
import { type FileChange, RunnerFiles } from "../observe/runner_files.ts";
import { runnerProgram } from "../observe/runner_program.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import type { ProcessAct, TreeProcess } from "./process_tree.ts";
import type { ProcessWorld } from "./process_world.ts";

/** By then the process programs have told whose act it is. */
const SETTLE_MS = 30;
/** More at a time are not heard of, but counted. */
const MAX_UNSETTLED = 4_096;
const MAX_RUNNERS = 1_024;
const MAX_TOLD = 4_096;

/** One act, and what it was done to. */
export interface FileAct {
  readonly pid: number;
  readonly path: string;
  readonly finding: Finding;
}

interface Unsettled extends FileChange {
  readonly heardAtMs: number;
}

/** Hears of the runners, and of what is done to their files. */
export class FileActs implements Disposable {
  readonly #world: ProcessWorld;
  readonly #files: RunnerFiles | null;
  /** All that were ever the runner's: what it leaves behind updates it. */
  readonly #runners = new Set<number>();
  /** What each file was found to give. */
  readonly #told = new Set<string>();
  #unsettled: Unsettled[] = [];

  /** @param world Lent. */
  constructor(world: ProcessWorld) {
    this.#world = world;
    this.#files = open(world);
  }

  /** Readable when a file has changed. */
  get fds(): readonly number[] {
    return this.#files === null ? [] : [this.#files.fd];
  }

  /** A process is the runner's. */
  meetRunner({ pid, exe, args }: TreeProcess): void {
    this.#runners.add(pid);
    if (this.#runners.size > MAX_RUNNERS) {
      this.#runners.delete(this.#runners.values().next().value!);
    }
    const program = runnerProgram(exe, args);
    if (program === null || !("root" in program)) return;
    this.#files?.add(program.root);
    this.#files?.renew();
  }

  /** Hears what a process did. */
  hear(act: ProcessAct, { root }: TreeProcess): void {
    if (act.kind === "exec" && root?.pid === act.pid) this.#files?.renew();
  }

  /**
   * What is known by now.
   *
   * @param onLost Called with the number of acts that were not heard of; 0 when
   * that is not known.
   */
  take(nowMs: number, onLost: (count: number) => void): readonly FileAct[] {
    for (const change of this.#files?.drain(() => onLost(0)) ?? []) {
      if (this.#unsettled.length >= MAX_UNSETTLED) onLost(1);
      else this.#unsettled.push({ ...change, heardAtMs: nowMs });
    }
    const isDue = ({ heardAtMs }: Unsettled) => heardAtMs <= nowMs - SETTLE_MS;
    const due = this.#unsettled.filter(isDue);
    this.#unsettled = this.#unsettled.filter((each) => !isDue(each));
    // Somebody who writes a file all the time has it read once a turn.
    const distinct = new Map(due.map((each) => [keyOf(each), each]));
    return [...distinct.values()].flatMap((each) => this.#judge(each));
  }

  /** Takes all marks away; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#files?.[Symbol.dispose]();
  }

  #judge({ pid, path, of }: FileChange): FileAct[] {
    if (of === "own") {
      if (this.#isOfRunner(pid)) return [];
      const reason = `${path} was changed by somebody else than the runner`;
      return [{
        ...{ pid, path },
        finding: { rule: "runner-files-changed", reason },
      }];
    }
    const text = this.#files?.readCommands(path) ?? "";
    const findings = of === "env"
      ? judgeEnvironment(decodeEnvFile(text))
      : judgeSearchPath(text);
    return findings.filter((finding) => this.#isNew(path, finding))
      .map((finding) => ({ pid, path, finding }));
  }

  /** Nothing in a step's tree is: the kernel says who descends from a step. */
  #isOfRunner(pid: number): boolean {
    const { tree, order } = this.#world;
    if (pid === order.agentPid) return true;
    const process = tree.find(pid);
    if (process === null) return this.#runners.has(pid);
    if (process.role !== ROLE.PLAIN) return true;
    return process.root === null &&
      process.above.some((above) => this.#runners.has(above.pid));
  }

  #isNew(path: string, { reason }: Finding): boolean {
    const key = `${path}\n${reason}`;
    if (this.#told.has(key)) return false;
    this.#told.add(key);
    if (this.#told.size > MAX_TOLD) {
      this.#told.delete(this.#told.values().next().value!);
    }
    return true;
  }
}

function keyOf({ pid, path }: FileChange): string {
  return `${pid} ${path}`;
}

/** Null where the kernel does not tell of names; all else is told there too. */
function open({ libc, tell }: ProcessWorld): RunnerFiles | null {
  try {
    return new RunnerFiles(libc);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const message =
      `Changes of the runner's files are not heard of: ${error.message}`;
    tell({ kind: "agent", event: "impaired", message });
    return null;
  }
}
