/**
 * `sluice service install`.
 *
 * @module
 */
import { type Context, say } from "../context.ts";
import { prepare } from "../doctor.ts";
import { type Flags, type Options, usage } from "../options.ts";
import { makeDirectories, modeOf, ownership } from "../../ffi/directories.ts";
import { tryReadText, writeFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import {
  COMMAND,
  HOME,
  SERVICE_HOME,
  SYSTEMD_SIGN,
  UNIT,
  UNIT_FILE,
} from "./places.ts";
import { checkHookOrder, type HookOrder, hookRunners } from "./hooks.ts";
import { copyProgram } from "./program_copy.ts";
import { readRecord, writeRecord } from "./record.ts";
import { abandon } from "./remove.ts";
import { needsNoGuard, needsRoot, serviceError } from "./refusals.ts";
import { mustRun } from "./tool.ts";
import { startScript, UNIT_TEXT } from "./unit.ts";

const SYSTEMCTL = "/usr/bin/systemctl";

/**
 * Installs the service, and says each change; a second time brings it to what
 * this program is, and changes nothing when it is that.
 *
 * @returns The exit code.
 * @throws {AgentError} `service_refused`, `not_root`.
 */
export function installService(
  context: Context,
  { flags }: Pick<Options, "flags">,
): number {
  const { libc } = context;
  needsRoot(libc, "install the service");
  needsNoGuard(context, "install the service");
  const order = hookOrderOf(flags);
  const roots = order === null ? [] : checkHookOrder(context, order);
  prepare(libc, say);
  const hasSystemd = modeOf(libc, SYSTEMD_SIGN) !== null;
  const former = readRecord(libc);
  const unit = tryReadText(libc, UNIT_FILE);
  if (former?.unit !== true && unit !== null) {
    throw serviceError({
      what: "Cannot install the service",
      why: `there is a "${UNIT_FILE}" that it has not made`,
      hint: "Look whose that is, and rename it",
    });
  }
  const madeHome = former?.madeHome ?? modeOf(libc, HOME) === null;
  makeOwn(libc);
  const record = { version: 1, madeHome, unit: hasSystemd } as const;
  if (former?.unit !== hasSystemd) writeRecord(libc, record);
  try {
    const isSame = order === null ||
      !hookRunners(context, { policy: order.policy, roots });
    bringUp(context, { hasSystemd, isMade: unit !== UNIT_TEXT, isSame });
  } catch (error) {
    // What was there before goes on with what it has.
    if (former === null) abandon(libc, record);
    throw error;
  }
  return 0;
}

function bringUp(
  context: Context,
  of: {
    readonly hasSystemd: boolean;
    readonly isMade: boolean;
    /** Whether nothing of the hooks has changed. */
    readonly isSame: boolean;
  },
): void {
  const { libc } = context;
  const { hasSystemd, isMade, isSame } = of;
  const { command, isNew } = copyProgram(context);
  const script = startScript(command);
  const isChanged = isNew || tryReadText(libc, COMMAND) !== script;
  if (isChanged) {
    writeFile(libc, COMMAND, script);
    libc.check("chmod", libc.symbols.chmod(cString(COMMAND), 0o755));
    say(`Wrote this program to "${SERVICE_HOME}"`);
  }
  if (hasSystemd) tellSystemd(libc, { isChanged, isMade });
  else if (isChanged) {
    say(
      `systemd does not run here: have the machine's init start ` +
        `"${COMMAND} service run" as root`,
    );
  }
  if (isSame && !isChanged && !(hasSystemd && isMade)) {
    say("It is installed already; nothing is changed");
  }
}

function tellSystemd(
  libc: Libc,
  of: { readonly isChanged: boolean; readonly isMade: boolean },
): void {
  if (of.isMade) {
    writeFile(libc, UNIT_FILE, UNIT_TEXT);
    say(`Wrote "${UNIT_FILE}"`);
    mustRun(libc, [SYSTEMCTL, "daemon-reload"]);
  }
  mustRun(libc, [SYSTEMCTL, "enable", "--quiet", UNIT]);
  const act = of.isChanged || of.isMade ? "restart" : "start";
  mustRun(libc, [SYSTEMCTL, act, UNIT]);
}

/** What the flags say of hooks; null for nothing. */
function hookOrderOf({ policy, runner: runners }: Flags): HookOrder | null {
  if (policy === undefined && runners === undefined) return null;
  if (policy !== undefined && runners !== undefined) return { policy, runners };
  throw usage(
    "--policy and --runner are for each other",
    "Give the policy, and each directory of a runner that it is for",
  );
}

function makeOwn(libc: Libc): void {
  makeDirectories(libc, SERVICE_HOME, 0o755);
  for (const path of [HOME, SERVICE_HOME]) {
    const { uid, isShared } = ownership(libc, path);
    if (uid === 0 && !isShared) continue;
    throw serviceError({
      what: "Cannot install the service",
      why: `others than root can change what is in "${path}"`,
      hint: "Give it back to root, mode 755",
    });
  }
}
