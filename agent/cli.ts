/**
 * The command line: parses, dispatches, and turns errors into exit codes.
 *
 * @module
 */
import { action } from "./action_command.ts";
import { Context } from "./context.ts";
import { AgentError, type AgentErrorCode } from "./errors.ts";
import { HELP } from "./help.ts";
import { careForJob } from "./job/caretaker.ts";
import { jobDaemon } from "./job/job_daemon.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { migrate } from "./migrate_command.ts";
import { check, doctor, explain, recommend, replay, report } from "./papers.ts";
import { escapeTerminal } from "./report/escape.ts";
import { run } from "./run.ts";
import { hook } from "./hook_command.ts";
import { service } from "./service_command.ts";
import { daemon, start } from "./start.ts";
import { step } from "./step.ts";
import { status, stop } from "./stop.ts";
import { exitNow } from "../ffi/exit.ts";

type Command = (context: Context, options: Options) => number | Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  run,
  start,
  daemon,
  action,
  job: jobDaemon,
  caretaker: careForJob,
  stop,
  status,
  step,
  report,
  recommend,
  replay,
  explain,
  check,
  doctor,
  service,
  hook,
  migrate,
};

const CANNOT_ARM_EXIT_CODE = 3;

/** Those that are not {@linkcode CANNOT_ARM_EXIT_CODE}; a command's as in sh(1). */
const EXIT_CODES: Partial<Record<AgentErrorCode, number>> = {
  usage: 2,
  journal_unreadable: 2,
  policy_invalid: 2,
  step_refused: 2,
  command_missing: 127,
  command_unusable: 126,
};

/**
 * Runs one command line.
 *
 * @param args Without the program's own name.
 * @returns The exit code.
 */
export async function main(args: readonly string[]): Promise<number> {
  try {
    const options = parseOptions(args);
    if (options.command === null) {
      console.log(HELP);
      if (options.flags.help) return 0;
      throw usage("no command is given", "Use one of those above");
    }
    using context = new Context();
    return await COMMANDS[options.command]!(context, options);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    const { what, why, hint } = error.parts;
    // Of a policy all problems are told, and what they quote has no line ends.
    const told = `${what}: ${why}`;
    const lines = error.code === "policy_invalid" ? told.split("\n") : [told];
    for (const line of lines) console.error(escapeTerminal(`sluice: ${line}`));
    console.error(escapeTerminal(`  ${hint}`));
    return EXIT_CODES[error.code] ?? CANNOT_ARM_EXIT_CODE;
  }
}

if (import.meta.main) exitNow(await main(Deno.args));
