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
import { Heart } from "./heart.ts";
import { findHosts, findSearchDomains } from "./observe/resolvers.ts";
import type { Flags } from "./options.ts";
import type { JobReport } from "./processes/job_children.ts";
import type { Watching } from "./processes/process_keeper.ts";
import { ProcessWatch } from "./processes/process_watch.ts";
import { Journal } from "./record/journal.ts";
import { clearDeadRuns, clearHostRemains } from "./remains.ts";
import {
  type GuardState,
  makeStateDirectory,
  ownState,
  removeState,
  STATE_NAME,
  writeState,
} from "./state.ts";

/** What is to be guarded. */
export interface SessionOptions {
  readonly flags: Flags;
  readonly policy: Policy;
  readonly selfTest: boolean;
  /** What is heard of beside packets; null for nothing. */
  readonly watching: Watching | null;
  /** One command gets a cgroup and a state directory of its own. */
  readonly scope: "host" | "command";
  /** Told what becomes of the processes of a job. */
  readonly onJob?: (report: JobReport) => void;
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
  readonly #processes: ProcessWatch;
  #belongings: Belongings | null = null;
  #guard: Guard | null = null;
  #state: GuardState | null = null;
  #heart: Heart | null = null;

  private constructor(
    context: Context,
    options: SessionOptions & { readonly watch: ProcessWatch },
  ) {
    const { libc } = context;
    const { flags, scope } = options;
    this.#context = context;
    this.#options = options;
    this.#processes = options.watch;
    this.#directory = context.sessionDirectory(flags, scope);
    const base = context.stateDirectory(flags);
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
      this.cgroup = scope === "host"
        ? null
        : Cgroup.create(libc, `run-${libc.symbols.getpid()}`);
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
    const { libc } = context;
    // First, as it works while this thread does all the rest.
    const watch = new ProcessWatch(libc, options.watching, options.onJob);
    try {
      prepare(libc, say);
      context.enter(context.netns(options.flags));
      const session = new Session(context, { ...options, watch });
      await session.#armOrDiscard();
      return session;
    } catch (error) {
      await watch.stop();
      throw error;
    }
  }

  /** Whether somebody has changed what guards, so that it was no guard. */
  get isTampered(): boolean {
    return this.#alarm.isRaised;
  }

  /** What is heard of processes, and whether; borrowed. */
  get processes(): ProcessWatch {
    return this.#processes;
  }

  /** Says which process is the guarded command. */
  commandStarted(pid: number): void {
    this.#processes.commandStarted(pid);
  }

  /** Disarms, leaves the machine as it was, and closes the journal. */
  async close(): Promise<void> {
    await this.disarm();
    this.journal[Symbol.dispose]();
  }

  /**
   * Tells the last of it, while packets are judged as before: what comes now
   * is told to nobody.
   */
  async settle(): Promise<void> {
    await this.#belongings?.look();
    await this.#guard?.settle(() => this.#processes.settle());
  }

  /** The same with the journal still open; a second call does nothing. */
  async disarm(): Promise<void> {
    if (this.#guard === null) return;
    this.#heart?.stop();
    await this.#belongings?.look();
    const guard = this.#guard;
    this.#guard = null;
    await guard.disarm(() => this.#processes.stop());
    this.cgroup?.remove();
    this.#heart?.remove();
    const stoppedAt = this.journal.now();
    const { libc } = this.#context;
    if (this.cgroup !== null) removeState(libc, this.#directory);
    else {
      const { unwritten: lost } = this.journal;
      const verdict = { isTampered: this.isTampered, lost };
      const state = { ...this.#state!, stoppedAt, verdict };
      writeState(libc, this.#directory, state);
    }
  }

  async #armOrDiscard(): Promise<void> {
    try {
      await this.#arm();
    } catch (error) {
      this.cgroup?.remove();
      this.#discard();
      throw error;
    }
  }

  async #arm(): Promise<void> {
    const { libc } = this.#context;
    const { flags, policy, selfTest, watching } = this.#options;
    const netns = this.#context.netns(flags);
    this.#guard = await Guard.arm(libc, {
      policy,
      resolvers: this.#context.resolvers(flags),
      hosts: findHosts(libc, netns),
      searched: findSearchDomains(libc, netns),
      netns,
      cgroup: this.cgroup,
      workspaces: watching?.files?.workspaces ?? [],
      watched: this.#processes.hear(),
      journal: this.journal,
      alarm: this.#alarm,
      selfTest,
      beforeRules: (slot, tables) => this.#note(slot, tables),
      onMoved: (slot) => {
        this.#state = { ...this.#state!, slot: slot.number };
        this.#writeState();
      },
    });
    this.#processes.tellTo(this.journal);
    this.#belongings = new Belongings(libc, {
      alarm: this.#alarm,
      journal: this.journal,
      state: {
        path: `${this.#directory}/${STATE_NAME}`,
        write: () => this.#writeState(),
      },
    });
    this.#heart = new Heart(libc, {
      journal: this.journal,
      directory: this.#directory,
      onBeat: (count) => {
        this.#guard?.look();
        if (count % 2 === 0) void this.#belongings?.look();
      },
    });
  }

  #writeState(): void {
    writeState(this.#context.libc, this.#directory, this.#state!);
    this.#belongings?.stateWritten();
  }

  #note(slot: Slot, tables: TablesBefore): void {
    const { libc } = this.#context;
    const { flags, policy: { egress, on } } = this.#options;
    this.#state = ownState(libc, {
      since: this.journal.now(),
      ...{ egress, onDenied: on.denied, onOverwritten: on.overwritten },
      netns: this.#context.netns(flags),
      journal: this.journal.path,
      journalId: this.journal.id,
      slot: slot.number,
      cgroup: this.cgroup?.path ?? null,
      tables,
    });
    this.#writeState();
  }

  #discard(): void {
    this.journal.discardIfEmpty();
    this.journal[Symbol.dispose]();
    removeState(this.#context.libc, this.#directory);
  }
}
