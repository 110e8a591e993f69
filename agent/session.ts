/**
 * A guard with all that it keeps on disk: state, heartbeat, journal, cgroup.
 *
 * @module
 */
import { Alarm } from "./alarm.ts";
import { Belongings } from "./belongings.ts";
import { type Context, say } from "./context.ts";
import type { Policy } from "./decide/policy.ts";
import { prepare } from "./doctor.ts";
import { Cgroup } from "./enforce/cgroup.ts";
import type { TablesBefore } from "./enforce/firewall.ts";
import type { Slot } from "./enforce/marks.ts";
import { Guard } from "./guard.ts";
import { findHosts, findSearchDomains } from "./observe/resolvers.ts";
import type { Flags } from "./options.ts";
import { Journal } from "./record/journal.ts";
import { clearDeadRuns, clearHostRemains, HEARTBEAT_NAME } from "./remains.ts";
import {
  type GuardState,
  makeStateDirectory,
  removeState,
  startTicksOf,
  STATE_NAME,
  writeState,
} from "./state.ts";
import { replaceFile } from "../ffi/files.ts";
import { cString } from "../ffi/text.ts";

/** How often the agent leaves a sign of life. */
const HEARTBEAT_MS = 500;
/** Between two of them, but for who was stopped. */
const MAX_PAUSE_MS = 2_000;

/** What is to be guarded. */
export interface SessionOptions {
  readonly flags: Flags;
  readonly policy: Policy;
  readonly selfTest: boolean;
  /** One command gets a cgroup and a state directory of its own. */
  readonly scope: "host" | "command";
}

/** Open from {@linkcode Session.open} until {@linkcode Session.close}. */
export class Session {
  readonly #context: Context;
  readonly #options: SessionOptions;
  readonly #directory: string;
  /** Borrowed by whoever starts a command in it; null for a host. */
  readonly cgroup: Cgroup | null;
  readonly journal: Journal;
  readonly #alarm: Alarm;
  #belongings: Belongings | null = null;
  #lastBeat = { atMs: 0, time: "", count: 0 };
  #guard: Guard | null = null;
  #state: GuardState | null = null;
  #heart: ReturnType<typeof setInterval> | undefined;

  private constructor(context: Context, options: SessionOptions) {
    const { libc } = context;
    const { flags, scope } = options;
    this.#context = context;
    this.#options = options;
    const base = context.stateDirectory(flags);
    const name = `run-${libc.symbols.getpid()}`;
    this.#directory = scope === "host" ? base : `${base}/${name}`;
    makeStateDirectory(libc, base);
    const netns = context.netns(flags);
    if (scope === "host") clearHostRemains(libc, base, netns);
    else clearDeadRuns(libc, base, netns);
    makeStateDirectory(libc, this.#directory);
    try {
      this.journal = new Journal(
        libc,
        flags.journal === undefined
          ? `${this.#directory}/journal.ndjson`
          : context.resolve(flags.journal),
      );
    } catch (error) {
      if (scope === "command") removeState(libc, this.#directory);
      throw error;
    }
    this.#alarm = new Alarm(this.journal);
    try {
      this.cgroup = scope === "host" ? null : Cgroup.create(libc, name);
    } catch (error) {
      this.#discard();
      throw error;
    }
  }

  /**
   * Arms a guard. This thread moves into the network namespace for good.
   *
   * @throws {AgentError} With nothing left behind.
   */
  static async open(
    context: Context,
    options: SessionOptions,
  ): Promise<Session> {
    const { flags } = options;
    prepare(context.libc, say);
    context.enter(context.netns(flags));
    const session = new Session(context, options);
    try {
      await session.#arm();
    } catch (error) {
      session.cgroup?.remove();
      session.#discard();
      throw error;
    }
    return session;
  }

  /** Where state and, by default, journal are. */
  get directory(): string {
    return this.#directory;
  }

  /** Whether somebody has changed what guards, so that it was no guard. */
  get isTampered(): boolean {
    return this.#alarm.isRaised;
  }

  /** Disarms, leaves the machine as it was, and closes the journal. */
  async close(): Promise<void> {
    await this.disarm();
    this.journal[Symbol.dispose]();
  }

  /** The same with the journal still open; a second call does nothing. */
  async disarm(): Promise<void> {
    if (this.#guard === null) return;
    const { libc } = this.#context;
    clearInterval(this.#heart);
    await this.#belongings?.look();
    const guard = this.#guard;
    this.#guard = null;
    await guard.disarm();
    this.cgroup?.remove();
    libc.symbols.unlink(cString(`${this.#directory}/${HEARTBEAT_NAME}`));
    const stoppedAt = this.journal.now();
    if (this.cgroup !== null) removeState(libc, this.#directory);
    else {
      const { unwritten: lost } = this.journal;
      const verdict = { isTampered: this.isTampered, lost };
      const state = { ...this.#state!, stoppedAt, verdict };
      writeState(libc, this.#directory, state);
    }
  }

  async #arm(): Promise<void> {
    const { libc } = this.#context;
    const { flags, policy, selfTest } = this.#options;
    const netns = this.#context.netns(flags);
    this.#guard = await Guard.arm(libc, {
      policy,
      resolvers: this.#context.resolvers(flags),
      hosts: findHosts(libc, netns),
      searched: findSearchDomains(libc, netns),
      netns,
      cgroup: this.cgroup,
      journal: this.journal,
      alarm: this.#alarm,
      selfTest,
      beforeRules: (slot, tables) => this.#note(slot, tables),
      onMoved: (slot) => {
        this.#state = { ...this.#state!, slot: slot.number };
        this.#writeState();
      },
    });
    this.#belongings = new Belongings(libc, {
      alarm: this.#alarm,
      journal: this.journal,
      state: {
        path: `${this.#directory}/${STATE_NAME}`,
        write: () => this.#writeState(),
      },
    });
    this.#beat();
    this.#heart = setInterval(() => this.#beat(), HEARTBEAT_MS);
  }

  #writeState(): void {
    writeState(this.#context.libc, this.#directory, this.#state!);
    this.#belongings?.stateWritten();
  }

  #note(slot: Slot, tables: TablesBefore): void {
    const { libc } = this.#context;
    const { flags, policy } = this.#options;
    const pid = libc.symbols.getpid();
    this.#state = {
      version: 1,
      pid,
      startTicks: startTicksOf(libc, pid)!,
      since: this.journal.now(),
      stoppedAt: null,
      egress: policy.egress,
      onDenied: policy.on.denied,
      netns: this.#context.netns(flags),
      journal: this.journal.path,
      journalId: this.journal.id,
      slot: slot.number,
      cgroup: this.cgroup?.path ?? null,
      tables,
    };
    this.#writeState();
  }

  #beat(): void {
    if (this.#guard === null) return;
    this.#notePause();
    const path = `${this.#directory}/${HEARTBEAT_NAME}`;
    try {
      replaceFile(this.#context.libc, path, this.journal.now());
    } catch {
      // A full disk: the journal's last event is the sign of life then.
    }
    this.#guard.look();
    if (this.#lastBeat.count % 2 === 0) void this.#belongings?.look();
    this.journal.flush();
  }

  /** Whoever was stopped has let no packet by, but has not judged any either. */
  #notePause(): void {
    const { atMs, time, count } = this.#lastBeat;
    const now = this.journal.now();
    const nowMs = performance.now();
    this.#lastBeat = { atMs: nowMs, time: now, count: count + 1 };
    if (count === 0 || nowMs - atMs < MAX_PAUSE_MS) return;
    this.journal.write({
      kind: "agent",
      event: "impaired",
      from: time,
      to: now,
      message: `The agent did not run for ${Math.round(nowMs - atMs)} ms; ` +
        "packets waited for it in the kernel, and none left unseen.",
    });
  }

  #discard(): void {
    this.journal.discardIfEmpty();
    this.journal[Symbol.dispose]();
    removeState(this.#context.libc, this.#directory);
  }
}
