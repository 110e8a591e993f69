/**
 * A guard of a lab's `run` side, as a user starts, asks and stops it.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Event, JudgedEvent } from "../../agent/record/event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { type CommandResult, LabProcess } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait.ts";
import { sluiceArgs } from "./cell.ts";
import { isEnded } from "./leftovers.ts";

/** How a guard is started. */
export interface GuardFlags {
  readonly egress: "audit" | "block";
  readonly allow?: readonly string[];
  readonly deny?: readonly string[];
  /** Passed on as they are. */
  readonly more?: readonly string[];
  /** Default: `state` in the lab's directory. */
  readonly state?: string;
  /** A command that runs the program, such as `unshare`. */
  readonly before?: readonly string[];
  /** Another form of the program; default: from source, as `deno task` does. */
  readonly program?: string;
}

/** What `sluice status` prints, and `sluice stop` on its last line. */
export interface Status {
  readonly state: "armed" | "stopped" | "lost";
  readonly since: string;
  readonly egress: string;
  readonly pid: number | null;
  readonly journal: string;
  readonly coverage: readonly Interval[];
  readonly lost: readonly Interval[];
  readonly counts: Readonly<
    Record<string, { readonly allow: number; readonly deny: number }>
  >;
}

interface Interval {
  readonly from: string;
  readonly to: string | null;
}

const TIMEOUT_MS = 30_000;
const VERDICTS = new Set(["connection", "dns"]);

/**
 * Runs `sluice` as `deno task` does, which is one start of Deno less.
 *
 * @param args Its arguments.
 * @param before A command that runs it, such as `unshare`.
 */
export async function sluice(
  args: readonly string[],
  before: readonly string[] = [],
): Promise<CommandResult> {
  return await runProgram([...before, ...sluiceArgs(), ...args], {
    DENO_NO_UPDATE_CHECK: "1",
    SLUICE_CWD: Deno.cwd(),
  });
}

async function runProgram(
  words: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<CommandResult> {
  await using program = new LabProcess(words, {
    env: { NO_COLOR: "1", ...env },
  });
  return await program.finished(TIMEOUT_MS);
}

/** The arguments that start a guard. */
export function startArgs(lab: Lab, flags: GuardFlags): string[] {
  return [
    ...["start", "--netns", lab.netnsPath("run")],
    ...["--state", stateOf(lab, flags), "--egress", flags.egress],
    ...(flags.allow ?? []).flatMap((entry) => ["--allow", entry]),
    ...(flags.deny ?? []).flatMap((entry) => ["--deny", entry]),
    ...flags.more ?? [],
  ];
}

/** One armed guard; it ends with its lab at the latest. */
export class Guarding {
  readonly #state: string;
  readonly #run: (args: readonly string[]) => Promise<CommandResult>;
  /** What `sluice start` printed. */
  readonly started: {
    readonly armed: boolean;
    readonly pid: number;
    readonly milliseconds: number;
    readonly journal: string;
    readonly workspaces: readonly string[];
  };

  private constructor(
    started: Guarding["started"],
    { state, run }: {
      state: string;
      run: (args: readonly string[]) => Promise<CommandResult>;
    },
  ) {
    this.#state = state;
    this.#run = run;
    this.started = started;
  }

  /**
   * Arms a guard.
   *
   * @param lab Must be one with a watchdog.
   * @param flags Policy and the rest.
   * @throws {assert.AssertionError} When it cannot be armed.
   */
  static async arm(lab: Lab, flags: GuardFlags): Promise<Guarding> {
    const state = stateOf(lab, flags);
    // By what stands in its arguments: an agent that was still starting is in
    // no namespace of the lab's, and a pid could be somebody else's by then.
    await lab.onCleanup(
      `for file in $(grep -alsF '${state}' /proc/[0-9]*/cmdline); do ` +
        `pid=\${file#/proc/}; kill -9 "\${pid%/cmdline}" 2>/dev/null; done; :`,
    );
    const { before = [], program } = flags;
    const run = (args: readonly string[]) =>
      program === undefined
        ? sluice(args, before)
        : runProgram([...before, program, ...args]);
    const { code, stdout, stderr } = await run(startArgs(lab, flags));
    assert.equal(code, 0, stderr);
    return new Guarding(JSON.parse(stdout), { state, run });
  }

  /** Asks for the guard's status. */
  async status(): Promise<Status> {
    const { code, stdout, stderr } = await this.#ask("status");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  /** Stops the guard; `said` is the report for a person. */
  async stop(): Promise<Status & { readonly said: string }> {
    const { code, stdout, stderr } = await this.#ask("stop");
    assert.equal(code, 0, stderr);
    return { ...JSON.parse(stdout), said: stderr };
  }

  /**
   * Kills the agent with -9 and waits until it is gone.
   *
   * @returns Seconds since 1970 from which there is no agent.
   */
  async kill(): Promise<number> {
    const { pid } = this.started;
    Deno.kill(pid, "SIGKILL");
    await waitUntil(() => isEnded(pid), { what: "the end of the agent" });
    return Date.now() / 1000;
  }

  /** The journal as it is now, which must be one without problems. */
  async events(): Promise<readonly Event[]> {
    const text = await Deno.readTextFile(this.started.journal);
    const { events, problems } = readJournal(text);
    assert.deepEqual(problems, []);
    return events;
  }

  /**
   * Waits for events, which leave the agent in batches.
   *
   * @param what Fields that an event must have.
   * @param count How many such events are waited for.
   * @returns All such events.
   */
  async waitFor(
    what: Readonly<Record<string, unknown>>,
    count = 1,
  ): Promise<Judged[]> {
    let found: Judged[] = [];
    await waitUntil(async () => {
      const events = await this.events();
      found = events.filter((event) => hasFields(event, what)) as Judged[];
      return found.length >= count;
    }, { what: `${count} events with ${JSON.stringify(what)}` });
    return found;
  }

  /** Every verdict in the journal. */
  async verdicts(): Promise<Judged[]> {
    const events = await this.events();
    return events.filter(({ kind }) => VERDICTS.has(kind)) as Judged[];
  }

  async #ask(act: "status" | "stop"): Promise<CommandResult> {
    return await this.#run([act, "--state", this.#state]);
  }
}

/** An event about a connection or a DNS query. */
export type Judged = JudgedEvent;

function stateOf(lab: Lab, { state }: GuardFlags): string {
  return state ?? `${lab.directory}/state`;
}

function hasFields(value: unknown, wanted: unknown): boolean {
  if (typeof wanted !== "object" || wanted === null) return value === wanted;
  return typeof value === "object" && value !== null &&
    Object.entries(wanted).every(([key, field]) =>
      hasFields((value as Record<string, unknown>)[key], field)
    );
}
