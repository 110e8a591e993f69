/**
 * Keeps a packet thread going: one that has ended, or has lost its queues, is
 * followed by another.
 *
 * In block mode the rules refuse everything meanwhile.
 *
 * @module
 */
import type { Alarm } from "./alarm.ts";
import type { Slot } from "./enforce/marks.ts";
import { AgentError } from "./errors.ts";
import { readQueues } from "./observe/queues.ts";
import type { ChangerField } from "./record/event.ts";
import { ThreadHandle, type ThreadOptions } from "./thread_handle.ts";
import { SystemCallError } from "../ffi/errors.ts";
import type { Libc } from "../ffi/libc.ts";
import { canOpenMore, readLink } from "../ffi/files.ts";
import { WakeUp } from "../ffi/wake_up.ts";

/** What a packet thread and the runtime around it open, and some more. */
const NEEDED_DESCRIPTORS = 64;
/** Between two tries; the first is made at once. */
const RETRY_MS = 1_000;
/** A thread that ends sooner than this is followed after a pause. */
const STEADY_MS = 10_000;

/** What it works with. */
export interface KeeperOptions extends ThreadOptions {
  /** Borrowed. */
  readonly alarm: Alarm;
  /** The queues are others now, and the rules must lead to them. */
  readonly onMoved: (from: Slot) => void;
}

/** A packet thread, from {@linkcode ThreadKeeper.start} until it is stopped. */
export class ThreadKeeper {
  readonly #libc: Libc;
  readonly #options: KeeperOptions;
  readonly #stopping: WakeUp;
  #thread: ThreadHandle;
  /** By queue number, the netlink port of our own socket. */
  #ports: ReadonlyMap<number, number> = new Map();
  #dropped = 0;
  #checkedAt: string;
  #startedAtMs = performance.now();
  #packets = 0;
  #recovery: Promise<void> | null = null;
  #isEnded = false;

  private constructor(
    libc: Libc,
    { options, thread }: { options: KeeperOptions; thread: ThreadHandle },
  ) {
    this.#libc = libc;
    this.#options = options;
    this.#stopping = new WakeUp(libc);
    this.#thread = thread;
    this.#checkedAt = options.journal.now();
    this.#adopt(thread);
  }

  /**
   * Starts the thread and waits until it has bound its queues.
   *
   * @param libc Must outlive the thread.
   * @throws {AgentError} `queue_unavailable`, `internal`.
   */
  static async start(
    libc: Libc,
    options: KeeperOptions,
  ): Promise<ThreadKeeper> {
    const thread = await ThreadHandle.start(libc, { options, slot: null });
    return new ThreadKeeper(libc, { options, thread });
  }

  /** What the thread has bound, or had when it ended. */
  get slot(): Slot {
    return this.#thread.slot;
  }

  /** A name that the thread always refuses, for the self-test. */
  get probeName(): string {
    return this.#thread.probeName;
  }

  /**
   * Looks at the queues: whether they are ours, and what the kernel dropped
   * because too many packets waited. In block mode those were lost, and nobody
   * has seen what they were.
   */
  check(): void {
    const bound = this.#recovery === null ? readQueues(this.#libc) : null;
    if (bound === null) return;
    const own = bound.filter(({ number }) => this.#ports.has(number));
    const isOurs = own.length === this.#ports.size &&
      own.every(({ number, portId }) => this.#ports.get(number) === portId);
    if (!isOurs) {
      const foreign = own.find(({ number, portId }) =>
        this.#ports.get(number) !== portId
      );
      return this.#recover({
        from: this.#checkedAt,
        why: null,
        takenBy: foreign?.portId ?? null,
      });
    }
    const dropped = own.reduce((sum, queue) => sum + queue.dropped, 0);
    const { journal } = this.#options;
    const now = journal.now();
    if (dropped > this.#dropped) {
      journal.write({
        kind: "agent",
        event: "coverage_lost",
        from: this.#checkedAt,
        to: now,
        message: `${dropped - this.#dropped} packets came faster than they ` +
          "could be judged, and were dropped by the kernel",
      });
    }
    this.#dropped = dropped;
    this.#checkedAt = now;
  }

  /**
   * Has the thread tell all that it knows; it goes on.
   *
   * @returns How many packets were answered so far.
   */
  async tell(): Promise<number> {
    await this.#recovery;
    return this.#packets + (this.#isEnded ? 0 : await this.#thread.tell());
  }

  /**
   * Ends the thread; its last events are in the journal.
   *
   * @returns How many packets were answered.
   */
  async stop(): Promise<number> {
    this.#stopping.set();
    await this.#recovery;
    if (!this.#isEnded) this.#packets += await this.#thread.stop();
    this.#stopping[Symbol.dispose]();
    return this.#packets;
  }

  #adopt(thread: ThreadHandle): void {
    this.#thread = thread;
    this.#isEnded = false;
    this.#startedAtMs = performance.now();
    this.#dropped = 0;
    const { flowQueue, dnsQueue } = thread.slot;
    this.#ports = new Map(
      (readQueues(this.#libc) ?? [])
        .filter(({ number }) => number === flowQueue || number === dnsQueue)
        .map(({ number, portId }) => [number, portId]),
    );
    thread.lost.then((why) => {
      if (this.#thread !== thread || this.#stopping.isSet) return;
      const from = this.#options.journal.now();
      this.#recover({ from, why, takenBy: null });
    });
  }

  /** @param loss `why` the thread ended; null when its queues are lost. */
  #recover(
    loss: { from: string; why: string | null; takenBy: number | null },
  ): void {
    const { from, why, takenBy } = loss;
    const { journal, alarm } = this.#options;
    if (why === null) {
      alarm.raise({
        what: "queue",
        from,
        by: this.#holderOf(takenBy),
        message: takenBy === null
          ? "The packet queues were taken from the agent"
          : "Somebody else answers the packets of this guard",
      });
    } else {
      journal.write({
        kind: "agent",
        event: "coverage_lost",
        from,
        message: `the packet thread ended: ${why}`,
      });
    }
    this.#recovery = this.#replace(from).finally(() => this.#recovery = null);
  }

  /** A process's first netlink port has its pid; others tell nothing. */
  #holderOf(portId: number | null): ChangerField | null {
    const exe = portId === null
      ? null
      : readLink(this.#libc, `/proc/${portId}/exe`);
    return exe === null ? null : { pid: portId!, name: null, exe };
  }

  async #replace(from: string): Promise<void> {
    const { journal, onMoved } = this.#options;
    const before = this.#thread.slot;
    this.#packets += await this.#thread.stop();
    this.#isEnded = true;
    const isSteady = performance.now() - this.#startedAtMs > STEADY_MS;
    if (!isSteady) await this.#stopping.orAfter(RETRY_MS);
    while (!this.#stopping.isSet) {
      const thread = await this.#tryStart(before.number);
      if (thread === null) {
        await this.#stopping.orAfter(RETRY_MS);
        continue;
      }
      this.#adopt(thread);
      if (thread.slot.number !== before.number) onMoved(before);
      const to = this.#checkedAt = journal.now();
      return journal.write({
        kind: "agent",
        event: "coverage_lost",
        from,
        to,
        message: "the packets are judged again, by a new thread",
      });
    }
  }

  /** The same slot, or another where that is somebody else's by now. */
  async #tryStart(number: number): Promise<ThreadHandle | null> {
    const options = this.#options;
    // Without descriptors the runtime would not fail but end the process.
    if (!canOpenMore(this.#libc, NEEDED_DESCRIPTORS)) return null;
    for (const slot of [number, null]) {
      try {
        return await ThreadHandle.start(this.#libc, { options, slot });
      } catch (error) {
        const isKnown = error instanceof AgentError ||
          error instanceof SystemCallError;
        if (!isKnown) throw error;
      }
    }
    return null;
  }
}
