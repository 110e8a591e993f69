/**
 * `sluice start`: guards a host, by a daemon in a session of its own.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import { prepare } from "./doctor.ts";
import { AgentError, type AgentErrorCode } from "./errors.ts";
import { variable } from "./observe/invoker.ts";
import type { Options } from "./options.ts";
import { usage } from "./options.ts";
import { Session } from "./session.ts";
import { makeStateDirectory } from "./state.ts";
import { O, openFile, readFile, readLink, writeAll } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { spawn } from "../ffi/spawn.ts";
import { cString, fromBytes } from "../ffi/text.ts";
import { openNull, openPipe } from "../ffi/tools.ts";

/** What the daemon says on its standard output, once. */
type DaemonReport =
  | { readonly armed: true; readonly pid: number; readonly journal: string }
  | {
    readonly armed: false;
    readonly code: AgentErrorCode;
    readonly what: string;
    readonly why: string;
    readonly hint: string;
  };

/** Of the caller's environment: where Deno has its cache, and nothing else. */
const KEPT = ["HOME", "DENO_DIR", "XDG_CACHE_HOME", "SLUICE_CWD"];

/**
 * Starts the daemon and waits until it is armed.
 *
 * @returns The exit code.
 * @throws {AgentError} When it cannot be armed, with nothing left behind.
 */
export function start(context: Context, options: Options): number {
  const startedAtMs = performance.now();
  const { flags } = options;
  assertNoOperands(options);
  context.policy(flags);
  const { mayFail } = context.checkFlags(flags);
  try {
    prepare(context.libc, say);
    makeStateDirectory(context.libc, context.stateDirectory(flags));
    const report = spawnDaemon(context, options);
    if (!report.armed) {
      const { code, what, why, hint } = report;
      throw new AgentError(code, { what, why, hint });
    }
    const milliseconds = Math.round(performance.now() - startedAtMs);
    const { pid, journal } = report;
    console.log(JSON.stringify({ armed: true, pid, milliseconds, journal }));
  } catch (error) {
    if (!mayFail || !(error instanceof AgentError)) throw error;
    say(error.message);
    say("NOT GUARDED: going on all the same, as --on-failure asks");
    console.log(JSON.stringify({ armed: false, code: error.code }));
  }
  return 0;
}

/**
 * The daemon itself: arms, says so, and guards until it is told to stop.
 *
 * @returns The exit code.
 */
export async function daemon(
  context: Context,
  options: Options,
): Promise<number> {
  const { flags } = options;
  const policy = context.policy(flags);
  const { selfTest } = context.checkFlags(flags);
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop.resolve());
  }
  let session: Session;
  try {
    const scope = "host";
    session = await Session.open(context, { flags, policy, selfTest, scope });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    tell(context.libc, { armed: false, code: error.code, ...error.parts });
    return 1;
  }
  // Nothing of the caller's stays open: it could be a mount or a pipe.
  context.libc.symbols.chdir(cString("/"));
  const { path: journal } = session.journal;
  const pid = context.libc.symbols.getpid();
  tell(context.libc, { armed: true, pid, journal });
  await stop.promise;
  await session.close();
  return 0;
}

function spawnDaemon(context: Context, options: Options): DaemonReport {
  const { libc } = context;
  const directory = context.stateDirectory(options.flags);
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
      args: daemonArguments(libc),
      environment: [
        "PATH=/usr/sbin:/usr/bin:/sbin:/bin",
        "LC_ALL=C.UTF-8",
        "NO_COLOR=1",
        // Deno would look for its own releases, past its permissions.
        "DENO_NO_UPDATE_CHECK=1",
        ...KEPT.flatMap((name) => {
          const value = variable(context.environment, name);
          return value === null ? [] : [`${name}=${value}`];
        }),
      ],
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

/** Our own command line with the same permissions, as `daemon`. */
function daemonArguments(libc: Libc): string[] {
  const own = fromBytes(readFile(libc, "/proc/self/cmdline")).split("\0");
  own.pop();
  const program = own.slice(0, own.length - Deno.args.length);
  const at = Deno.args.indexOf("start");
  return [...program, ...Deno.args.with(at, "daemon")];
}

function tell(libc: Libc, report: DaemonReport): void {
  const STDOUT = 1;
  const line = new TextEncoder().encode(`${JSON.stringify(report)}\n`);
  writeAll(libc, STDOUT, line);
  // Closed by replacing it: a later file would else get number 1, and be
  // written to by whatever still prints.
  const nowhere = openNull(libc);
  libc.symbols.dup2(nowhere, STDOUT);
  libc.symbols.close(nowhere);
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

function assertNoOperands({ operands, rest }: Options): void {
  const [extra] = [...operands, ...rest ?? []];
  if (extra === undefined) return;
  throw usage(
    `\`sluice start\` takes no ${JSON.stringify(extra)}`,
    "Use `sluice run` to guard one command",
  );
}
