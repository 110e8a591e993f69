/**
 * What a guard wants to hear of, beside packets.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import { fileOrder, type FileWishes } from "./file_order.ts";
import type { Watching } from "./processes/process_keeper.ts";

/** What it depends on. */
export interface WatchWishes extends FileWishes {
  /** Whether `--watch` names processes. */
  readonly processes: boolean;
}

/**
 * Finds out what the process thread is to watch.
 *
 * @returns Null when there is nothing for it to do.
 * @throws {AgentError} `usage` when --workspace names no directory.
 */
export function watchingFor(
  context: Context,
  wishes: WatchWishes,
): Watching | null {
  const { flags, scope, policy, processes } = wishes;
  const { runnerMemory: protectsRunner } = policy.protect;
  const files = fileOrder(context, wishes);
  if (!processes && !protectsRunner && files === null) return null;
  return {
    ...{ scope, protectsRunner, files },
    netns: context.netns(flags),
    stepSocket: context.stepSocket(flags, scope),
  };
}

/** Says that sources are to be watched, and nobody knows where they are. */
export function sayUnknownSources(watching: Watching | null): void {
  if (watching?.files?.workspaces.length !== 0) return;
  say("Warning: no sources are watched: name where they are by --workspace");
}
