/**
 * A guard's daemon as a process: started in a session of its own, it says once
 * whether it is armed.
 *
 * @module
 */
import type { AgentErrorCode } from "./errors.ts";
import { O, openFile, readFile, readLink, writeAll } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { spawn } from "../ffi/spawn.ts";
import { cString, fromBytes } from "../ffi/text.ts";
import { openNull, openPipe } from "../ffi/tools.ts";

/** What a daemon says on its standard output, once. */
export type DaemonReport =
  | {
    readonly armed: true;
    readonly pid: number;
    readonly journal: string;
    readonly egress: "audit" | "block";
    /** Why nothing is heard of processes, though it should be. */
    readonly unheard: string | null;
  }
  | {
    readonly armed: false;
    readonly code: AgentErrorCode;
    readonly what: string;
    readonly why: string;
    readonly hint: string;
  };

/** What is to be started. */
export interface DaemonOrder {
  /** Its state directory, which is there. */
  readonly directory: string;
  /** Its command line, without the program's own name. */
  readonly args: readonly string[];
  /** Of its environment what is not the same for all, `NAME=value` each. */
  readonly environment: readonly string[];
}

/**
 * Starts this program again, with the same permissions, and waits until it has
 * said how that went.
 */
export function spawnDaemon(libc: Libc, order: DaemonOrder): DaemonReport {
  const { directory, args, environment } = order;
  const answer = openPipe(libc);
  const input = openNull(libc);
  const logPath = `${directory}/agent.log`;
  // Appended to: a start that is refused must not empty the other guard's log.
  const log = openFile(libc, logPath, {
    flags: O.WRONLY | O.CREAT | O.APPEND | O.NOFOLLOW,
  });
  try {
    spawn(libc, {
      path: readLink(libc, "/proc/self/exe")!,
      args: [...ownProgram(libc), ...args],
      environment: daemonEnvironment(environment),
      stdio: [input, answer.write, log],
      session: true,
    });
  } finally {
    libc.symbols.close(answer.write);
    libc.symbols.close(input);
    libc.symbols.close(log);
  }
  const said = readLine(libc, answer.read);
  libc.symbols.close(answer.read);
  const lines = fromBytes(readFile(libc, logPath)).trim();
  const report: DaemonReport | null = said === "" ? null : JSON.parse(said);
  if (report?.armed !== true && lines === "") {
    libc.symbols.unlink(cString(logPath));
    libc.symbols.rmdir(cString(directory));
  }
  if (report !== null) return report;
  return {
    armed: false,
    code: "internal",
    what: "Cannot start the agent",
    why: `it ended early, saying ${JSON.stringify(lines.slice(-400))}`,
    hint: "Run `sluice doctor`",
  };
}

/**
 * The whole environment of what we start beside us.
 *
 * @param kept `NAME=value` pairs that are not the same for all.
 */
export function daemonEnvironment(kept: readonly string[]): string[] {
  return [
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL=C.UTF-8",
    "NO_COLOR=1",
    // Deno would look for its own releases, past its permissions.
    "DENO_NO_UPDATE_CHECK=1",
    ...kept,
  ];
}

/** Says, as the daemon, how it went; nobody listens any more after that. */
export function tellStarter(libc: Libc, report: DaemonReport): void {
  const STDOUT = 1;
  const line = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
  writeAll(libc, STDOUT, line);
  // Closed by replacing it: a later file would else get number 1, and be
  // written to by whatever still prints.
  const nowhere = openNull(libc);
  libc.symbols.dup2(nowhere, STDOUT);
  libc.symbols.close(nowhere);
}

/** The command line that runs us, up to our own arguments. */
export function ownProgram(libc: Libc): string[] {
  const own = fromBytes(readFile(libc, "/proc/self/cmdline")).split("\0");
  own.pop();
  return own.slice(0, own.length - Deno.args.length);
}

function readLine(libc: Libc, fd: number): string {
  let line = "";
  const buffer = new Uint8Array(4096);
  while (!line.endsWith("\n")) {
    const count = libc.symbols.read(fd, buffer, 4096n);
    if (count <= 0) break;
    line += fromBytes(buffer.subarray(0, count));
  }
  return line.trim();
}
