/**
 * Takes the runner's user its ways to root for as long as a job lasts.
 *
 * @module
 */
import {
  applyLockdown,
  restoreLockdown,
  verifyLockdown,
} from "../enforce/lockdown/lockdown.ts";
import type {
  LockdownOrder,
  LockdownRecord,
} from "../enforce/lockdown/lockdown_record.ts";
import { AgentError } from "../errors.ts";
import { replaceFile, tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";
import type { JobRecord } from "./job_record.ts";

/** In the state directory; it holds nothing that outlives a restart. */
const NAME = "lockdown.json";
const SHOWN_WAYS = 5;

/** What a job's order asks to be taken; null for nothing. */
export function lockdownOrder(
  { place: { uid }, order }: Pick<JobRecord, "place" | "order">,
): LockdownOrder | null {
  const containers = order.containers === "refuse";
  if (!order.disableSudo && !containers) return null;
  return { uid, sudo: order.disableSudo, containers };
}

/**
 * Applies it, and tries whether it holds.
 *
 * @param directory The state directory, where each change is noted first.
 * @throws {AgentError} `lockdown_failed`, with everything undone.
 */
export function lockDown(
  libc: Libc,
  directory: string,
  order: LockdownOrder,
): void {
  if (order.uid === 0) {
    throw failed("the runner itself runs as root", {
      hint: "Let the runner run as a user of its own, or leave sudo as it is",
    });
  }
  const path = `${directory}/${NAME}`;
  const keep = (record: LockdownRecord) =>
    replaceFile(libc, path, JSON.stringify(record));
  try {
    applyLockdown(libc, order, keep);
    const ways = verifyLockdown(libc, order);
    if (ways.length === 0) return;
    const more = ways.length - SHOWN_WAYS;
    const shown = ways.slice(0, SHOWN_WAYS).join("; ") +
      (more > 0 ? `; and ${more} more` : "");
    throw failed(`the runner's user can still become root: ${shown}`, {
      hint: "Close that way on this machine, or leave `disable-sudo` out",
    });
  } catch (error) {
    unlock(libc, directory);
    throw error;
  }
}

/**
 * Gives back what was taken, also by an agent that was killed.
 *
 * @returns A sentence for each change that is not undone as it was.
 */
export function unlock(libc: Libc, directory: string): readonly string[] {
  const path = `${directory}/${NAME}`;
  const text = tryReadText(libc, path);
  if (text === null) return [];
  let record: LockdownRecord;
  try {
    record = JSON.parse(text);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return [`What was taken from the runner's user is not known: "${path}"`];
  }
  const left = restoreLockdown(libc, record);
  libc.symbols.unlink(cString(path));
  return left;
}

function failed(why: string, { hint }: { readonly hint: string }): AgentError {
  const what = "Cannot take sudo from this job";
  return new AgentError("lockdown_failed", { what, why, hint });
}
