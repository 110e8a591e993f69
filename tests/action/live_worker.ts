/**
 * A stand-in of Runner.Worker that is told what to do as it goes.
 *
 * @module
 */
import { runOrThrow } from "../lab/command.ts";
import { line, log } from "../lab/runner/job.ts";
import type { FakeRunner } from "../lab/runner/runner.ts";
import { waitUntil } from "../lab/wait.ts";

/** A process of a step. */
export interface StepProcess {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly cwd: string;
  /** Where its output goes. */
  readonly output: string;
}

const STEP_MS = 120_000;
let count = 0;

/** One worker; what it is told goes through a pipe. */
export class LiveWorker implements Disposable {
  readonly pid: number;
  readonly #runner: FakeRunner;
  readonly #pipe: Deno.FsFile;
  readonly #from: number;
  #labels = 0;

  private constructor(
    runner: FakeRunner,
    of: { pid: number; pipe: Deno.FsFile; from: number },
  ) {
    this.#runner = runner;
    this.pid = of.pid;
    this.#pipe = of.pipe;
    this.#from = of.from;
  }

  /** Has the runner's listener start one. */
  static async start(runner: FakeRunner): Promise<LiveWorker> {
    const path = `${runner.root}/jobs/live${count++}`;
    await runOrThrow(["mkfifo", "-m", "644", path]);
    // Both ways, so that a worker that ends never blocks us.
    const pipe = await Deno.open(path, { read: true, write: true });
    const from = runner.said.length;
    const pid = await runner.launch(path);
    return new LiveWorker(runner, { pid, pipe, from });
  }

  /** Whether it has ended. */
  get isGone(): boolean {
    try {
      const status = Deno.readTextFileSync(`/proc/${this.pid}/status`);
      return /^State:\s+Z/m.test(status);
    } catch {
      return true;
    }
  }

  /** Writes a message to its log. */
  async log(source: string, message: string): Promise<void> {
    await this.#tell(log(source, message));
  }

  /**
   * Starts a process and waits for its end.
   *
   * @param onStart Gets its pid.
   * @returns Its exit code; null when the worker has ended before that.
   */
  async run(
    process: StepProcess,
    onStart: (pid: number) => void,
  ): Promise<number | null> {
    const label = String(this.#labels++);
    const env = Object.entries(process.env).map((pair) => pair.join("="));
    await this.#tell(
      line("output", process.output),
      line("cwd", process.cwd),
      line("start", label, String(env.length), ...env, ...process.args),
      line("wait", label),
    );
    const started = await this.#hear(`started ${label} (\\d+)`);
    if (started === null) return null;
    onStart(Number(started));
    const code = await this.#hear(`ended ${label} (\\d+)`);
    return code === null ? null : Number(code);
  }

  /**
   * Lets it tell how the job ended, and end.
   *
   * @returns Whether it came to tell it.
   */
  async report(result: string, afterMs: number): Promise<boolean> {
    await this.#tell(
      log("JobRunner", `Job result after all job steps finish: ${result}`),
      line("sleep", String(afterMs)),
      line("report", result),
    );
    const told = await this.#hear(`reported (${result})`);
    this[Symbol.dispose]();
    await waitUntil(() => this.isGone, { what: `the end of ${this.pid}` });
    return told !== null;
  }

  /** Lets it end when it has done what it was told. */
  [Symbol.dispose](): void {
    try {
      this.#pipe.close();
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #tell(...lines: readonly string[]): Promise<void> {
    const bytes = new TextEncoder().encode(`${lines.join("\n")}\n`);
    for (let at = 0; at < bytes.length;) {
      at += await this.#pipe.write(bytes.subarray(at));
    }
  }

  async #hear(what: string): Promise<string | null> {
    const pattern = new RegExp(`^${what}$`, "m");
    const find = () =>
      pattern.exec(this.#runner.said.slice(this.#from))?.[1] ?? null;
    let found: string | null = null;
    await waitUntil(() => {
      const isGone = this.isGone;
      found = find();
      return found !== null || isGone;
    }, { what: `"${what}" from the worker`, timeoutMs: STEP_MS });
    return found;
  }
}
