/**
 * The command line: parses, dispatches, and turns errors into exit codes.
 *
 * @module
 */
import { Context } from "./context.ts";
import { AgentError, type AgentErrorCode } from "./errors.ts";
import { HELP } from "./help.ts";
import { type Options, parseOptions, usage } from "./options.ts";
import { check, doctor, explain, report } from "./papers.ts";
import { escapeTerminal } from "./report/escape.ts";
import { run } from "./run.ts";
import { daemon, start } from "./start.ts";
import { status, stop } from "./stop.ts";

type Command = (context: Context, options: Options) => number | Promise<number>;

const COMMANDS: Readonly<Record<string, Command>> = {
  run,
  start,
  daemon,
  stop,
  status,
  report,
  explain,
  check,
  doctor,
};

const CANNOT_ARM_EXIT_CODE = 3;

/** Those that are not {@linkcode CANNOT_ARM_EXIT_CODE}; a command's as in sh(1). */
const EXIT_CODES: Partial<Record<AgentErrorCode, number>> = {
  usage: 2,
  journal_unreadable: 2,
  policy_invalid: 2,
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
    console.error(escapeTerminal(`sluice: ${what}: ${why}`));
    console.error(escapeTerminal(`  ${hint}`));
    return EXIT_CODES[error.code] ?? CANNOT_ARM_EXIT_CODE;
  }
}

if (import.meta.main) Deno.exit(await main(Deno.args));
