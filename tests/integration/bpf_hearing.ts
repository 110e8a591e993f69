/**
 * Hears of processes by BPF, as the agent does, for tests.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import type {
  ExecRecord,
  ExitRecord,
  ForkRecord,
  ProcessRecord,
} from "../../agent/decode/process_record.ts";
import { BpfSource } from "../../agent/observe/bpf/source.ts";
import { Libc } from "../../ffi/libc.ts";
import { runOrThrow } from "../lab/command.ts";
import { waitUntil } from "../lab/wait.ts";

const DRAIN_MS = 10;

/** The records of one source, gathered while something happens. */
export class Hearing implements Disposable {
  /** Everything so far. */
  readonly records: ProcessRecord[] = [];
  /** The source under test. */
  readonly source: BpfSource;
  readonly #libc = new Libc();
  readonly #timer: ReturnType<typeof setInterval>;

  /** @throws {AgentError} When the kernel has none of it. */
  constructor() {
    this.source = new BpfSource(this.#libc);
    this.#timer = setInterval(() => this.drain(), DRAIN_MS);
  }

  /** Those of one kind so far. */
  all(kind: "exec"): ExecRecord[];
  all(kind: "exit"): ExitRecord[];
  all(kind: "fork"): ForkRecord[];
  all(kind: string): ProcessRecord[] {
    return this.records.filter((record) => record.kind === kind);
  }

  /** Waits for the end of a process, in the records from an index on. */
  async exitOf(pid: number, from = 0): Promise<ExitRecord> {
    const find = () =>
      this.records.slice(from).find((record): record is ExitRecord =>
        record.kind === "exit" && record.pid === pid
      );
    await waitUntil(() => find() !== undefined, { what: `the end of ${pid}` });
    return find()!;
  }

  /** The programs that a process has executed, in order. */
  execsOf(pid: number): ExecRecord[] {
    return this.all("exec").filter((record) => record.pid === pid);
  }

  /** Takes the programs out of the kernel. */
  [Symbol.dispose](): void {
    clearInterval(this.#timer);
    this.source[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
  }

  /** Gathers what is there. */
  drain(): void {
    for (const record of this.source.drain()) this.records.push(record);
  }
}

/** The programs in a directory of their own. */
export interface Acts {
  /** process_acts.c */
  readonly acts: string;
  /** nothing.c */
  readonly nothing: string;
}

/** What one program did, from its last exec on. */
export interface Ended {
  readonly pid: number;
  readonly stdout: string;
  readonly exec: ExecRecord;
  readonly exit: ExitRecord;
}

/** Does one thing with everything set up, and cleans up after it. */
export async function hearing(
  act: (heard: Hearing, acts: Acts) => Promise<void>,
): Promise<void> {
  const directory = await Deno.makeTempDir({ prefix: "sluice-hearing-" });
  try {
    const acts = await compileActs(directory);
    using heard = new Hearing();
    await act(heard, acts);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

/** Runs a program to its end, with one variable as its environment. */
export async function run(
  heard: Hearing,
  command: { path: string; args: readonly string[]; cwd?: string },
): Promise<Ended> {
  const { path, args, cwd } = command;
  // What comes now is not of an earlier process that had the same pid.
  heard.drain();
  const from = heard.records.length;
  const child = new Deno.Command(path, {
    args: [...args],
    cwd,
    stdout: "piped",
    env: { HEARD: "yes" },
    clearEnv: true,
  }).spawn();
  const { stdout } = await child.output();
  const exit = await heard.exitOf(child.pid, from);
  return {
    pid: child.pid,
    stdout: new TextDecoder().decode(stdout),
    exec: heard.execsOf(child.pid).at(-1)!,
    exit,
  };
}

/**
 * Compiles the programs.
 *
 * @throws {Error} When gcc refuses, also for a warning.
 */
async function compileActs(directory: string): Promise<Acts> {
  const strict = ["gcc", "-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
  const source = (name: string) =>
    fileURLToPath(new URL(name, import.meta.url));
  const acts = `${directory}/acts`;
  const nothing = `${directory}/nothing`;
  await runOrThrow([
    ...[...strict, "-pthread", "-o", acts, source("process_acts.c")],
  ]);
  await runOrThrow([
    ...[...strict, "-static", "-nostdlib", "-o", nothing, source("nothing.c")],
  ]);
  return { acts, nothing };
}
