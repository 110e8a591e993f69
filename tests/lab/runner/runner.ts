/**
 * A GitHub runner without GitHub: the real one's layout, processes, environment
 * and log, and jobs of our own.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { findCgroup2Mount } from "../../../agent/decode/mountinfo.ts";
import { runOrThrow } from "../command.ts";
import { waitUntil } from "../wait.ts";
import { type Job, planJob } from "./job.ts";

const PROGRAMS = {
  listener: "bin/Runner.Listener",
  worker: "bin/Runner.Worker",
  node: "externals/node20/bin/node",
  // No part of a runner: for steps.
  net: "_work/net",
} as const;

const JOB_MS = 60_000;

/** How a listener is started. */
export interface RunnerStart {
  /** A command that runs it, such as `nsenter`. */
  readonly before?: readonly string[];
  /** User id; default 0. */
  readonly user?: number;
}

/** One install, and its listener while that runs. */
export class FakeRunner implements AsyncDisposable {
  /** Where it is installed. */
  readonly root: string;
  #child: Deno.ChildProcess | null = null;
  #input: WritableStreamDefaultWriter<Uint8Array> | null = null;
  #said = "";
  #jobs = 0;
  /** As a service has one: other tests run runners at the same time. */
  readonly cgroup: string;

  private constructor(root: string) {
    this.root = root;
    const mountinfo = Deno.readTextFileSync("/proc/self/mountinfo");
    const name = root.replaceAll("/", "-");
    this.cgroup = `${findCgroup2Mount(mountinfo)}/sluice-lab${name}`;
  }

  /**
   * A shell line that removes its cgroup, for when the tests were killed. What
   * has just been killed in there may still be ending.
   */
  get removal(): string {
    const { cgroup } = this;
    return `! [ -e ${cgroup} ] || { echo 1 >${cgroup}/cgroup.kill; ` +
      `for _ in $(seq 100); do rmdir ${cgroup} && break; sleep 0.05; ` +
      "done 2>/dev/null; }";
  }

  /**
   * Compiles and lays out a runner.
   *
   * @param root Where; a directory that can hold programs.
   * @param user Whose it is.
   */
  static async install(root: string, user = 0): Promise<FakeRunner> {
    for (const [name, path] of Object.entries(PROGRAMS)) {
      const target = `${root}/${path}`;
      await Deno.mkdir(target.slice(0, target.lastIndexOf("/")), {
        recursive: true,
      });
      const url = new URL(`./${name}.c`, import.meta.url);
      const strict = ["-std=gnu11", "-O2", "-Wall", "-Wextra", "-Werror"];
      await runOrThrow(["gcc", ...strict, "-o", target, fileURLToPath(url)]);
    }
    for (const each of ["_diag", "_work/_temp", "_work/_actions", "jobs"]) {
      await Deno.mkdir(`${root}/${each}`, { recursive: true });
    }
    await runOrThrow(["chown", "-R", `${user}:${user}`, root]);
    return new FakeRunner(root);
  }

  /** All that listener, workers and steps have printed. */
  get said(): string {
    return this.#said;
  }

  /** Starts the listener, and waits until it listens. */
  async start(options: RunnerStart = {}): Promise<void> {
    const { before = [], user } = options;
    const id = String(user);
    const become = user === undefined
      ? []
      : ["setpriv", "--reuid", id, "--regid", id, "--clear-groups", "--"];
    await Deno.mkdir(this.cgroup, { recursive: true });
    const move = `echo $$ > ${this.cgroup}/cgroup.procs && exec "$@"`;
    const [command, ...args] = [
      ...["setsid", "sh", "-c", move, "sh", ...before, ...become],
      ...[`${this.root}/${PROGRAMS.listener}`, "run"],
    ];
    const child = new Deno.Command(command!, {
      args,
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#child = child;
    this.#input = child.stdin.getWriter();
    void this.#collect(child.stdout);
    await this.#waitFor(/^listening \d+$/m);
  }

  /** Of the listener, once it has started. */
  get pid(): number {
    return Number(/^listening (\d+)$/m.exec(this.#said)![1]);
  }

  /**
   * Starts a job.
   *
   * @returns The worker's pid.
   */
  async begin(job: Job): Promise<number> {
    const path = `${this.root}/jobs/${this.#jobs++}`;
    const { lines, files } = planJob(job, { root: this.root });
    for (const { path, text } of files) {
      const directory = path.slice(0, path.lastIndexOf("/"));
      await Deno.mkdir(directory, { recursive: true });
      await Deno.writeTextFile(path, text);
    }
    await Deno.writeTextFile(path, lines.join("\n") + "\n");
    return await this.launch(path);
  }

  /**
   * Starts a worker.
   *
   * @param path What it is to do, see worker.c: a file, or a pipe for what is
   * decided as it goes.
   * @returns Its pid.
   */
  async launch(path: string): Promise<number> {
    await this.#input!.write(new TextEncoder().encode(`${path}\n`));
    const [, pid] = await this.#waitFor(
      new RegExp(`^worker (\\d+) ${path}$`, "m"),
    );
    return Number(pid);
  }

  /** Where the program of net.c is, for steps. */
  get net(): string {
    return `${this.root}/${PROGRAMS.net}`;
  }

  /**
   * Has the listener itself use the network, see net.h.
   *
   * @returns What came of it.
   */
  async use(...fields: readonly string[]): Promise<string> {
    const from = this.#said.length;
    const line = `${fields.join(" ")}\n`;
    await this.#input!.write(new TextEncoder().encode(line));
    const what = new RegExp(`^listener ${fields[0]} \\S+ (\\S+)\n`, "m");
    const [, result] = await this.#waitFor(what, from);
    return result!;
  }

  /** Runs a job to its end; the worker's pid. */
  async run(job: Job): Promise<number> {
    const pid = await this.begin(job);
    await this.ended(pid);
    return pid;
  }

  /** Waits until a worker has ended. */
  async ended(workerPid: number): Promise<void> {
    await waitUntil(() => !isAlive(workerPid), {
      what: `the end of worker ${workerPid}`,
      timeoutMs: JOB_MS,
    });
  }

  /** Ends the listener, once its jobs are done. */
  async stop(): Promise<void> {
    await this.#input?.close();
    this.#input = null;
    await this.#child?.status;
    this.#child = null;
  }

  /** Ends listener, workers and steps at once. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child === null) return;
    // setsid(1) has made it the leader of its group; a daemon has its own. Not
    // by kill(1): procps reads a group's number as one digit, and -1 is all.
    try {
      Deno.kill(-this.#child.pid, "SIGKILL");
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    await this.#input?.close().catch(() => {});
    await this.#child.status;
    this.#child = null;
    await removeCgroup(this.cgroup);
  }

  async #collect(stream: ReadableStream<Uint8Array>): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of stream) {
      this.#said += decoder.decode(chunk, { stream: true });
    }
  }

  async #waitFor(what: RegExp, from = 0): Promise<RegExpExecArray> {
    let found: RegExpExecArray | null = null;
    const isSaid = () => (found = what.exec(this.#said.slice(from))) !== null;
    await waitUntil(isSaid, {
      what: `"${what.source}" from the runner`,
      timeoutMs: 10_000,
    });
    return found!;
  }
}

async function removeCgroup(path: string): Promise<void> {
  // Daemons of its steps are in it as well.
  await Deno.writeTextFile(`${path}/cgroup.kill`, "1");
  await waitUntil(async () => {
    try {
      await Deno.remove(path);
      return true;
    } catch {
      return false;
    }
  }, { what: `the end of all in ${path}` });
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
