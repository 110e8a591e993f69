/**
 * `sluice run`: guards one command.
 *
 * @module
 */
import { type Context, say, sayUnwatched } from "./context.ts";
import type { Policy } from "./decide/policy.ts";
import type { Cgroup } from "./enforce/cgroup.ts";
import { type Command, findProgram, startCommand } from "./enforce/command.ts";
import { commandEnvironment } from "./enforce/environment.ts";
import { AgentError } from "./errors.ts";
import { findInvoker, type Invoker, variable } from "./observe/invoker.ts";
import { FOUND_EXIT_CODE, isRed } from "./job_verdict.ts";
import { lastGuardOf, loadJournal } from "./journal_file.ts";
import { type Options, usage } from "./options.ts";
import { STEPS_VARIABLE } from "./processes/step_place.ts";
import { aggregate, type Summary } from "./report/aggregate.ts";
import { renderTerminal } from "./report/terminal.ts";
import { Session } from "./session.ts";
import { SignalRelay } from "./signals.ts";
import { readLink } from "../ffi/files.ts";
import { sayUnknownSources, watchingFor } from "./watching.ts";
import { waitForExit } from "../ffi/spawn.ts";

/** As shells report a death by signal: this and its number. */
const FIRST_SIGNAL_EXIT_CODE = 128;
const DEFAULT_COLUMNS = 100;

/**
 * Runs a command under guard.
 *
 * @returns Its exit code, or 4 when it is 0 and the policy makes the job fail, or
 * somebody has tampered with the guard in block mode.
 * @throws {AgentError} When it cannot be guarded: then it was not started.
 */
export async function run(context: Context, options: Options): Promise<number> {
  const { flags } = options;
  const args = readCommand(options);
  const policy = context.policy(flags);
  const { mayFail, selfTest, ...wishes } = context.checkFlags(flags);
  const invoker = findInvoker(context.libc, context.environment);
  const command = buildCommand(context, { args, invoker });
  findProgram(context.libc, command);
  const scope = "command";
  const watching = watchingFor(context, { flags, policy, scope, ...wishes });
  const isAsked = flags.watch !== undefined || policy.on.overwritten === "fail";
  if (isAsked) sayUnknownSources(watching);

  using signals = new SignalRelay(context.libc);
  const start = (cgroup: Cgroup | null, more: readonly string[] = []) => {
    const environment = [...command.environment, ...more];
    const started = { ...command, environment };
    return signals.inherit(() => startCommand(context.libc, started, cgroup));
  };
  const attend = (pid: number) => {
    signals.relayTo(pid);
    return waitForExit(context.libc, pid);
  };
  let session: Session;
  try {
    const options = { flags, policy, scope, selfTest, watching } as const;
    session = await Session.open(context, options);
  } catch (error) {
    if (!mayFail || !(error instanceof AgentError)) throw error;
    say(error.message);
    say("NOT GUARDED: the command runs all the same, as --on-failure asks");
    const pid = start(null);
    return await attend(pid);
  }
  try {
    const signal = await signals.early();
    if (signal !== null) {
      await session.close();
      say("Told to end before the command was started");
      return FIRST_SIGNAL_EXIT_CODE + signal;
    }
    const { unheard: why } = session.processes;
    if (why !== null || watching === null) {
      sayUnwatched(policy, { why, scope });
    }
    const place = context.stepSocket(flags, scope);
    const pid = start(session.cgroup, [`${STEPS_VARIABLE}=${place}`]);
    session.commandStarted(pid);
    const code = await attend(pid);
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
  const { path, ownPath } = session.journal;
  await session.disarm();
  // Not by its name: the command may have put another file there.
  const journal = lastGuardOf(loadJournal(context.libc, ownPath));
  session.journal.giveTo(invoker);
  await session.close();
  const { lost } = session.journal;
  const summary = aggregate(journal.events, journal.problems);
  showSummary(context, { summary, policy, path });
  if (lost > 0) {
    say(`Warning: ${lost} events are missing above, "${path}" took no more`);
  }
  const { isTampered } = session;
  if (code !== 0 || !isRed({ summary, lost, isTampered }, policy)) return code;
  return FOUND_EXIT_CODE;
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
