/**
 * The process loop: hears of every process, and never awaits once it runs.
 *
 * @module
 */
import { BATCH_MS, EventBatch } from "../event_batch.ts";
import type { FileSourceName } from "../observe/files/file_source.ts";
import { listProcesses, netNamespaceAt } from "../observe/process_list.ts";
import type { ProcessSource } from "../observe/process_source.ts";
import { BootClock } from "./boot_clock.ts";
import { KnownSecrets } from "./known_secrets.ts";
import { LossTally } from "./loss_tally.ts";
import {
  type ProcessOrder,
  type ProcessReport,
  SHARED,
} from "./process_messages.ts";
import type { ProcessPart } from "./process_part.ts";
import { makeParts } from "./process_parts.ts";
import { ProcessScope, type ScopeRule } from "./process_scope.ts";
import { ProcessTree } from "./process_tree.ts";
import { Programs } from "./programs.ts";
import { StepBoard } from "./step_board.ts";
import type { Libc } from "../../ffi/libc.ts";
import { Poller } from "../../ffi/sockets.ts";

/** How often time is looked at when nothing comes. */
const IDLE_MS = 50;
/** So many batches may wait for the journal; then the kernel's buffer fills. */
const MAX_UNWRITTEN = 200;
const UNWRITTEN_MS = 2;

/** What the thread works with. */
export interface ProcessThreadOptions {
  readonly order: ProcessOrder;
  /** Opened a moment ago; the thread's from now on. */
  readonly source: ProcessSource;
  readonly post: (report: ProcessReport) => void;
  /** Called once, when all that is to be there is known. */
  readonly onReady: (files: FileSourceName | null) => void;
}

/** The loop and all that it owns. */
export class ProcessThread {
  readonly #libc: Libc;
  readonly #order: ProcessOrder;
  readonly #source: ProcessSource;
  readonly #post: (report: ProcessReport) => void;
  readonly #stack: DisposableStack;
  readonly #shared: Int32Array;
  readonly #batch: EventBatch;
  readonly #scope: ProcessScope;
  readonly #tree: ProcessTree;
  readonly #programs = new Programs();
  readonly #parts: readonly ProcessPart[];
  #onReady: (() => void) | null;
  readonly #losses: LossTally;
  #posted = 0;

  /**
   * Looks at the processes that are there already.
   *
   * @param libc Must outlive this object.
   */
  constructor(libc: Libc, options: ProcessThreadOptions) {
    const { order, source, post } = options;
    this.#libc = libc;
    this.#order = order;
    this.#post = post;
    // Without a thread nobody else would take its programs out of the kernel.
    using stack = new DisposableStack();
    this.#source = stack.use(source);
    this.#shared = new Int32Array(order.shared);
    this.#posted = Atomics.load(this.#shared, SHARED.written);
    this.#batch = new EventBatch((encoded) => {
      this.#posted++;
      post({ kind: "events", encoded });
    });
    this.#scope = new ProcessScope(this.#rule());
    this.#tree = new ProcessTree(this.#scope.initial);
    const tell = this.#batch.tell.bind(this.#batch);
    this.#losses = new LossTally(tell, {
      format: (atMs) => this.#batch.format(atMs),
      what: "processes",
      consequence: "some of what was executed is not told",
    });
    const { all, files } = makeParts({
      ...{ libc, order, source, tell },
      tellJob: (report) => post({ kind: "job", report }),
      catchUp: () => this.#drain(false),
      ...{ tree: this.#tree, programs: this.#programs },
      steps: new StepBoard(order.steps),
      secrets: new KnownSecrets(),
      clock: new BootClock(libc),
    }, stack);
    this.#parts = all;
    this.#onReady = () => options.onReady(files);
    this.#meet();
    this.#stack = stack.move();
  }

  /** Hears until the stop descriptor is readable; blocks. */
  run(): void {
    try {
      this.#loop();
    } finally {
      this.#batch.flush();
      this.#stack.dispose();
    }
    this.#post({ kind: "done" });
  }

  #loop(): void {
    let poller: Poller | null = null;
    let watched = "";
    for (;;) {
      const isBehind = this.#isBehind();
      const fds = [
        this.#order.stopFd,
        ...(isBehind ? [] : this.#source.fds),
        ...this.#parts.flatMap((part) => part.fds),
      ];
      const key = fds.join();
      if (poller === null || key !== watched) {
        poller = new Poller(this.#libc, fds);
        watched = key;
      }
      poller.wait(isBehind ? UNWRITTEN_MS : this.#waitMs());
      const isEnding = poller.isReady(0);
      if (!isBehind || isEnding) this.#drain(isEnding);
      const nowMs = performance.now();
      this.#scope.decide();
      for (const part of this.#parts) part.attend(nowMs);
      if (this.#losses.isDue(nowMs)) {
        this.#losses.tell(nowMs);
        this.#meet();
      }
      this.#batch.flushDue(nowMs);
      if (isEnding) return this.#end(nowMs);
      this.#assertReady();
    }
  }

  /** Says so, once. */
  #assertReady(): void {
    if (this.#onReady === null) return;
    if (this.#parts.some(({ isReady = true }) => !isReady)) return;
    this.#onReady();
    this.#onReady = null;
  }

  #end(nowMs: number): void {
    this.#losses.tell(nowMs);
    for (const part of this.#parts) part.end(nowMs);
  }

  #drain(isLast: boolean): void {
    const source = this.#source;
    const records = isLast && source.finish !== undefined
      ? source.finish()
      : source.drain();
    for (const record of records) {
      if (record.kind === "lost") {
        this.#losses.add(record.count, performance.now());
        continue;
      }
      const process = this.#tree.take(record);
      this.#scope.hear(record, { process, tree: this.#tree });
      this.#programs.hear(record, process);
      for (const part of this.#parts) part.hear(record, process);
    }
  }

  #waitMs(): number {
    if (this.#parts.some(({ isBusy }) => isBusy === true)) return 0;
    const { waitMilliseconds } = this.#source;
    const idleMs = this.#batch.isEmpty ? IDLE_MS : BATCH_MS;
    return Math.min(
      idleMs,
      ...(waitMilliseconds < 0 ? [] : [waitMilliseconds]),
      ...this.#parts.map((part) => part.waitMilliseconds ?? idleMs),
    );
  }

  /** The journal is slower than we are: what is told must not pile up. */
  #isBehind(): boolean {
    const written = Atomics.load(this.#shared, SHARED.written);
    return ((this.#posted - written) | 0) > MAX_UNWRITTEN;
  }

  #meet(): void {
    const found = listProcesses(this.#libc, this.#order.netns !== null);
    this.#tree.meet(found);
    this.#scope.meet(found, this.#tree);
    for (const part of this.#parts) part.meet?.(found);
  }

  #rule(): ScopeRule {
    const { scope, netns, agentPid } = this.#order;
    if (scope === "command") {
      const commandPid = () => Atomics.load(this.#shared, SHARED.commandPid);
      return { kind: "command", agentPid, commandPid };
    }
    if (netns === null) return { kind: "all", agentPid };
    const inode = netNamespaceAt(this.#libc, netns) ?? 0;
    return { kind: "namespace", agentPid, inode };
  }
}
