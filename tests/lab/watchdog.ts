/**
 * The process that removes a lab, also when the tests were killed.
 *
 * @module
 */
import { fileURLToPath } from "node:url";

const SCRIPT = fileURLToPath(new URL("./watchdog.sh", import.meta.url));

/** Which lab, and where its files are. */
export interface Remains {
  readonly prefix: string;
  /** The lab's own directory, removed with all that is in it. */
  readonly directory: string;
}

/**
 * A shell that reads a pipe and removes the lab at the pipe's end.
 *
 * There is one way to clean up and it is this one, so the way that counts after
 * a `kill -9` is the one that every test takes.
 */
export class Watchdog implements AsyncDisposable {
  readonly #remains: Remains;
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #disposed: Promise<void> | undefined;

  /**
   * Starts watching; to be done before anything of the lab is made.
   *
   * @param remains What is to be removed.
   */
  constructor(remains: Remains) {
    this.#remains = remains;
    this.#child = new Deno.Command("setsid", {
      args: ["sh", SCRIPT, remains.prefix, remains.directory],
      stdin: "piped",
      stdout: "null",
      stderr: "piped",
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
  }

  /**
   * Adds a line to what is run when nothing lives in the lab any more.
   *
   * @param shellLine One line for `sh`; the last one added is run first.
   * @throws {TypeError} When it is more than one line.
   */
  async onCleanup(shellLine: string): Promise<void> {
    if (shellLine.includes("\n")) {
      throw new TypeError(
        `Cannot add clean-up "${shellLine}": it has several lines, one is needed`,
      );
    }
    await this.#writer.write(new TextEncoder().encode(`${shellLine}\n`));
  }

  /**
   * Removes the lab and waits until it is gone.
   *
   * @throws {Error} When something could not be removed.
   */
  [Symbol.asyncDispose](): Promise<void> {
    this.#disposed ??= this.#dispose();
    return this.#disposed;
  }

  async #dispose(): Promise<void> {
    await this.onCleanup(":");
    await this.#writer.close();
    const [{ code }, complaint] = await Promise.all([
      this.#child.status,
      new Response(this.#child.stderr).text(),
    ]);
    check(this.#remains, code, complaint);
  }
}

/**
 * Removes a lab that nobody holds.
 *
 * @param remains What is to be removed; what is not there is not missed.
 * @throws {Error} When something could not be removed.
 */
export async function removeLab(remains: Remains): Promise<void> {
  const { code, stderr } = await new Deno.Command("setsid", {
    args: ["sh", SCRIPT, remains.prefix, remains.directory, "now"],
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  check(remains, code, new TextDecoder().decode(stderr));
}

function check(remains: Remains, code: number, complaint: string): void {
  if (code === 0) return;
  throw new Error(
    `Cannot remove lab "${remains.prefix}": "${complaint.trim()}"`,
  );
}
