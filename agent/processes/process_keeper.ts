/**
 * Keeps processes watched: a thread that has ended is followed by another.
 *
 * The guard of the network goes on meanwhile: it needs the thread for the names
 * of steps only.
 *
 * @module
 */
import type { Journal } from "../record/journal.ts";
import type { SharedProcesses } from "../thread_messages.ts";
import type { JobReport } from "./job_children.ts";
import { type Heard, ProcessHandle } from "./process_handle.ts";
import { type ProcessOrder, SHARED } from "./process_messages.ts";
import { StepBoard } from "./step_board.ts";
import { canOpenMore, duplicate, O, openFile } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";
import { WakeUp } from "../../ffi/wake_up.ts";

/** What a thread and the runtime around it open, and some more. */
const NEEDED_DESCRIPTORS = 64;
/** Between two tries; the first is made at once. */
const RETRY_MS = 1_000;
/** A thread that ends sooner than this is followed after a pause. */
const STEADY_MS = 10_000;

/** Which processes are told of. */
export type Watching = Pick<
  ProcessOrder,
  "scope" | "netns" | "protectsRunner" | "stepSocket" | "files" | "job"
>;

/** Starts with a thread, until it is stopped. */
export class ProcessKeeper {
  readonly #libc: Libc;
  readonly #order: Omit<ProcessOrder, "stopFd">;
  readonly #stopping: WakeUp;
  readonly #homeFd: number;
  readonly #onJob: (report: JobReport) => void;
  #thread: ProcessHandle;
  #startedAtMs = performance.now();
  #journal: Journal | null = null;
  /** What came before there was a journal that begins. */
  #early: (readonly string[])[] = [];
  #recovery: Promise<void> | null = null;
  #settled: Promise<void> | null = null;
  /** Of what other threads may ask: the thread that has made it may end. */
  #sharedFds: number[] = [];

  /**
   * Starts the thread. The kernel tells of processes only in the network
   * namespace that the calling thread must be in by now.
   *
   * @param libc Must outlive this object.
   * @param watching What for.
   * @param onJob Told what becomes of the job's processes.
   */
  constructor(
    libc: Libc,
    watching: Watching,
    onJob: (report: JobReport) => void = () => {},
  ) {
    this.#libc = libc;
    this.#onJob = onJob;
    this.#stopping = new WakeUp(libc);
    const path = "/proc/thread-self/ns/net";
    this.#homeFd = openFile(libc, path, { flags: O.RDONLY });
    this.#order = {
      agentPid: libc.symbols.getpid(),
      ...watching,
      home: `/proc/self/fd/${this.#homeFd}`,
      steps: StepBoard.create(),
      shared: new SharedArrayBuffer(4 * SHARED.count),
    };
    this.#thread = this.#start();
  }

  /** What it hears by, once it hears; or why it cannot. */
  get ready(): Promise<Heard | string> {
    return this.#thread.ready;
  }

  /** What other threads may ask, until {@linkcode stop}. */
  share({ lineageFd, filesFds }: Heard): SharedProcesses {
    const { steps } = this.#order;
    const program = this.#keep(filesFds?.program ?? null);
    const wanted = this.#keep(filesFds?.wanted ?? null);
    const isListed = program !== null && wanted !== null;
    return {
      lineageFd: this.#keep(lineageFd),
      filesFds: isListed ? { program, wanted } : null,
      steps,
    };
  }

  /** Writes events to a journal, and keeps the thread going. Borrowed. */
  tellTo(journal: Journal): void {
    this.#journal = journal;
    for (const encoded of this.#early) journal.append(encoded);
    this.#early = [];
    this.#follow(this.#thread);
  }

  /** Says which process is the guarded command. */
  setCommand(pid: number): void {
    const shared = new Int32Array(this.#order.shared);
    Atomics.store(shared, SHARED.commandPid, pid);
  }

  /**
   * Ends the thread; its last events are in the journal. What it has shared
   * can be asked, and says nothing of those who come now.
   */
  settle(): Promise<void> {
    return this.#settled ??= this.#settle();
  }

  /** Ends all of it. */
  async stop(): Promise<void> {
    await this.settle();
    for (const fd of this.#sharedFds.splice(0)) this.#libc.symbols.close(fd);
  }

  #keep(fd: number | null): number | null {
    if (fd === null) return null;
    const own = duplicate(this.#libc, fd);
    this.#sharedFds.push(own);
    return own;
  }

  async #settle(): Promise<void> {
    this.#stopping.set();
    await this.#recovery;
    const isWhole = await this.#thread.stop();
    if (!isWhole) this.#noteHeld();
    this.#libc.symbols.close(this.#homeFd);
    this.#stopping[Symbol.dispose]();
  }

  #noteHeld(): void {
    const journal = this.#journal;
    journal?.write({
      kind: "agent",
      event: "coverage_lost",
      what: "processes",
      from: journal.now(),
      message: "the thread that watches processes did not end: what it heard " +
        "last is not told",
    });
  }

  #start(): ProcessHandle {
    this.#startedAtMs = performance.now();
    return new ProcessHandle(this.#libc, {
      order: this.#order,
      onJob: this.#onJob,
      onEvents: (encoded) => {
        if (this.#journal === null) this.#early.push(encoded);
        else this.#journal.append(encoded);
      },
    });
  }

  #follow(thread: ProcessHandle): void {
    thread.lost.then((why) => {
      if (this.#stopping.isSet) return;
      this.#recovery = this.#replace(why);
    });
  }

  async #replace(why: string): Promise<void> {
    const journal = this.#journal!;
    const from = journal.now();
    journal.write({
      kind: "agent",
      event: "coverage_lost",
      what: "processes",
      from,
      message: `processes are not watched: their thread ended: ${why}`,
    });
    const isSteady = performance.now() - this.#startedAtMs > STEADY_MS;
    if (!isSteady) await this.#stopping.orAfter(RETRY_MS);
    while (!this.#stopping.isSet) {
      if (await this.#tryStart()) {
        this.#follow(this.#thread);
        return journal.write({
          kind: "agent",
          event: "coverage_lost",
          what: "processes",
          from,
          to: journal.now(),
          message: "processes are watched again, by a new thread",
        });
      }
      await this.#stopping.orAfter(RETRY_MS);
    }
  }

  async #tryStart(): Promise<boolean> {
    // Without descriptors the runtime would not fail but end the process.
    if (!canOpenMore(this.#libc, NEEDED_DESCRIPTORS)) return false;
    await this.#thread.stop();
    this.#thread = this.#start();
    return typeof await this.#thread.ready !== "string";
  }
}
