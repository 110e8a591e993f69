/**
 * What an agent that was killed has left behind, taken away.
 *
 * @module
 */
import { say } from "./context.ts";
import { Cgroup } from "./enforce/cgroup.ts";
import { Firewall } from "./enforce/firewall.ts";
import { SLOT_COUNT, slotOf } from "./enforce/marks.ts";
import { AgentError } from "./errors.ts";
import { clearAuditRemains } from "./observe/audit_rules.ts";
import { readQueues } from "./observe/queues.ts";
import { loadOwnJournal, notOurs } from "./journal_file.ts";
import { clearStepSocket, stepSocketPath } from "./processes/step_place.ts";
import type { Event } from "./record/event.ts";
import { Journal } from "./record/journal.ts";
import { WallClock } from "./record/line.ts";
import {
  type GuardState,
  isAlive,
  readState,
  removeState,
  writeState,
} from "./state.ts";
import { readDirectory } from "../ffi/directories.ts";
import { SystemCallError } from "../ffi/errors.ts";
import { canAccess, tryReadText } from "../ffi/files.ts";
import type { Libc } from "../ffi/libc.ts";
import { cString } from "../ffi/text.ts";

const KEPT_RUNS = 10;

/** The file whose age says when an agent was last alive. */
export const HEARTBEAT_NAME = "heartbeat";

/**
 * Takes away the rules and the cgroup of a guard whose agent is gone, and
 * writes into its journal from when to when nobody watched.
 *
 * The calling thread must be in the guard's network namespace, unless that is
 * gone. Rules that a live guard has taken over are left to it.
 *
 * @param options `netns`: the namespace that this thread is in, null for the
 * process's own.
 * @returns The state as it is now.
 */
export function clearRemains(
  libc: Libc,
  directory: string,
  options: { readonly state: GuardState; readonly netns: string | null },
): GuardState {
  const { state, netns } = options;
  const { cgroup: path, tables } = state;
  const slot = slotOf(state.slot);
  const cgroup = path === null ? null : new Cgroup(libc, path);
  // Before the rules go: what is left must not run on without them.
  if (state.egress === "block") cgroup?.kill();
  if (state.netns === netns && !isTakenOver(libc, state)) {
    new Firewall(libc).remove({ slot, cgroup: path }, tables);
  }
  cgroup?.release();
  cgroup?.remove();
  clearAudit(libc);
  clearStepSocket(libc, stepSocketPath(directory));
  const now = new WallClock().format();
  try {
    noteEnd(libc, { directory, state, now });
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    // A journal that is gone must not keep the next guard from arming.
    say(`Warning: ${error.message}`);
  }
  const stopped = { ...state, stoppedAt: now };
  libc.symbols.unlink(cString(`${directory}/${HEARTBEAT_NAME}`));
  writeState(libc, directory, stopped);
  return stopped;
}

/** Whether a live guard has rules of the same names in this namespace. */
function isTakenOver(libc: Libc, { cgroup, slot }: GuardState): boolean {
  const bound = boundSlots(libc);
  return cgroup === null ? bound.size > 0 : bound.has(slot);
}

/** The slots whose queue somebody answers. */
function boundSlots(libc: Libc): ReadonlySet<number> {
  const bound = new Set(readQueues(libc)?.map((queue) => queue.number));
  const numbers = Array.from({ length: SLOT_COUNT }, (_, number) => number);
  return new Set(
    numbers.filter((number) => bound.has(slotOf(number).flowQueue)),
  );
}

function noteEnd(
  libc: Libc,
  of: { directory: string; state: GuardState; now: string },
): void {
  const { directory, state, now } = of;
  using journal = new Journal(libc, state.journal);
  if (journal.id !== state.journalId) throw notOurs(state.journal);
  journal.write({
    kind: "agent",
    event: "coverage_lost",
    from: lastSign(libc, directory, state),
    to: now,
    message: "the agent ended without disarming" +
      (state.egress === "block" ? "; egress stayed closed" : ""),
  });
  journal.write({
    kind: "agent",
    event: "stopped",
    from: state.since,
    to: now,
  });
}

/**
 * Makes room for a guard of the whole host.
 *
 * @param directory The state directory of that guard.
 * @param netns The network namespace that this thread is in, null for the
 * process's own.
 * @throws {AgentError} `already_guarded` when another one is armed.
 */
export function clearHostRemains(
  libc: Libc,
  directory: string,
  netns: string | null,
): void {
  const state = readState(libc, directory);
  if (state !== null && state.stoppedAt === null) {
    if (isAlive(libc, state)) throw alreadyGuarded(state.pid);
    if (state.netns !== netns && isThere(libc, state.netns)) {
      throw new AgentError("already_guarded", {
        what: "Cannot arm a guard over the remains of another",
        why: "those are in the network namespace " +
          JSON.stringify(state.netns ?? "of the host"),
        hint: "Run `sluice stop` with the same --state first",
      });
    }
    clearRemains(libc, directory, { state, netns });
  }
  clearOrphans(libc);
}

/** A guard's rules of audit are found by their key, without its state. */
function clearAudit(libc: Libc): void {
  try {
    clearAuditRemains(libc);
  } catch (error) {
    // A kernel without audit has none of them.
    if (!(error instanceof SystemCallError)) throw error;
  }
}

function isThere(libc: Libc, netns: string | null): boolean {
  return netns === null || canAccess(libc, netns);
}

/**
 * Clears the remains of all commands that were guarded with the same state
 * directory; those in another network namespace that is still there are left.
 *
 * @param netns The network namespace that this thread is in, null for the
 * process's own.
 * @throws {AgentError} `already_guarded` when the host itself is guarded: its
 * rules and a command's would answer the same packets.
 */
export function clearDeadRuns(
  libc: Libc,
  directory: string,
  netns: string | null,
): void {
  clearOrphans(libc);
  const finished: string[] = [];
  for (const name of readDirectory(libc, directory) ?? []) {
    if (!name.startsWith("run-")) continue;
    const own = `${directory}/${name}`;
    const state = readState(libc, own);
    if (state !== null && isAlive(libc, state)) continue;
    // Once only: a live guard may have taken the slot by the next time.
    if (state?.stoppedAt === null) {
      if (state.netns !== netns && isThere(libc, state.netns)) continue;
      clearRemains(libc, own, { state, netns });
    }
    if (state !== null) removeState(libc, own);
    clearStepSocket(libc, stepSocketPath(own));
    finished.push(own);
  }
  // Journals of commands are kept for `sluice report`, but not for ever: the
  // directory is in memory on most machines.
  finished.sort((left, right) => pidOf(left) - pidOf(right));
  for (const own of finished.slice(0, -KEPT_RUNS)) {
    libc.symbols.unlink(cString(`${own}/journal.ndjson`));
    removeState(libc, own);
  }
}

/** Rules of a host's guard whose state is lost, with nobody on its queue. */
function clearOrphans(libc: Libc): void {
  clearAudit(libc);
  const firewall = new Firewall(libc);
  if (!firewall.isApplied(null)) return;
  if (boundSlots(libc).size > 0) throw alreadyGuarded(null);
  // Whose slot it was is lost as well: its marks end with their connections.
  firewall.remove({ slot: slotOf(0), cgroup: null }, firewall.tables());
}

function alreadyGuarded(pid: number | null): AgentError {
  return new AgentError("already_guarded", {
    what: "Cannot arm a second guard",
    why: pid === null
      ? "this network namespace is guarded already"
      : `process ${pid} is guarding already`,
    hint: "Run `sluice stop` with the same --state first",
  });
}

function pidOf(directory: string): number {
  return Number(directory.slice(directory.lastIndexOf("-") + 1));
}

/** What a guard has written; null when its journal is not there any more. */
export function tryEvents(
  libc: Libc,
  state: GuardState,
): readonly Event[] | null {
  try {
    return loadOwnJournal(libc, state).events;
  } catch (error) {
    if (error instanceof AgentError) return null;
    throw error;
  }
}

/** The latest time at which the agent is known to have been alive. */
export function lastSign(
  libc: Libc,
  directory: string,
  state: GuardState,
): string {
  const beat = tryReadText(libc, `${directory}/${HEARTBEAT_NAME}`);
  const events = tryEvents(libc, state) ?? [];
  const event = events.at(-1)?.time ?? state.since;
  return beat !== null && beat > event ? beat : event;
}
