/**
 * The machine's own tools, where one that fails ends what is done.
 *
 * @module
 */
import type { Libc } from "../../ffi/libc.ts";
import { runTool } from "../../ffi/tools.ts";
import { serviceError } from "./refusals.ts";

/**
 * Runs one.
 *
 * @param command Its absolute path first.
 * @throws {AgentError} `service_refused` when it does not succeed.
 */
export function mustRun(libc: Libc, command: readonly string[]): void {
  const { code, stderr } = runTool(libc, command);
  if (code === 0) return;
  throw serviceError({
    what: "Cannot change the service",
    why: `"${command.join(" ")}" ended with ${code}: ${stderr.trim()}`,
    hint: "Mend that, and run the same command again",
  });
}
