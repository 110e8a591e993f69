/**
 * `sluice run`: guards one command.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import type { Policy } from "./decide/policy.ts";
import { type Command, findProgram, startCommand } from "./enforce/command.ts";
import { commandEnvironment } from "./enforce/environment.ts";
import { AgentError } from "./errors.ts";
import { findInvoker, type Invoker, variable } from "./observe/invoker.ts";
import { lastGuardOf, loadJournal } from "./journal_file.ts";
import { type Options, usage } from "./options.ts";
import { aggregate, type Summary } from "./report/aggregate.ts";
import { renderTerminal } from "./report/terminal.ts";
import { Session } from "./session.ts";
import { readLink } from "../ffi/files.ts";
import { waitForExit } from "../ffi/spawn.ts";

const DENIED_EXIT_CODE = 4;
const DEFAULT_COLUMNS = 100;

/** <asm/signal.h>; those that a caller sends to end or to tell something. */
const FORWARDED = {
  SIGHUP: 1,
  SIGINT: 2,
  SIGQUIT: 3,
  SIGUSR1: 10,
  SIGUSR2: 12,
  SIGTERM: 15,
} as const;
/** The terminal sends these to the whole process group, the command with it. */
const FROM_TERMINAL: ReadonlySet<string> = new Set(["SIGINT", "SIGQUIT"]);

/**
 * Runs a command under guard.
 *
 * @returns Its exit code, or 4 when it is 0 and the policy makes the job fail.
 * @throws {AgentError} When it cannot be guarded: then it was not started.
 */
export async function run(context: Context, options: Options): Promise<number> {
  const { flags } = options;
  const args = readCommand(options);
  const policy = context.policy(flags);
  const { selfTest, mayFail } = context.checkFlags(flags);
  const invoker = findInvoker(context.libc, context.environment);
  const command = buildCommand(context, { args, invoker });
  findProgram(context.libc, command);

  let session: Session;
  try {
    const scope = "command";
    session = await Session.open(context, { flags, policy, selfTest, scope });
  } catch (error) {
    if (!mayFail || !(error instanceof AgentError)) throw error;
    say(error.message);
    say("NOT GUARDED: the command runs all the same, as --on-failure asks");
    const pid = startCommand(context.libc, command, null);
    return await attend(context, pid);
  }
  try {
    const pid = startCommand(context.libc, command, session.cgroup);
    const code = await attend(context, pid);
    endStragglers(context, { session, policy });
    return await finish(context, { session, policy, code, invoker });
  } catch (error) {
    await session.close();
    throw error;
  }
}

function readCommand({ operands, rest }: Options): readonly string[] {
  if (operands.length > 0) {
    throw usage(
      `${JSON.stringify(operands[0])} stands in front of \`--\``,
      "Write `sluice run [flags] -- COMMAND [arguments]`",
    );
  }
  if (rest !== null && rest.length > 0) return rest;
  throw usage(
    "no command is given",
    "Write `sluice run [flags] -- COMMAND [arguments]`",
  );
}

function buildCommand(
  context: Context,
  of: { args: readonly string[]; invoker: Invoker },
): Command {
  const behindSudo = variable(context.environment, "SUDO_UID") !== null;
  const user = behindSudo ? of.invoker : null;
  return {
    args: of.args,
    environment: commandEnvironment(context.environment, user),
    directory: context.directory,
    user: user?.uid === 0 ? null : user,
  };
}

/** Waits for the command; signals meant for it reach it. */
async function attend(context: Context, pid: number): Promise<number> {
  const { libc } = context;
  const isTerminal = Deno.stdin.isTerminal();
  const names = Object.keys(FORWARDED) as (keyof typeof FORWARDED)[];
  const listeners = names.map((name) => {
    const forward = () => {
      if (isTerminal && FROM_TERMINAL.has(name)) return;
      libc.symbols.kill(pid, FORWARDED[name]);
    };
    Deno.addSignalListener(name, forward);
    return () => Deno.removeSignalListener(name, forward);
  });
  try {
    return await waitForExit(libc, pid);
  } finally {
    for (const remove of listeners) remove();
  }
}

/** Nothing may outlive its guard: in block mode it ends with it. */
function endStragglers(
  context: Context,
  of: { session: Session; policy: Policy },
): void {
  const cgroup = of.session.cgroup!;
  const left = cgroup.processes();
  if (left.length === 0) return;
  const names = left.slice(0, 5).map((pid) =>
    `${pid} (${readLink(context.libc, `/proc/${pid}/exe`) ?? "ended"})`
  ).join(", ");
  const more = left.length > 5 ? ` and ${left.length - 5} more` : "";
  if (of.policy.egress === "block") {
    say(`Ended what the command left behind: ${names}${more}`);
    cgroup.kill();
  } else {
    say(`No longer watched, still running: ${names}${more}`);
    cgroup.release();
  }
}

async function finish(
  context: Context,
  of: { session: Session; policy: Policy; code: number; invoker: Invoker },
): Promise<number> {
  const { session, policy, code, invoker } = of;
  session.journal.giveTo(invoker);
  const { path } = session.journal;
  await session.close();
  const journal = lastGuardOf(loadJournal(context.libc, path));
  const summary = aggregate(journal.events, journal.problems);
  showSummary(context, { summary, policy, path });
  const refused = summary.rows.some(({ decision, enforced }) =>
    decision === "deny" && enforced
  );
  return code === 0 && refused && policy.on.denied === "fail"
    ? DENIED_EXIT_CODE
    : code;
}

function showSummary(
  context: Context,
  of: { summary: Summary; policy: Policy; path: string },
): void {
  const isTerminal = Deno.stderr.isTerminal();
  const noColor = variable(context.environment, "NO_COLOR");
  const text = renderTerminal(of.summary, {
    columns: isTerminal ? Deno.consoleSize().columns : DEFAULT_COLUMNS,
    color: isTerminal && (noColor === null || noColor === ""),
    egress: of.policy.egress,
  });
  console.error(`\n${text}Journal: ${of.path}`);
}
