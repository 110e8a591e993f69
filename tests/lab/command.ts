/**
 * Programs the lab runs: to their end, or for as long as a test needs them.
 *
 * @module
 */
import { waitUntil } from "./wait.ts";

/** How a program is started. */
export interface CommandOptions {
  /** Given on standard input, which is then closed. Without it: no input. */
  readonly stdin?: string;
  /** Added to the environment of the tests. */
  readonly env?: Readonly<Record<string, string>>;
}

/** What a program left. */
export interface CommandResult {
  /** The exit code; 128 plus the signal's number when it was killed. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** From just before the start until the exit was seen. */
  readonly milliseconds: number;
}

/** Long enough for a busy machine, short enough to notice a hang. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** One running program, in a session of its own so that all of it can go. */
export class LabProcess implements AsyncDisposable {
  readonly #args: readonly string[];
  readonly #child: Deno.ChildProcess;
  readonly #ended: Promise<Deno.CommandStatus>;
  readonly #pipes: Promise<unknown>;
  readonly #abort = new AbortController();
  #milliseconds: number | undefined;
  #isSilent = false;
  #stdout = "";
  #stderr = "";

  /**
   * Starts a program.
   *
   * @param args The program and its arguments; never a shell line.
   * @param options Input and environment.
   */
  constructor(args: readonly string[], options: CommandOptions = {}) {
    const { stdin, env } = options;
    const startedMs = performance.now();
    this.#args = args;
    this.#child = new Deno.Command("setsid", {
      args: [...args],
      env,
      stdin: stdin === undefined ? "null" : "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#ended = this.#child.status.then((status) => {
      this.#milliseconds = performance.now() - startedMs;
      return status;
    });
    const { signal } = this.#abort;
    this.#pipes = Promise.all([
      collect(this.#child.stdout, signal, (text) => this.#stdout += text),
      collect(this.#child.stderr, signal, (text) => this.#stderr += text),
      stdin === undefined ? undefined : feed(this.#child.stdin, stdin),
    ]).then(() => this.#isSilent = true);
  }

  /** Of the program itself, and of its session and process group. */
  get pid(): number {
    return this.#child.pid;
  }

  /** What it has printed so far. */
  get stdout(): string {
    return this.#stdout;
  }

  /** What it has complained about so far. */
  get stderr(): string {
    return this.#stderr;
  }

  /**
   * Waits until stdout or stderr contains `text`.
   *
   * @param text What to wait for.
   * @param timeoutMs Default 10,000.
   * @throws {Error} When its output, or the time, ended before that.
   */
  waitFor(text: string, timeoutMs = DEFAULT_TIMEOUT_MS): Promise<void> {
    return waitUntil(() => {
      if ((this.#stdout + this.#stderr).includes(text)) return true;
      // A child may go on printing after the program itself has ended.
      if (!this.#isSilent) return false;
      throw new Error(
        `Cannot wait for "${text}": "${this.#args.join(" ")}" ended with ` +
          `"${this.#stderr.trim()}"`,
      );
    }, { what: `"${text}" from "${this.#args.join(" ")}"`, timeoutMs });
  }

  /**
   * Waits for the end of the program and of all it printed.
   *
   * @param timeoutMs Default: for ever.
   * @throws {Error} When the program, or a child that kept its output open, is
   * still there after `timeoutMs`; both are killed then.
   */
  async finished(timeoutMs = Infinity): Promise<CommandResult> {
    let late = false;
    const timer = timeoutMs === Infinity ? undefined : setTimeout(() => {
      late = true;
      this.kill("SIGKILL");
      // A child in yet another session may still hold the pipes open.
      this.#abort.abort();
    }, timeoutMs);
    try {
      const { code } = await this.#ended;
      await this.#pipes;
      if (!late) {
        const { stdout, stderr } = this;
        return { code, stdout, stderr, milliseconds: this.#milliseconds! };
      }
    } finally {
      clearTimeout(timer);
    }
    throw new Error(
      `Cannot finish "${this.#args.join(" ")}": it or its output is still ` +
        `open after ${timeoutMs} ms, with "${this.#stdout}${this.#stderr}"`,
    );
  }

  /** Signals the whole process group; one that is gone is left in peace. */
  kill(signal: Deno.Signal = "SIGTERM"): void {
    try {
      Deno.kill(-this.pid, signal);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
  }

  /** Kills what is left of it and waits for its end. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#milliseconds === undefined) this.kill("SIGKILL");
    await this.#ended;
    this.#abort.abort();
    await this.#pipes;
  }
}

/**
 * Runs a program that must succeed.
 *
 * @param args The program and its arguments.
 * @param options Input and environment.
 * @returns What it printed on stdout.
 * @throws {Error} When it exits with anything but 0, or not within 10 seconds.
 */
export async function runOrThrow(
  args: readonly string[],
  options: CommandOptions = {},
): Promise<string> {
  await using program = new LabProcess(args, options);
  const { code, stdout, stderr } = await program.finished(DEFAULT_TIMEOUT_MS);
  if (code === 0) return stdout;
  throw new Error(
    `Cannot run "${args.join(" ")}": exit code is ${code} with ` +
      `"${stderr.trim()}", 0 is needed`,
  );
}

async function collect(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  signal: AbortSignal,
  onText: (text: string) => void,
): Promise<void> {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  const cancel = () => void reader.cancel();
  signal.addEventListener("abort", cancel, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      onText(value);
    }
  } finally {
    signal.removeEventListener("abort", cancel);
  }
}

async function feed(
  stream: WritableStream<Uint8Array<ArrayBuffer>>,
  text: string,
): Promise<void> {
  const writer = stream.getWriter();
  try {
    await writer.write(new TextEncoder().encode(text));
    await writer.close();
  } catch (error) {
    // A program may end without having read its input.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
