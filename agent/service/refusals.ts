/**
 * Why the service of a machine cannot be changed or run.
 *
 * @module
 */
import type { Context } from "../context.ts";
import { AgentError, type AgentErrorParts } from "../errors.ts";
import { isAlive, readState } from "../state.ts";
import type { Libc } from "../../ffi/libc.ts";

/** @throws {AgentError} `not_root` for anybody else. */
export function needsRoot(libc: Libc, act: string): void {
  if (libc.symbols.geteuid() === 0) return;
  throw new AgentError("not_root", {
    what: `Cannot ${act}`,
    why: "this is not root, root is needed",
    hint: "Run the same command as root",
  });
}

/** The error for a machine that is not as it must be. */
export function serviceError(parts: AgentErrorParts): AgentError {
  return new AgentError("service_refused", parts);
}

/** @throws {AgentError} `service_refused` while a guard runs that it starts. */
export function needsNoGuard(context: Context, act: string): void {
  const { libc } = context;
  const state = readState(libc, context.stateDirectory({}));
  if (state === null || state.stoppedAt !== null) return;
  if (!isAlive(libc, state)) return;
  throw serviceError({
    what: `Cannot ${act}`,
    why: `process ${state.pid} guards this machine`,
    hint: "Wait for that job's end, or run `sluice stop`",
  });
}
