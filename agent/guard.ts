/**
 * One guard: the packet thread and the rules that send it packets.
 *
 * @module
 */
import { type Policy, saidUdpPorts } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { Cgroup } from "./enforce/cgroup.ts";
import {
  Firewall,
  kernelFamilies,
  type TablesBefore,
} from "./enforce/firewall.ts";
import type { Slot } from "./enforce/marks.ts";
import { runSelfTest } from "./enforce/self_test.ts";
import { readQueues } from "./observe/queues.ts";
import { listListeningPorts } from "./observe/open_flows.ts";
import { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import type { Journal } from "./record/journal.ts";
import { ThreadHandle } from "./thread_handle.ts";
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

/** Armed from {@linkcode Guard.arm} until {@linkcode Guard.disarm}. */
export class Guard {
  readonly #libc: Libc;
  readonly #options: GuardOptions;
  readonly #thread: ThreadHandle;
  readonly #firewall: Firewall;
  readonly #tables: TablesBefore;
  #since = "";
  #dropped = 0;
  #checkedAt = "";

  private constructor(libc: Libc, options: GuardOptions, thread: ThreadHandle) {
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
    const procsPath = options.cgroup?.procsPath ?? null;
    const thread = await ThreadHandle.start(libc, { ...options, procsPath });
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
   * Writes down packets that the kernel gave up because too many waited: in
   * block mode they were lost, and nobody has seen what they were.
   */
  checkQueues(): void {
    const { slot } = this.#thread;
    const own = readQueues(this.#libc).filter(({ number }) =>
      number === slot.flowQueue || number === slot.dnsQueue
    );
    const dropped = own.reduce((sum, queue) => sum + queue.dropped, 0);
    const { journal } = this.#options;
    const now = journal.now();
    if (dropped > this.#dropped) {
      const count = dropped - this.#dropped;
      journal.write({
        kind: "agent",
        event: "coverage_lost",
        from: this.#checkedAt,
        to: now,
        message: `${count} packets came faster than they could be judged, ` +
          "and were dropped by the kernel",
      });
    }
    this.#dropped = dropped;
    this.#checkedAt = now;
  }

  /**
   * Takes the rules away, then ends the thread; all events are written.
   *
   * In this order, so that nothing is refused for want of a thread.
   */
  async disarm(): Promise<void> {
    const { journal } = this.#options;
    this.checkQueues();
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
    const saidPorts = saidUdpPorts(policy);
    this.#firewall.apply(
      { ...this.#guarded(), egress, inbound, listening, saidPorts },
      this.#tables,
    );
    try {
      if (this.#options.selfTest) this.#test();
      this.#since = this.#checkedAt = journal.now();
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
