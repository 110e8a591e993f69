/**
 * The main thread's end of the packet thread.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import { kernelFamilies } from "./enforce/firewall.ts";
import type { Slot } from "./enforce/marks.ts";
import { AgentError } from "./errors.ts";
import type { ThreadOrder, ThreadReport } from "./packet_thread.ts";
import type { Journal } from "./record/journal.ts";
import type { Libc } from "../ffi/libc.ts";

/** What the packet thread is to know. */
export interface ThreadOptions {
  readonly policy: Policy;
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  readonly netns: string | null;
  /** The `cgroup.procs` of a guarded command; null guards the host. */
  readonly procsPath: string | null;
  /** Takes the thread's events. Borrowed. */
  readonly journal: Journal;
}

/** <sys/eventfd.h>; a guarded command must not inherit the way to stop us. */
const EFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** A packet thread, from {@linkcode ThreadHandle.start} until it is stopped. */
export class ThreadHandle {
  readonly #libc: Libc;
  readonly #worker: Worker;
  readonly #stopFd: number;
  readonly #journal: Journal;
  readonly #done = Promise.withResolvers<number>();
  readonly #ready = Promise.withResolvers<Slot>();
  /** A name that the thread always refuses, for the self-test. */
  readonly probeName = `${crypto.randomUUID()}.sluice.invalid`;
  #slot: Slot | null = null;

  private constructor(libc: Libc, options: ThreadOptions) {
    this.#libc = libc;
    this.#journal = options.journal;
    this.#stopFd = libc.check(
      "eventfd",
      libc.symbols.eventfd(0, EFD.NONBLOCK | EFD.CLOEXEC),
    );
    const url = new URL("./packet_worker.ts", import.meta.url).href;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadReport>) =>
      this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
    const order: ThreadOrder = {
      policy: options.policy,
      resolvers: options.resolvers,
      hosts: options.hosts,
      families: kernelFamilies(libc),
      netns: options.netns,
      procsPath: options.procsPath,
      probeName: this.probeName,
      stopFd: this.#stopFd,
    };
    this.#worker.postMessage(order);
  }

  /**
   * Starts the thread and waits until it has bound its queues.
   *
   * @param libc Must outlive the thread.
   * @throws {AgentError} `queue_unavailable`, `internal`.
   */
  static async start(
    libc: Libc,
    options: ThreadOptions,
  ): Promise<ThreadHandle> {
    const thread = new ThreadHandle(libc, options);
    thread.#slot = await thread.#ready.promise;
    return thread;
  }

  /** What it has bound. */
  get slot(): Slot {
    return this.#slot!;
  }

  /**
   * Ends it; its last events are in the journal.
   *
   * @returns How many packets it answered.
   */
  async stop(): Promise<number> {
    const one = new Uint8Array(8).with(0, 1);
    this.#libc.symbols.write(this.#stopFd, one, 8n);
    const packets = await this.#done.promise;
    this.#worker.terminate();
    this.#libc.symbols.close(this.#stopFd);
    return packets;
  }

  #hear(report: ThreadReport): void {
    switch (report.kind) {
      case "ready":
        return this.#ready.resolve(report.slot);
      case "events":
        return this.#journal.append(report.encoded);
      case "done":
        return this.#done.resolve(report.packets);
      case "failed":
        this.#worker.terminate();
        this.#done.resolve(0);
        return this.#ready.reject(
          new AgentError(report.code, {
            what: "Cannot open a packet queue",
            why: report.why,
            hint: report.code === "queue_unavailable"
              ? "End another guard or whatever binds the queue numbers in " +
                "/proc/net/netfilter/nfnetlink_queue"
              : "Run `sluice doctor`",
          }),
        );
    }
  }

  /** The thread died: in block mode the rules refuse everything from now on. */
  #lose(message: string): void {
    this.#journal.write({
      kind: "agent",
      event: "coverage_lost",
      from: this.#journal.now(),
      message: `the packet thread ended: ${message}`,
    });
    this.#done.resolve(0);
    this.#ready.reject(
      new AgentError("internal", {
        what: "Cannot run the packet thread",
        why: message,
        hint: "Run `sluice doctor`",
      }),
    );
  }
}
