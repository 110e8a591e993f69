/**
 * One guard: the packet thread and the rules that send it packets.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { Cgroup } from "./enforce/cgroup.ts";
import {
  Firewall,
  kernelFamilies,
  type TablesBefore,
} from "./enforce/firewall.ts";
import type { Slot } from "./enforce/marks.ts";
import { runSelfTest } from "./enforce/self_test.ts";
import { AgentError } from "./errors.ts";
import { listListeningPorts } from "./observe/open_flows.ts";
import { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import type { ThreadOrder, ThreadReport } from "./packet_thread.ts";
import type { Journal } from "./record/journal.ts";
import type { Libc } from "../ffi/libc.ts";

/** How to guard. The main thread must be in the network namespace already. */
export interface GuardOptions {
  readonly policy: Policy;
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  readonly netns: string | null;
  /** The guarded command's; null guards the host. Borrowed. */
  readonly cgroup: Cgroup | null;
  /** Borrowed. */
  readonly journal: Journal;
  readonly selfTest: boolean;
  /** Called before the first rule is set, to note down how to undo it. */
  readonly beforeRules: (slot: Slot, tables: TablesBefore) => void;
}

/** <sys/eventfd.h>; a guarded command must not inherit the way to stop us. */
const EFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** Armed from {@linkcode Guard.arm} until {@linkcode Guard.disarm}. */
export class Guard {
  readonly #libc: Libc;
  readonly #options: GuardOptions;
  readonly #thread: Thread;
  readonly #firewall: Firewall;
  readonly #tables: TablesBefore;
  #since = "";

  private constructor(libc: Libc, options: GuardOptions, thread: Thread) {
    this.#libc = libc;
    this.#options = options;
    this.#thread = thread;
    this.#firewall = new Firewall(libc);
    this.#tables = this.#firewall.tables();
  }

  /**
   * Starts the packet thread, sets the rules, and proves that both work.
   *
   * @param libc Must outlive the guard.
   * @throws {AgentError} With nothing left behind.
   */
  static async arm(libc: Libc, options: GuardOptions): Promise<Guard> {
    const thread = await Thread.start(libc, options);
    try {
      const guard = new Guard(libc, options, thread);
      guard.#setRules();
      return guard;
    } catch (error) {
      await thread.stop();
      throw error;
    }
  }

  /** When it was armed, RFC 3339. */
  get since(): string {
    return this.#since;
  }

  /**
   * Takes the rules away, then ends the thread; all events are written.
   *
   * In this order, so that nothing is refused for want of a thread.
   */
  async disarm(): Promise<void> {
    const { journal } = this.#options;
    this.#firewall.remove(this.#guarded(), this.#tables);
    const packets = await this.#thread.stop();
    journal.write({
      kind: "agent",
      event: "stopped",
      from: this.#since,
      to: journal.now(),
      packets,
      lost: journal.lost,
    });
  }

  #setRules(): void {
    const { policy, cgroup, journal, beforeRules } = this.#options;
    const { slot } = this.#thread;
    using sockets = new SocketDiagnostics(this.#libc);
    const listening = cgroup === null
      ? listListeningPorts(sockets)
      : { tcp: [], udp: [] };
    beforeRules(slot, this.#tables);
    const { egress, inbound } = policy;
    this.#firewall.apply(
      { ...this.#guarded(), egress, inbound, listening },
      this.#tables,
    );
    try {
      if (this.#options.selfTest) this.#test();
      this.#since = journal.now();
      journal.write({
        kind: "agent",
        event: "armed",
        egress: policy.egress,
        scope: cgroup === null ? "host" : "command",
        pid: this.#libc.symbols.getpid(),
      });
      journal.assertWritten();
    } catch (error) {
      this.#firewall.remove(this.#guarded(), this.#tables);
      throw error;
    }
  }

  #test(): void {
    const { cgroup } = this.#options;
    runSelfTest(this.#libc, {
      families: kernelFamilies(this.#libc),
      probeName: this.#thread.probeName,
      inside: (act) => cgroup === null ? act() : cgroup.runInside(act),
    });
  }

  #guarded(): { slot: Slot; cgroup: string | null } {
    const cgroup = this.#options.cgroup?.path ?? null;
    return { slot: this.#thread.slot, cgroup };
  }
}

/** The main thread's end of the packet thread. */
class Thread {
  readonly #libc: Libc;
  readonly #worker: Worker;
  readonly #stopFd: number;
  readonly #journal: Journal;
  readonly #done = Promise.withResolvers<number>();
  readonly #ready = Promise.withResolvers<Slot>();
  readonly probeName = `${crypto.randomUUID()}.sluice.invalid`;
  #slot: Slot | null = null;

  private constructor(libc: Libc, options: GuardOptions) {
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
      procsPath: options.cgroup?.procsPath ?? null,
      probeName: this.probeName,
      stopFd: this.#stopFd,
    };
    this.#worker.postMessage(order);
  }

  static async start(libc: Libc, options: GuardOptions): Promise<Thread> {
    const thread = new Thread(libc, options);
    thread.#slot = await thread.#ready.promise;
    return thread;
  }

  get slot(): Slot {
    return this.#slot!;
  }

  /** @returns How many packets it answered. */
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
