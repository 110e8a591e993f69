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
import type {
  SharedProcesses,
  ThreadOrder,
  ThreadReport,
} from "./thread_messages.ts";
import type { Journal } from "./record/journal.ts";
import type { TunnelWatch } from "./tunnel_watch.ts";
import type { Libc } from "../ffi/libc.ts";
import { ReadySign } from "../ffi/ready_sign.ts";
import { WakeUp } from "../ffi/wake_up.ts";

/** What the packet thread is to know. */
export interface ThreadOptions {
  readonly policy: Policy;
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  readonly netns: string | null;
  /** The `cgroup.procs` of a guarded command; null guards the host. */
  readonly procsPath: string | null;
  /** Flows that live on, as `flowKey` writes them. */
  readonly openFlows: readonly string[];
  /** Null when processes are not watched; waited for while modules load. */
  readonly processes: Promise<SharedProcesses | null>;
  /** Takes the thread's events. Borrowed. */
  readonly journal: Journal;
  /** Hears of the thread's events; null when nobody does. Borrowed. */
  readonly tunnels: TunnelWatch | null;
}

/** A packet thread, from {@linkcode ThreadHandle.start} until it is stopped. */
export class ThreadHandle {
  readonly #worker: Worker;
  readonly #wakeUp: WakeUp;
  readonly #question: ReadySign;
  readonly #journal: Journal;
  readonly #tunnels: TunnelWatch | null;
  readonly #done = Promise.withResolvers<number>();
  readonly #ready = Promise.withResolvers<Slot>();
  readonly #lost = Promise.withResolvers<string>();
  readonly #told = Promise.withResolvers<number>();
  /** A name that the thread always refuses, for the self-test. */
  readonly probeName = `${crypto.randomUUID()}.sluice.invalid`;
  #slot: Slot | null = null;

  private constructor(
    libc: Libc,
    { options, slot }: { options: ThreadOptions; slot: number | null },
  ) {
    this.#journal = options.journal;
    this.#tunnels = options.tunnels;
    this.#wakeUp = new WakeUp(libc);
    this.#question = new ReadySign(libc);
    const url = new URL("./packet_worker.ts", import.meta.url).href;
    this.#worker = new Worker(url, { type: "module" });
    this.#worker.onmessage = ({ data }: MessageEvent<ThreadReport>) =>
      this.#hear(data);
    this.#worker.onerror = (event) => {
      event.preventDefault();
      this.#lose(event.message);
    };
    const order: Omit<ThreadOrder, "processes"> = {
      policy: options.policy,
      resolvers: options.resolvers,
      hosts: options.hosts,
      families: kernelFamilies(libc),
      netns: options.netns,
      procsPath: options.procsPath,
      probeName: this.probeName,
      openFlows: options.openFlows,
      slot,
      stopFd: this.#wakeUp.fd,
      tellFd: this.#question.fd,
    };
    options.processes.then(
      (processes) => this.#worker.postMessage({ ...order, processes }),
      (error) => {
        this.#worker.terminate();
        this.#done.resolve(0);
        this.#ready.reject(error);
      },
    );
  }

  /**
   * Starts the thread and waits until it has bound its queues.
   *
   * @param libc Must outlive the thread.
   * @param of `slot`: the only one it may bind; null for the first that is free.
   * @throws {AgentError} `queue_unavailable`, `internal`.
   */
  static async start(
    libc: Libc,
    of: { options: ThreadOptions; slot: number | null },
  ): Promise<ThreadHandle> {
    const thread = new ThreadHandle(libc, of);
    try {
      thread.#slot = await thread.#ready.promise;
    } catch (error) {
      thread.#dispose();
      throw error;
    }
    return thread;
  }

  /** What it has bound. */
  get slot(): Slot {
    return this.#slot!;
  }

  /** Says why, when it has ended by itself; else it is never settled. */
  get lost(): Promise<string> {
    return this.#lost.promise;
  }

  /**
   * Has it tell all that it knows, once; it goes on.
   *
   * @returns How many packets it has answered.
   */
  async tell(): Promise<number> {
    this.#question.set(true);
    return await Promise.race([this.#told.promise, this.#done.promise]);
  }

  /**
   * Ends it; its last events are in the journal.
   *
   * @returns How many packets it answered.
   */
  async stop(): Promise<number> {
    this.#wakeUp.set();
    const packets = await this.#done.promise;
    this.#worker.terminate();
    this.#dispose();
    return packets;
  }

  #dispose(): void {
    this.#wakeUp[Symbol.dispose]();
    this.#question[Symbol.dispose]();
  }

  #hear(report: ThreadReport): void {
    switch (report.kind) {
      case "ready":
        return this.#ready.resolve(report.slot);
      case "events":
        this.#journal.append(report.encoded);
        this.#tunnels?.hear(report.encoded, performance.now());
        return;
      case "told":
        return this.#told.resolve(report.packets);
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
    this.#done.resolve(0);
    this.#lost.resolve(message);
    this.#ready.reject(
      new AgentError("internal", {
        what: "Cannot run the packet thread",
        why: message,
        hint: "Run `sluice doctor`",
      }),
    );
  }
}
