/**
 * `sluice stop` and `sluice status`.
 *
 * @module
 */
import { type Context, say } from "./context.ts";
import { AgentError } from "./errors.ts";
import { removeJobRecord } from "./job/job_record.ts";
import { giveBackRemains } from "./job/caretaker.ts";
import { FOUND_EXIT_CODE, isRed } from "./job_verdict.ts";
import { lastGuardOf, loadOwnJournal } from "./journal_file.ts";
import type { Options } from "./options.ts";
import type { Event } from "./record/event.ts";
import type { Journal } from "./record/read.ts";
import { removeStepSocket, stepSocketPath } from "./processes/step_place.ts";
import { clearRemains, lastSign, tryEvents } from "./remains.ts";
import { aggregate, countsOf } from "./report/aggregate.ts";
import { coverageOf } from "./report/coverage.ts";
import { renderTerminal } from "./report/terminal.ts";
import { type GuardState, isAlive, readState } from "./state.ts";
import { canAccess } from "../ffi/files.ts";

/** <asm/signal.h> */
const SIGTERM = 15;
/** <asm/signal.h> */
const SIGCONT = 18;
/** iptables waits 5 s for its lock, for each family. */
const STOP_TIMEOUT_MS = 30_000;
const POLL_MS = 10;
const COLUMNS = 100;

/**
 * Disarms the host's guard, or clears up after one that was killed; says what
 * it did.
 *
 * @returns 0, or 4 when the policy makes the job fail.
 * @throws {AgentError} `not_running` when no guard was armed.
 */
export async function stop(
  context: Context,
  options: Options,
): Promise<number> {
  const { libc } = context;
  const directory = context.stateDirectory(options.flags);
  const state = readState(libc, directory);
  if (state === null || state.stoppedAt !== null) {
    throw new AgentError("not_running", {
      what: "Cannot stop the guard",
      why: `none is armed according to "${directory}"`,
      hint: "Name the state directory that `sluice start` was given, " +
        "with --state",
    });
  }
  if (libc.symbols.geteuid() !== 0) {
    throw new AgentError("not_root", {
      what: "Cannot stop the guard",
      why: "this is not root, root is needed",
      hint: "Run the same command with sudo",
    });
  }
  if (isAlive(libc, state)) await end(context, state);
  const after = readState(libc, directory)!;
  if (after.stoppedAt === null) {
    say("The agent had been killed; its rules are taken away now");
    // With the namespace gone, so are its rules.
    const isThere = after.netns !== null && canAccess(libc, after.netns);
    const netns = isThere ? after.netns : null;
    context.enter(netns);
    clearRemains(libc, directory, { state: after, netns });
    for (const line of giveBackRemains(libc, directory)) {
      say(`Warning: ${line}`);
    }
    removeJobRecord(libc, directory);
  }
  removeStepSocket(libc, stepSocketPath(directory));
  const stopped = readState(libc, directory)!;
  return tellEnd(context, directory, stopped);
}

/** Prints status and report; the exit code is the job's verdict. */
function tellEnd(
  context: Context,
  directory: string,
  state: GuardState,
): number {
  let journal: Journal = { events: [], problems: [] };
  let isLost = false;
  try {
    journal = loadOwnJournal(context.libc, state);
  } catch (error) {
    if (!(error instanceof AgentError)) throw error;
    say(error.message);
    isLost = true;
  }
  const { egress, onDenied, onOverwritten = "warn", verdict } = state;
  console.log(
    JSON.stringify(describe(context, directory, { state, ...journal })),
  );
  const { events, problems } = lastGuardOf(journal);
  const summary = aggregate(events, problems);
  console.error(
    renderTerminal(summary, { columns: COLUMNS, color: false, egress }),
  );
  const lost = verdict?.lost ?? 0;
  if (lost > 0) say(`Warning: ${lost} events could not be written`);
  const isTampered = isLost || (verdict?.isTampered ?? false);
  const on = { denied: onDenied, overwritten: onOverwritten };
  return isRed({ summary, lost, isTampered }, { egress, on })
    ? FOUND_EXIT_CODE
    : 0;
}

/** Prints the state of the host's guard as one line of JSON. */
export function status(context: Context, options: Options): number {
  const directory = context.stateDirectory(options.flags);
  const state = readState(context.libc, directory);
  console.log(
    JSON.stringify(
      state === null
        ? { state: "stopped", since: null, coverage: [], counts: {} }
        : describe(context, directory, {
          state,
          events: tryEvents(context.libc, state) ?? [],
        }),
    ),
  );
  return 0;
}

/** Asks the agent to end, and waits until it has. */
async function end(context: Context, state: GuardState): Promise<void> {
  const { libc } = context;
  libc.symbols.kill(state.pid, SIGTERM);
  // One that is stopped hears it only then.
  libc.symbols.kill(state.pid, SIGCONT);
  const until = performance.now() + STOP_TIMEOUT_MS;
  while (isAlive(libc, state)) {
    if (performance.now() > until) {
      throw new AgentError("not_running", {
        what: `Cannot stop the agent, process ${state.pid}`,
        why: "it does not end when asked to",
        hint: `Run \`kill -9 ${state.pid}\`, then \`sluice stop\` again`,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}

function describe(
  context: Context,
  directory: string,
  of: { readonly state: GuardState; readonly events: readonly Event[] },
) {
  const { state, events } = of;
  const name = state.stoppedAt !== null
    ? "stopped"
    : isAlive(context.libc, state)
    ? "armed"
    : "lost";
  const { coverage, lost } = name === "lost"
    ? coverageUntil(events, lastSign(context.libc, directory, state))
    : coverageOf(events);
  return {
    state: name,
    since: state.since,
    egress: state.egress,
    pid: name === "armed" ? state.pid : null,
    journal: state.journal,
    coverage,
    lost,
    tampered: events.some((event) =>
      event.kind === "agent" && event.event === "tampered" && !event.held
    ),
    counts: countsOf(events),
  };
}

/** Of a killed agent, whose journal cannot say when that was. */
function coverageUntil(events: readonly Event[], end: string) {
  const { coverage, lost } = coverageOf(events);
  const open = { from: end, to: null };
  return {
    coverage: coverage.map((interval) => ({
      ...interval,
      to: interval.to ?? end,
    })),
    lost: [...lost.filter(({ to }) => to !== null), open],
  };
}
