/**
 * A person at a terminal: a pseudo-terminal of script(1), typed into and read.
 *
 * @module
 */
import { waitUntil } from "../lab/wait.ts";

const TIMEOUT_MS = 20_000;

/** One command on a terminal of its own; it ends when it is disposed. */
export class Terminal implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #keyboard: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #read: Promise<void>;
  #screen = "";

  /**
   * Starts a command with the terminal as its input, output and error.
   *
   * @param args The program and its arguments.
   * @param env Added to the environment of the tests.
   */
  constructor(args: readonly string[], env: Record<string, string> = {}) {
    const line = args.map((arg) => `'${arg.replaceAll("'", "'\\''")}'`);
    this.#child = new Deno.Command("script", {
      // Not every sh gives its place to its only command.
      args: ["-qefc", `exec ${line.join(" ")}`, "/dev/null"],
      env: { ...env, SHELL: "/bin/sh" },
      stdin: "piped",
      stdout: "piped",
    }).spawn();
    this.#keyboard = this.#child.stdin.getWriter();
    this.#read = this.#collect();
  }

  /** All that was shown so far, lines ending in CR LF. */
  get screen(): string {
    // Deno draws a progress bar when it is slow to start, and erases it.
    return this.#screen.replaceAll("\x1b[0G\x1b[2K\x1b[J", "");
  }

  /** Types; `\x03` is Ctrl-C. */
  async type(text: string): Promise<void> {
    await this.#keyboard.write(new TextEncoder().encode(text));
  }

  /** Waits until the screen shows `text`, or matches it. */
  async waitFor(text: string | RegExp): Promise<void> {
    await waitUntil(
      () =>
        typeof text === "string"
          ? this.#screen.includes(text)
          : text.test(this.#screen),
      {
        what: `${text} on the terminal`,
        timeoutMs: TIMEOUT_MS,
      },
    ).catch((error) => {
      throw new Error(`${error.message}, with "${this.screen}"`);
    });
  }

  /** Waits for the command's end; the result is its exit code. */
  async ended(): Promise<number> {
    const timer = setTimeout(() => this.#kill(), TIMEOUT_MS);
    const { code, signal } = await this.#child.status;
    clearTimeout(timer);
    await this.#read;
    if (signal === null) return code;
    throw new Error(
      `Cannot wait for the terminal: not done after ${TIMEOUT_MS} ms, ` +
        `with "${this.screen}"`,
    );
  }

  /** Hangs up: what runs on the terminal gets SIGHUP. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#kill();
    await this.#child.status;
    await this.#read;
    await this.#keyboard.close().catch(() => {});
  }

  #kill(): void {
    try {
      this.#child.kill("SIGKILL");
    } catch (error) {
      // It has ended.
      if (!(error instanceof TypeError)) throw error;
    }
  }

  async #collect(): Promise<void> {
    const decoder = new TextDecoder();
    for await (const chunk of this.#child.stdout) {
      this.#screen += decoder.decode(chunk, { stream: true });
    }
  }
}
