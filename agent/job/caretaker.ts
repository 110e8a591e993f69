/**
 * Clears up after a job whose guard was killed, as soon as the job is over.
 *
 * The next job could do that as well, but only as root: when the guard had
 * taken sudo away, and had closed the network to the runner, none would come.
 *
 * @module
 */
import { type Context, say } from "../context.ts";
import { daemonEnvironment, ownProgram } from "../daemon_process.ts";
import type { Options } from "../options.ts";
import { clearRemains } from "../remains.ts";
import { isAlive, readState, startTicksOf } from "../state.ts";
import {
  readLink,
  replaceFile,
  tryReadText,
  writeAll,
} from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { spawn, waitForExit } from "../../ffi/spawn.ts";
import { cString } from "../../ffi/text.ts";
import { openNull, openPipe } from "../../ffi/tools.ts";
import { readJobRecord, removeJobRecord } from "./job_record.ts";
import { jobSocketPath } from "./job_socket.ts";
import { giveBackTaken } from "./taken.ts";

/** In the state directory. */
const NAME = "caretaker.json";
const SIGKILL = 9; // <asm/signal.h>
const STDERR = 2;
const POLL_MS = 100;

/**
 * Costs a shell until it is needed: that waits for a line, and a pipe whose
 * writer was killed has none.
 */
const WAIT = 'read -r line || exec "$@"';

/** One process beside a guard. */
export class Caretaker {
  readonly #libc: Libc;
  readonly #pid: number;
  readonly #pipe: number;
  readonly #path: string;

  private constructor(
    libc: Libc,
    of: { readonly pid: number; readonly pipe: number; readonly path: string },
  ) {
    this.#libc = libc;
    this.#pid = of.pid;
    this.#pipe = of.pipe;
    this.#path = of.path;
  }

  /**
   * Starts it, once everything is taken: it is root's, and comes from us.
   *
   * @param libc Must outlive this object.
   * @param of `state`: as the command line names it; `kept`: of our own
   * environment, `NAME=value` each.
   * @throws {SystemCallError} When there is no room for a process.
   */
  static start(
    libc: Libc,
    of: {
      readonly directory: string;
      readonly state: string | undefined;
      readonly kept: readonly string[];
    },
  ): Caretaker {
    const { directory, state, kept } = of;
    const own = [
      readLink(libc, "/proc/self/exe")!,
      ...ownProgram(libc).slice(1),
    ];
    const flags = state === undefined ? [] : ["--state", directory];
    const pipe = openPipe(libc);
    const nowhere = openNull(libc);
    try {
      const pid = spawn(libc, {
        path: "/bin/sh",
        args: ["sh", "-c", WAIT, "sluice", ...own, "caretaker", ...flags],
        environment: daemonEnvironment(kept),
        directory: "/",
        stdio: [pipe.read, nowhere, STDERR],
        session: true,
      });
      const startTicks = startTicksOf(libc, pid);
      const path = `${directory}/${NAME}`;
      replaceFile(libc, path, JSON.stringify({ pid, startTicks }));
      return new Caretaker(libc, { pid, pipe: pipe.write, path });
    } finally {
      libc.symbols.close(nowhere);
      libc.symbols.close(pipe.read);
    }
  }

  /** Lets it end: there is nothing to clear up. */
  async dismiss(): Promise<void> {
    writeAll(this.#libc, this.#pipe, new TextEncoder().encode("\n"));
    this.#libc.symbols.close(this.#pipe);
    await waitForExit(this.#libc, this.#pid);
    this.#libc.symbols.unlink(cString(this.#path));
  }
}

/**
 * Takes its work over from a caretaker that is there.
 *
 * @param directory The state directory.
 * @returns A sentence for what is not as it was.
 */
export function giveBackRemains(
  libc: Libc,
  directory: string,
): readonly string[] {
  const path = `${directory}/${NAME}`;
  const { pid, startTicks } = JSON.parse(tryReadText(libc, path) ?? "{}");
  if (pid !== undefined && startTicksOf(libc, pid) === startTicks) {
    libc.symbols.kill(pid, SIGKILL);
  }
  libc.symbols.unlink(cString(path));
  return giveBackTaken(libc, directory);
}

/**
 * What it does when its guard was killed: waits until the job is over, as its
 * steps must not gain by that, and leaves the machine as it was.
 *
 * @returns The exit code.
 */
export async function careForJob(
  context: Context,
  { flags }: Options,
): Promise<number> {
  const { libc } = context;
  const directory = context.stateDirectory(flags);
  const record = readJobRecord(libc, directory);
  if (record === null) return 0;
  const { worker } = record.place;
  while (startTicksOf(libc, worker.pid) === worker.startTicks) {
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  say("The guard was killed; what it has left is taken away now");
  const state = readState(libc, directory);
  if (state !== null && state.stoppedAt === null && !isAlive(libc, state)) {
    clearRemains(libc, directory, { state, netns: null });
  }
  for (const line of giveBackTaken(libc, directory)) say(`Warning: ${line}`);
  removeJobRecord(libc, directory);
  libc.symbols.unlink(cString(`${directory}/${NAME}`));
  // Last: whoever waits for sudo looks for it.
  const socket = jobSocketPath(flags.state);
  libc.symbols.unlink(cString(socket));
  libc.symbols.rmdir(cString(socket.slice(0, socket.lastIndexOf("/"))));
  return 0;
}
