/**
 * A runner with a secret in its memory, and a job whose steps reach for it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { PrivilegeEvent } from "../../agent/record/process_event.ts";
import { runOrThrow } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { enterArgs } from "../lab/namespaces.ts";
import { FakeRunner } from "../lab/runner/runner.ts";
import { waitUntil } from "../lab/wait.ts";
import type { Guarding } from "./guarding.ts";

const MARK = "canary-";
const CANARY = `${MARK}heart-4711`;

/** What the steps have found, by their names. */
export type Takings = ReadonlyMap<string, readonly string[]>;

/** The ground; everything on it ends with it. */
export class MemoryGround implements AsyncDisposable {
  /** Where the programs and what they print are. */
  readonly directory: string;
  readonly #runner: FakeRunner;
  /** Of the last job. */
  workerPid = 0;

  private constructor(
    of: { readonly directory: string; readonly runner: FakeRunner },
  ) {
    this.directory = of.directory;
    this.#runner = of.runner;
  }

  /**
   * Compiles what takes memory, and starts a runner: before the guard, since
   * one that comes after somebody else's worker is not believed.
   *
   * @param user Whose runner it is; default root's.
   */
  static async make(lab: Lab, user?: number): Promise<MemoryGround> {
    const directory = await Deno.makeTempDir({ prefix: "sluice-memory-" });
    const source = new URL("./take_memory.c", import.meta.url);
    const program = `${directory}/take_memory`;
    await runOrThrow(["gcc", "-O2", "-o", program, fileURLToPath(source)]);
    const script = new URL("./take_memory.py", import.meta.url);
    await Deno.copyFile(script, `${directory}/take_memory.py`);
    await Deno.mkdir(`${directory}/mount`);
    await runOrThrow(["chown", "-R", `${user ?? 0}`, directory]);
    await runOrThrow(["chmod", "-R", "go+rX", directory]);
    const install = `${directory}/runner`;
    const runner = await FakeRunner.install(install, user);
    const pidFile = await Deno.readTextFile(`${lab.directory}/run.pid`);
    const enter = enterArgs(Number(pidFile.split("\n")[0]), "/");
    await runner.start({
      // A core is written where the worker is, and by its user.
      before: [...enter, "env", "-C", install, `SECRET=${CANARY}`],
      ...(user === undefined ? {} : { user }),
    });
    return new MemoryGround({ directory, runner });
  }

  /**
   * Runs a job with a step for each way, and one for each script.
   *
   * @returns The canaries that each has printed.
   */
  async take(
    ways: readonly string[],
    scripts: Readonly<Record<string, string>> = {},
  ): Promise<Takings> {
    const { directory } = this;
    const shared = { ...scripts };
    for (const way of ways) {
      shared[way] =
        `${directory}/take_memory ${way} $PPID ${MARK} ${directory}/mount`;
    }
    const names = [...Object.keys(scripts), ...ways];
    const runner = this.#runner;
    const install = runner.root;
    this.workerPid = await runner.begin({
      steps: names.map((name) => ({
        name,
        action: "__run",
        // The runner's shell ends with the first command that fails.
        script: `code=0; ( ${shared[name]} ) >${install}/out-${name} 2>&1 ` +
          `|| code=$?; echo "exit $code" >>${install}/out-${name}\n`,
      })),
    });
    await runner.ended(this.workerPid);
    const takings = new Map<string, readonly string[]>();
    for (const name of names) {
      takings.set(name, await printed(`${install}/out-${name}`));
    }
    return takings;
  }

  /** Ends the runner and removes the programs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#runner[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

/** The lines of a step, which may outlive its worker. */
async function printed(path: string): Promise<readonly string[]> {
  let lines: string[] = [];
  await waitUntil(async () => {
    const text = await Deno.readTextFile(path).catch(() => "");
    lines = text.split("\n").filter((line) => line !== "");
    return /^exit [0-9]+$/.test(lines.at(-1) ?? "");
  }, { what: `the end of "${path}"` });
  return lines;
}

/** Whether somebody has printed the secret. */
export function hasTaken(lines: readonly string[] | undefined): boolean {
  assert.ok(lines !== undefined && lines.length > 0, "the step has run");
  return lines.some((line) => line.includes(CANARY));
}

/** The events of kind `privilege` of one step. */
export async function privileges(
  guard: Guarding,
  step: string,
): Promise<readonly PrivilegeEvent[]> {
  const events = await guard.events();
  return events.filter((event) =>
    event.kind === "privilege" && event.step === step
  ) as unknown as PrivilegeEvent[];
}
