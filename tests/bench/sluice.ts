/**
 * The product as a user starts it from source.
 *
 * @module
 */
import { type CommandResult, LabProcess } from "../lab/command.ts";
import { ROOT } from "../style/tree.ts";

const TIMEOUT_MS = 120_000;

/**
 * The command line of `deno task sluice …`, from any directory.
 *
 * @param args As a user gives them.
 */
export function sluiceCommand(args: readonly string[]): string[] {
  const config = ["--config", `${ROOT}deno.json`];
  return [Deno.execPath(), "task", "-q", ...config, "sluice", ...args];
}

/**
 * Runs it to its end, outside of any lab.
 *
 * @param args As a user gives them.
 * @throws {Error} When it exits with anything but 0.
 */
export async function runSluice(
  args: readonly string[],
): Promise<CommandResult> {
  await using program = new LabProcess(sluiceCommand(args));
  const result = await program.finished(TIMEOUT_MS);
  if (result.code === 0) return result;
  throw new Error(
    `Cannot run "sluice ${args.join(" ")}": exit code is ${result.code} ` +
      `with "${result.stderr.trim()}", 0 is needed`,
  );
}
