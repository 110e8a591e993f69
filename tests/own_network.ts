/**
 * A network namespace for one test, made and left within it.
 *
 * @module
 */
import { O, openFile } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { runTool } from "../ffi/tools.ts";

/** What only tests call. */
const SYMBOLS = {
  // <sched.h>
  // int unshare(int flags);
  unshare: { parameters: ["i32"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

const CLONE_NEWNET = 0x4000_0000; // <sched.h>
const IP = "/usr/sbin/ip";

/**
 * Takes this thread into a network namespace of its own until disposed.
 *
 * Other threads stay where they are. The namespace ends with its last process,
 * so a test that is killed leaves nothing. Nothing may be awaited meanwhile:
 * what runs then would be in it, too.
 */
export class OwnNetwork implements Disposable {
  readonly #libc: Libc;
  readonly #home: number;

  /**
   * Makes it, with `lo` up, and enters it.
   *
   * @param libc Must outlive this object.
   * @param commands Lines for `ip -batch`.
   * @throws {SystemCallError} Without root.
   * @throws {Error} When `ip` refuses a line.
   */
  constructor(libc: Libc, commands: readonly string[] = []) {
    this.#libc = libc;
    const flags = O.RDONLY;
    this.#home = openFile(libc, "/proc/thread-self/ns/net", { flags });
    const library = Deno.dlopen(
      `/usr/lib/${Deno.build.arch}-linux-gnu/libc.so.6`,
      SYMBOLS,
    );
    const result = library.symbols.unshare(CLONE_NEWNET);
    library.close();
    libc.check("unshare", result);
    try {
      this.ip(["link set lo up", ...commands]);
    } catch (error) {
      this[Symbol.dispose]();
      throw error;
    }
  }

  /** Runs lines of `ip -batch` in it. */
  ip(commands: readonly string[]): void {
    const input = commands.map((command) => `${command}\n`).join("");
    this.run([IP, "-batch", "-"], input);
  }

  /**
   * Runs a tool in it that must succeed.
   *
   * @param command Its first is the absolute path.
   * @param input Its standard input.
   * @returns What it printed.
   */
  run(command: readonly string[], input = ""): string {
    const { code, stdout, stderr } = runTool(this.#libc, command, { input });
    if (code === 0) return stdout;
    throw new Error(
      `Cannot run "${command.join(" ")}": exit code is ${code} with ` +
        `"${stderr.trim()}", 0 is needed`,
    );
  }

  /** Takes the thread back where it was. */
  [Symbol.dispose](): void {
    this.#libc.check(
      "setns",
      this.#libc.symbols.setns(this.#home, CLONE_NEWNET),
    );
    this.#libc.symbols.close(this.#home);
  }
}
