/**
 * A guard of a lab's `run` side, as a user starts, asks and stops it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import type { Event } from "../../agent/record/event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { type CommandResult, LabProcess } from "../lab/command.ts";
import type { Lab } from "../lab/lab.ts";
import { waitUntil } from "../lab/wait.ts";

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

const PROJECT = fileURLToPath(new URL("../..", import.meta.url));
const TIMEOUT_MS = 30_000;
const VERDICTS = new Set(["connection", "dns"]);

/**
 * Runs `sluice` as `deno task` does.
 *
 * @param args Its arguments.
 * @param before A command that runs it, such as `unshare`.
 */
export async function sluice(
  args: readonly string[],
  before: readonly string[] = [],
): Promise<CommandResult> {
  const task = ["task", "--quiet", "--cwd", PROJECT, "sluice"];
  await using program = new LabProcess(
    [...before, Deno.execPath(), ...task, ...args],
    { env: { NO_COLOR: "1" } },
  );
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
  readonly #before: readonly string[];
  /** What `sluice start` printed. */
  readonly started: {
    readonly armed: boolean;
    readonly pid: number;
    readonly milliseconds: number;
    readonly journal: string;
  };

  private constructor(
    started: Guarding["started"],
    { state, before }: { state: string; before: readonly string[] },
  ) {
    this.#state = state;
    this.#before = before;
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
    const { before = [] } = flags;
    const { code, stdout, stderr } = await sluice(
      startArgs(lab, flags),
      before,
    );
    assert.equal(code, 0, stderr);
    return new Guarding(JSON.parse(stdout), { state, before });
  }

  /** Asks for the guard's status. */
  async status(): Promise<Status> {
    const { code, stdout, stderr } = await this.#run("status");
    assert.equal(code, 0, stderr);
    return JSON.parse(stdout);
  }

  /** Stops the guard; `said` is the report for a person. */
  async stop(): Promise<Status & { readonly said: string }> {
    const { code, stdout, stderr } = await this.#run("stop");
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
    await waitUntil(async () => !await isRunning(pid), {
      what: "the end of the agent",
    });
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

  async #run(act: "status" | "stop"): Promise<CommandResult> {
    return await sluice([act, "--state", this.#state], this.#before);
  }
}

/** An event about a connection or a DNS query. */
export type Judged = Exclude<Event, { kind: "agent" }>;

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

/** A process whose first thread has ended may still be closing its sockets. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    const status = await Deno.readTextFile(`/proc/${pid}/status`);
    const threads = [...Deno.readDirSync(`/proc/${pid}/task`)].length;
    return threads > 1 || !/^State:\s+Z/m.test(status);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    // ESRCH: it ended between open and read.
    if (error instanceof Error && /os error 3\b/.test(error.message)) {
      return false;
    }
    throw error;
  }
}
