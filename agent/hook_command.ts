/**
 * `sluice hook`: what the hooks of a runner start, as the runner's user.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import { type Options, usage } from "./options.ts";
import { askAsHook } from "./service/hook_client.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { O, openFile, writeAll } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";

/**
 * Asks for the guard of a job, or for its end, and shows the answer.
 *
 * @returns The exit code of the hook.
 * @throws {AgentError} `usage`.
 */
export function hook(
  { libc }: Context,
  { operands: [stage], rest }: Options,
): number {
  if (stage !== "started" && stage !== "completed") {
    const why = `\`sluice hook\` is for ${JSON.stringify(stage)}`;
    throw usage(why, "Leave it to the runner's hooks to start this");
  }
  const [workspace = "", temporary = "", summary = ""] = rest ?? [];
  const environment = { GITHUB_WORKSPACE: workspace, RUNNER_TEMP: temporary };
  const reply = askAsHook(libc, { stage, environment });
  // Whole lines of the agent's, which has escaped them.
  for (const line of reply.lines) console.log(line);
  if (reply.summary !== null && summary !== "") {
    append(libc, summary, reply.summary);
  }
  return reply.exitCode;
}

function append(libc: Libc, path: string, text: string): void {
  try {
    const fd = openFile(libc, path, { flags: O.WRONLY | O.APPEND });
    try {
      writeAll(libc, fd, new TextEncoder().encode(text));
    } finally {
      libc.symbols.close(fd);
    }
  } catch (error) {
    // The verdict does not hang on what a step has done to this file.
    if (!(error instanceof SystemCallError)) throw error;
    say(`Cannot write the summary: ${error.message}`);
  }
}
