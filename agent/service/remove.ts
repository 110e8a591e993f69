/**
 * `sluice service remove`.
 *
 * @module
 */
import { type Context, say } from "../context.ts";
import { startTicksOf } from "../state.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import { runTool } from "../../ffi/tools.ts";
import { unhookRunners } from "./hooks.ts";
import { listenerPid } from "./listener.ts";
import { HOME, SERVICE_HOME, UNIT, UNIT_FILE } from "./places.ts";
import { readRecord, type ServiceRecord } from "./record.ts";
import { needsNoGuard, needsRoot, serviceError } from "./refusals.ts";
import { mustRun } from "./tool.ts";

const SYSTEMCTL = "/usr/bin/systemctl";
/** <asm/signal.h> */
const SIGTERM = 15;
const END_MS = 10_000;
const POLL_MS = 20;

/**
 * Ends the service and takes away what {@linkcode installService} has made.
 *
 * @returns The exit code.
 * @throws {AgentError} `service_refused` while it guards a job, `not_root`.
 */
export async function removeService(context: Context): Promise<number> {
  const { libc } = context;
  needsRoot(libc, "remove the service");
  const record = readRecord(libc);
  if (record === null) {
    say("It is not installed; nothing is changed");
    return 0;
  }
  needsNoGuard(context, "remove the service");
  if (record.unit) {
    mustRun(libc, [SYSTEMCTL, "disable", "--quiet", "--now", UNIT]);
  }
  await endListener(libc);
  takeAway(libc, record);
  if (record.unit) {
    mustRun(libc, [SYSTEMCTL, "daemon-reload"]);
    say(`Removed "${UNIT_FILE}"`);
  }
  say(`Removed "${SERVICE_HOME}"`);
  return 0;
}

/** Takes back an installation that came to nothing. */
export function abandon(libc: Libc, record: ServiceRecord): void {
  // It may not know of the unit yet: then there is nothing to be disabled.
  if (record.unit) {
    runTool(libc, [SYSTEMCTL, "disable", "--quiet", "--now", UNIT]);
  }
  takeAway(libc, record);
  if (record.unit) runTool(libc, [SYSTEMCTL, "daemon-reload"]);
}

/** Removes the files of a service that does not run. */
function takeAway(libc: Libc, { unit, madeHome }: ServiceRecord): void {
  unhookRunners(libc);
  if (unit) libc.symbols.unlink(cString(UNIT_FILE));
  mustRun(libc, ["/usr/bin/rm", "-r", "--", SERVICE_HOME]);
  // Where something else of ours is in it, it stays.
  if (madeHome) libc.symbols.rmdir(cString(HOME));
}

async function endListener(libc: Libc): Promise<void> {
  const pid = listenerPid(libc);
  if (pid === null) return;
  const startTicks = startTicksOf(libc, pid);
  libc.symbols.kill(pid, SIGTERM);
  const untilMs = performance.now() + END_MS;
  while (startTicks !== null && startTicksOf(libc, pid) === startTicks) {
    if (performance.now() > untilMs) {
      throw serviceError({
        what: "Cannot remove the service",
        why: `process ${pid} does not end`,
        hint: "End it, and run the same command again",
      });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
