/**
 * `sluice start`: guards a host, by a daemon in a session of its own.
 *
 * @module
 */
import { type Context, say, sayUnwatched } from "./context.ts";
import { spawnDaemon, tellStarter } from "./daemon_process.ts";
import { prepare } from "./doctor.ts";
import { AgentError } from "./errors.ts";
import { variable } from "./observe/invoker.ts";
import type { Options } from "./options.ts";
import { usage } from "./options.ts";
import { Session } from "./session.ts";
import { makeStateDirectory } from "./state.ts";
import { sayUnknownSources, watchingFor } from "./watching.ts";
import { cString } from "../ffi/text.ts";

/** Of the caller's environment: where Deno has its cache, and who stood where. */
const KEPT = [
  ...["HOME", "DENO_DIR", "XDG_CACHE_HOME", "SLUICE_CWD"],
  // Where the sources are.
  "GITHUB_WORKSPACE",
];

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
  const policy = context.policy(flags);
  const { mayFail, selfTest: _, ...wishes } = context.checkFlags(flags);
  const scope = "host";
  const watching = watchingFor(context, { flags, policy, scope, ...wishes });
  try {
    prepare(context.libc, say);
    makeStateDirectory(context.libc, context.stateDirectory(flags));
    const report = spawnDaemon(context.libc, {
      directory: context.stateDirectory(flags),
      args: Deno.args.with(Deno.args.indexOf("start"), "daemon"),
      environment: KEPT.flatMap((name) => {
        const value = variable(context.environment, name);
        return value === null ? [] : [`${name}=${value}`];
      }),
    });
    if (!report.armed) {
      const { code, what, why, hint } = report;
      throw new AgentError(code, { what, why, hint });
    }
    const milliseconds = Math.round(performance.now() - startedAtMs);
    const { pid, journal, unheard: why } = report;
    if (why !== null || watching === null) {
      sayUnwatched(policy, { why, scope });
    }
    const workspaces = watching?.files?.workspaces ?? [];
    sayUnknownSources(watching);
    const armed = { armed: true, pid, milliseconds, journal, workspaces };
    console.log(JSON.stringify(armed));
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
  const { mayFail: _, selfTest, ...wishes } = context.checkFlags(flags);
  const stop = Promise.withResolvers<void>();
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.addSignalListener(signal, () => stop.resolve());
  }
  let session: Session;
  try {
    const scope = "host";
    const watching = watchingFor(context, { flags, policy, scope, ...wishes });
    const options = { flags, policy, scope, selfTest, watching } as const;
    session = await Session.open(context, options);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const { code, parts } = error;
    tellStarter(context.libc, { armed: false, code, ...parts });
    return 1;
  }
  // Nothing of the caller's stays open: it could be a mount or a pipe.
  context.libc.symbols.chdir(cString("/"));
  const { path: journal } = session.journal;
  const pid = context.libc.symbols.getpid();
  const { unheard } = session.processes;
  const { egress } = policy;
  tellStarter(context.libc, { armed: true, pid, journal, egress, unheard });
  await stop.promise;
  await session.close();
  return 0;
}

function assertNoOperands({ operands, rest }: Options): void {
  const [extra] = [...operands, ...rest ?? []];
  if (extra === undefined) return;
  throw usage(
    `\`sluice start\` takes no ${JSON.stringify(extra)}`,
    "Use `sluice run` to guard one command",
  );
}
