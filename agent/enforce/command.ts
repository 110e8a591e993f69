/**
 * The guarded command: found, started in its cgroup as its user, waited for.
 *
 * @module
 */
import { AgentError } from "../errors.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import { canAccess } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { spawn } from "../../ffi/spawn.ts";
import type { Cgroup } from "./cgroup.ts";

const X_OK = 1; // <unistd.h>
const SETPRIV = "/usr/bin/setpriv"; // util-linux, essential in Debian
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** What to run, and as whom. */
export interface Command {
  /** The argument vector as it was given. */
  readonly args: readonly string[];
  /** `NAME=value` each. */
  readonly environment: readonly string[];
  readonly directory: string;
  /** Null leaves the user as it is. */
  readonly user: { readonly uid: number; readonly gid: number } | null;
}

/**
 * Finds the program a command names, as execvp(3) would.
 *
 * @returns Its absolute path.
 * @throws {AgentError} `command_missing`, or `command_unusable` when it is
 * there and cannot be run.
 */
export function findProgram(libc: Libc, command: Command): string {
  const name = command.args[0]!;
  const path = command.environment.find((pair) => pair.startsWith("PATH="));
  const directories = name.includes("/")
    ? [""]
    : name === ""
    ? []
    : (path?.slice("PATH=".length) ?? DEFAULT_PATH).split(":");
  const found = directories.map((directory) =>
    resolvePath(directory === "" ? name : `${directory}/${name}`, command)
  ).filter((candidate) => canAccess(libc, candidate));
  const usable = found.find((candidate) =>
    canAccess(libc, candidate, X_OK) && readDirectory(libc, candidate) === null
  );
  if (usable !== undefined) return usable;
  throw new AgentError(
    found.length === 0 ? "command_missing" : "command_unusable",
    {
      what: `Cannot run ${JSON.stringify(name)}`,
      why: found.length === 0
        ? "no such program is found, one is needed"
        : `${JSON.stringify(found[0])} is not executable`,
      hint: "Check the spelling, and that its directory is in the PATH that " +
        "sudo hands on",
    },
  );
}

/**
 * Starts the command, with our own standard input, output and
 * error, in our own process group: terminal and signals are as without us.
 *
 * @param cgroup Where it is to live; null leaves it unguarded.
 * @returns Its process id.
 * @throws {AgentError} `command_unusable`.
 */
export function startCommand(
  libc: Libc,
  command: Command,
  cgroup: Cgroup | null,
): number {
  const { args, environment, directory, user } = command;
  const program = findProgram(libc, command);
  const vector = user === null ? args : [
    SETPRIV,
    `--reuid=${user.uid}`,
    `--regid=${user.gid}`,
    "--init-groups",
    "--",
    program,
    ...args.slice(1),
  ];
  const path = user === null ? program : SETPRIV;
  try {
    const start = () =>
      spawn(libc, { path, args: vector, environment, directory });
    return cgroup === null ? start() : cgroup.runInside(start);
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    throw new AgentError("command_unusable", {
      what: `Cannot run ${JSON.stringify(args[0])}`,
      why: error.message,
      hint: `Check that it starts in ${JSON.stringify(directory)} without us`,
      cause: error,
    });
  }
}

function resolvePath(path: string, command: Command): string {
  return path.startsWith("/") ? path : `${command.directory}/${path}`;
}
