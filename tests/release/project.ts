/**
 * What deno.json says that a released program must say too.
 *
 * @module
 */
import { AGENT_TASK, readCommands } from "../style/permissions.ts";
import { ROOT } from "../style/tree.ts";

/** The version that is released. */
export function projectVersion(): string {
  return readConfig().version;
}

/** The options of the task that runs the agent: there, they stand once. */
export function agentOptions(): readonly string[] {
  const [command] = readCommands(readConfig().tasks[AGENT_TASK]!);
  return command!.options;
}

function readConfig(): { version: string; tasks: Record<string, string> } {
  return JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`));
}
