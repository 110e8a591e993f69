/**
 * A process source at work, in this thread, and what it has told.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type {
  ExecRecord,
  ExitRecord,
  ProcessRecord,
} from "../../agent/decode/process_record.ts";
import { openProcessSource } from "../../agent/observe/open_process_source.ts";
import {
  type ProcessSource,
  type ProcessSourceName,
  ROLE,
} from "../../agent/observe/process_source.ts";
import { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/sockets.ts";
import { runOrThrow } from "../lab/command.ts";
import { ensurePackages } from "../lab/packages.ts";
import { Watchdog } from "../lab/watchdog.ts";

const WAIT_MS = 20_000;

const CLEAR = fileURLToPath(new URL("./clear_audit.ts", import.meta.url));

/** How to run a command. */
export interface HeardOptions {
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
}

/** What it has changed ends with it, also when the test is killed. */
export class Hearing implements AsyncDisposable {
  readonly #libc = new Libc();
  readonly #watchdog: Watchdog;
  readonly #poller: Poller;
  /** The source. */
  readonly source: ProcessSource;
  /** All that it has told. */
  readonly records: ProcessRecord[] = [];
  /** Where the programs are. */
  readonly directory: string;

  private constructor(name: ProcessSourceName, of: {
    readonly directory: string;
    readonly watchdog: Watchdog;
  }) {
    this.directory = of.directory;
    this.#watchdog = of.watchdog;
    const { source } = openProcessSource(this.#libc, { preferred: [name] });
    this.source = source;
    this.#poller = new Poller(this.#libc, source.fds);
  }

  /** Opens a source that hears this process as a worker. */
  static async by(name: ProcessSourceName): Promise<Hearing> {
    await ensurePackages();
    const directory = await Deno.makeTempDir({ prefix: "sluice-hearing-" });
    const prefix = `hearing-${Deno.pid}`;
    const watchdog = new Watchdog({ prefix, directory });
    await watchdog.onCleanup(`${Deno.execPath()} run -A --no-check ${CLEAR}`);
    try {
      for (const program of ["acts", "brief"]) {
        await compile(program, directory);
      }
      const hearing = new Hearing(name, { directory, watchdog });
      hearing.source.lineage.setRole(hearing.self(), ROLE.WORKER);
      return hearing;
    } catch (error) {
      await watchdog[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** This process, as the source knows it. */
  self() {
    const self = this.source.lineage.find(Deno.pid);
    assert.ok(self !== null);
    return self;
  }

  /** Takes what there is now. */
  hear(): void {
    this.records.push(...this.source.drain());
  }

  /** Hears until something is so. */
  async until(isSo: () => boolean): Promise<void> {
    const untilMs = performance.now() + WAIT_MS;
    for (;;) {
      this.hear();
      if (isSo()) return;
      assert.ok(performance.now() < untilMs, "nothing was heard in time");
      this.#poller.wait(5);
      // The command's end is told to this thread, too.
      await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }

  /**
   * Runs a command to its end, and hears until its end was told.
   *
   * @returns Its pid.
   */
  async run(
    command: readonly string[],
    options: HeardOptions = {},
  ): Promise<number> {
    const child = this.start(command, options);
    await this.until(() => this.exitOf(child.pid) !== undefined);
    await child.status;
    return child.pid;
  }

  /** Starts a command; the caller waits for its end. */
  start(
    [program, ...args]: readonly string[],
    options: HeardOptions = {},
  ): Deno.ChildProcess {
    const stdio = { stdin: "null", stdout: "null", stderr: "null" } as const;
    return new Deno.Command(program!, { args, ...stdio, ...options }).spawn();
  }

  /** All that was executed, in its order. */
  execs(): ExecRecord[] {
    return this.records.filter((record) => record.kind === "exec");
  }

  /** What a process executed, in its order. */
  execsOf(pid: number): ExecRecord[] {
    return this.execs().filter((exec) => exec.pid === pid);
  }

  /** All ends, in their order. */
  exits(): ExitRecord[] {
    return this.records.filter((record) => record.kind === "exit");
  }

  /** The last end of a process with that pid. */
  exitOf(pid: number): ExitRecord | undefined {
    return this.exits().findLast((exit) => exit.pid === pid);
  }

  /** The processes that another one made. */
  childrenOf(pid: number): number[] {
    return this.records.filter((record) => record.kind === "fork")
      .filter((fork) => fork.parentPid === pid).map((fork) => fork.pid);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.source[Symbol.dispose]();
    this.#libc[Symbol.dispose]();
    await this.#watchdog[Symbol.asyncDispose]();
  }
}

async function compile(program: string, directory: string): Promise<void> {
  const url = new URL(`./${program}.c`, import.meta.url);
  const bare = program === "brief" ? ["-nostdlib", "-static"] : ["-pthread"];
  const strict = ["-std=gnu11", "-O1", "-Wall", "-Wextra", "-Werror"];
  const path = `${directory}/${program}`;
  await runOrThrow(["gcc", ...strict, ...bare, "-o", path, fileURLToPath(url)]);
}
