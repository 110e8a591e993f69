/**
 * How a job's guard ends: its journal is judged, a job that is red by that
 * cannot end green, and what is left of it can send no more than before.
 *
 * @module
 */
import type { ActionReply } from "../action/protocol.ts";
import { type Context, say } from "../context.ts";
import type { Policy } from "../decide/policy.ts";
import { AgentError } from "../errors.ts";
import { isRed } from "../job_verdict.ts";
import { lastGuardOf, loadOwnJournal } from "../journal_file.ts";
import type { Journal } from "../record/read.ts";
import { aggregate } from "../report/aggregate.ts";
import type { Session } from "../session.ts";
import { readState } from "../state.ts";
import { readFile } from "../../ffi/files.ts";
import { endReply } from "./end_reply.ts";
import { type JobRecord, removeJobRecord } from "./job_record.ts";
import type { PostStep } from "./post_step.ts";
import type { ProcessId } from "./process_id.ts";
import { failure, reasonOf } from "./reply.ts";
import type { Taken } from "./taken.ts";
import { WorkerHold } from "./worker_hold.ts";

/** An answer is held in memory, by us and by the post step. */
const MAX_UPLOADED_BYTES = 24 << 20;
/** A post step that has not asked by then hangs: the runner may cancel it. */
const ASK_MS = 30_000;
/** What a step did last is on its way to the journal: more than it needs. */
const TOLD_MS = 500;
const UNJUDGED = "What the job did could not be judged";

/** What it ends; all of it is borrowed. */
export interface JobEndOptions {
  readonly session: Session;
  readonly policy: Policy;
  readonly record: JobRecord;
  readonly directory: string;
  readonly post: PostStep;
  readonly taken: Taken;
}

interface Verdict {
  readonly isRed: boolean;
  readonly reply: ActionReply;
}

/** Ends once, whoever asks. */
export class JobEnd {
  readonly #context: Context;
  readonly #options: JobEndOptions;
  readonly #worker: WorkerHold;
  #verdict: Promise<Verdict> | null = null;
  #held: Promise<void> | null = null;
  #attended: Promise<void> | null = null;

  /** @param context Lent. */
  constructor(context: Context, options: JobEndOptions) {
    this.#context = context;
    this.#options = options;
    this.#worker = new WorkerHold(context.libc, options.record.place.worker);
  }

  /**
   * Notes that somebody asked for the end who must not.
   *
   * @param asker Null for one that has ended since.
   */
  noteIntruder(asker: ProcessId | null): void {
    const who = asker === null
      ? "A process that is gone"
      : `Process ${asker.pid}`;
    this.#note(
      `${who} has asked for the end of the guard, and is not the runner's ` +
        "post step: it was refused.",
    );
  }

  /** Notes that the guard has failed at something, and goes on. */
  noteFailure(why: string): void {
    say(why);
    this.#note(why);
  }

  /**
   * Holds the worker from the start of its post step: one that ends at once,
   * and well, is judged before the worker can have heard of it.
   */
  postStarted(): void {
    if (this.#verdict !== null) return;
    this.#held ??= this.#worker.hold();
    const timer = setTimeout(() => {
      if (this.#verdict === null) this.#release();
    }, ASK_MS);
    Deno.unrefTimer(timer);
  }

  /**
   * Judges what was so far when something in the post step's place has ended:
   * nobody else may come. The guard goes on, as it may have been no such thing.
   */
  async otherEnded(): Promise<void> {
    if (this.#verdict !== null) return;
    this.#held ??= this.#worker.hold();
    await this.#held;
    await new Promise((resolve) => setTimeout(resolve, TOLD_MS));
    // Whoever judges meanwhile has all of it.
    if (this.#verdict !== null) return;
    if (this.#isRedByNow()) this.#worker.kill();
    else this.#release();
  }

  /**
   * Ends the guard for the post step, which is judged by how it ends itself.
   *
   * @param post Itself.
   */
  async answer(post: ProcessId): Promise<ActionReply> {
    const { isRed, reply } = await this.#end();
    // Before it can know: a step that ends well by whatever means must not be
    // heard of by the worker.
    if (isRed) this.#held ??= this.#worker.hold();
    await this.#held;
    if (isRed) this.#attended ??= this.#worker.attend(post);
    else this.#release();
    this.#options.post.answered();
    return reply;
  }

  /** Ends what is still to be ended; without a post step, by the verdict. */
  async finish(): Promise<void> {
    const { isRed } = await this.#end();
    if (!isRed) this.#release();
    else if (!this.#options.post.hasAsked) this.#worker.kill();
    await this.#attended;
  }

  /** Leaves the machine as it was. */
  async close(): Promise<void> {
    const { session, directory, taken } = this.#options;
    for (const line of await taken.giveBack()) say(`Warning: ${line}`);
    await session.close();
    removeJobRecord(this.#context.libc, directory);
  }

  #end(): Promise<Verdict> {
    this.#verdict ??= this.#judge().catch((error) => this.#unjudged(error));
    return this.#verdict;
  }

  /** A job of which nobody knows what it did must not pass for a good one. */
  #unjudged(error: unknown): Verdict {
    const why = `${UNJUDGED}: ${reasonOf(error)}`;
    this.noteFailure(why);
    const reply = failure("Sluice fails this job", `${why}.`);
    return { isRed: true, reply };
  }

  #isRedByNow(): boolean {
    try {
      return this.#read().isRed;
    } catch (error) {
      return this.#unjudged(error).isRed;
    }
  }

  #release(): void {
    this.#held = null;
    this.#worker.release();
  }

  async #judge(): Promise<Verdict> {
    const { session, policy, record } = this.#options;
    if (needsContainers(record)) await this.#giveBack();
    await session.settle();
    const { bytes, events, problems, summary, isRed } = this.#read();
    const { lost } = session.journal;
    const reply = endReply({
      ...{ summary, events, problems, journal: bytes, policy, record },
      ...{ isRed, lost },
    });
    return { isRed, reply };
  }

  async #giveBack(): Promise<void> {
    for (const line of await this.#options.taken.giveBack()) this.#note(line);
  }

  #note(message: string): void {
    const { journal } = this.#options.session;
    const from = journal.now();
    journal.write({ kind: "agent", event: "impaired", from, message });
  }

  /** What the journal says, and the verdict by that. */
  #read() {
    const { libc } = this.#context;
    const { session, policy, directory } = this.#options;
    let journal: Journal = { events: [], problems: [] };
    let bytes: Uint8Array | null = null;
    let isLost = false;
    try {
      journal = loadOwnJournal(libc, readState(libc, directory)!);
      bytes = readFile(libc, session.journal.path, MAX_UPLOADED_BYTES);
    } catch (error) {
      if (error instanceof AgentError) isLost = true;
      else if (!(error instanceof RangeError)) throw error;
    }
    const { events, problems } = lastGuardOf(journal);
    const summary = aggregate(events, problems);
    const { lost } = session.journal;
    const isTampered = isLost || session.isTampered;
    const verdict = isRed({ summary, lost, isTampered }, policy);
    return { bytes, events, problems, summary, isRed: verdict };
  }
}

/**
 * Whether the runner itself must get at containers again: it removes those of
 * `services:` behind the last step. A hosted machine goes with them.
 */
function needsContainers({ order, isHosted }: JobRecord): boolean {
  return order.containers === "refuse" && !isHosted;
}
