/**
 * One guard: the packet thread and the rules that send it packets.
 *
 * @module
 */
import type { Alarm } from "./alarm.ts";
import { type Policy, saidUdpPorts } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { Cgroup } from "./enforce/cgroup.ts";
import {
  Firewall,
  kernelFamilies,
  type TablesBefore,
} from "./enforce/firewall.ts";
import type { Slot } from "./enforce/marks.ts";
import type { Guarded } from "./enforce/rule.ts";
import { type FlowsBefore, listFlowsBefore, NO_FLOWS } from "./flows_before.ts";
import { runSelfTest } from "./enforce/self_test.ts";
import { listListeningPorts } from "./observe/open_flows.ts";
import { AgentError } from "./errors.ts";
import { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import type { Journal } from "./record/journal.ts";
import { RulesWatch } from "./rules_watch.ts";
import { ThreadKeeper } from "./thread_keeper.ts";
import type { WatchedProcesses } from "./processes/process_watch.ts";
import { TunnelWatch } from "./tunnel_watch.ts";
import type { Libc } from "../ffi/libc.ts";

/** How to guard. The main thread must be in the network namespace already. */
export interface GuardOptions {
  readonly policy: Policy;
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  /** Domains that the resolver of the namespace puts behind names. */
  readonly searched: readonly string[];
  readonly netns: string | null;
  /** The guarded command's; null guards the host. Borrowed. */
  readonly cgroup: Cgroup | null;
  /** The directories whose files are sources. */
  readonly workspaces: readonly string[];
  /** What is known of processes, once it is. */
  readonly watched: Promise<WatchedProcesses>;
  /** Borrowed. */
  readonly journal: Journal;
  /** Borrowed. */
  readonly alarm: Alarm;
  readonly selfTest: boolean;
  /** Called before the first rule is set, to note down how to undo it. */
  readonly beforeRules: (slot: Slot, tables: TablesBefore) => void;
  /** Called before the rules lead to other queues. */
  readonly onMoved: (slot: Slot) => void;
}

/** What was there when the guard came. */
interface Before {
  readonly flows: FlowsBefore;
  readonly listening: Guarded["listening"];
}

/** Armed from {@linkcode Guard.arm} until {@linkcode Guard.disarm}. */
export class Guard {
  readonly #libc: Libc;
  readonly #options: GuardOptions;
  readonly #before: Before;
  readonly #firewall: Firewall;
  readonly #tables: TablesBefore;
  readonly #tunnels: TunnelWatch | null;
  #thread: ThreadKeeper | null = null;
  #watch: RulesWatch | null = null;
  #since = "";

  private constructor(libc: Libc, options: GuardOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#firewall = new Firewall(libc);
    this.#tables = this.#firewall.tables();
    this.#tunnels = TunnelWatch.for(options);
    using sockets = new SocketDiagnostics(libc);
    this.#before = options.cgroup === null
      ? {
        flows: listFlowsBefore(libc, sockets),
        listening: listListeningPorts(sockets),
      }
      : { flows: NO_FLOWS, listening: { tcp: [], udp: [] } };
  }

  /**
   * Starts the packet thread, sets the rules, and proves that both work.
   *
   * @param libc Must outlive the guard.
   * @throws {AgentError} With nothing left behind.
   */
  static async arm(libc: Libc, options: GuardOptions): Promise<Guard> {
    const guard = new Guard(libc, options);
    const { flows } = guard.#before;
    const { watched } = options;
    const thread = guard.#thread = await ThreadKeeper.start(libc, {
      ...options,
      procsPath: options.cgroup?.procsPath ?? null,
      openFlows: flows.keys,
      processes: watched.then(({ processes }) => processes),
      tunnels: guard.#tunnels,
      onMoved: (from) => guard.#move(from),
    });
    try {
      guard.#setRules(await watched);
      return guard;
    } catch (error) {
      await thread.stop();
      throw error;
    }
  }

  /** Looks whether queues and rules are ours; for every half second. */
  look(): void {
    this.#thread!.check();
    this.#watch!.look();
  }

  /**
   * Writes the last event; packets are judged as before, and none of it is told.
   *
   * @param lastly Called when all of them are told, before that event.
   */
  async settle(lastly: () => Promise<void>): Promise<void> {
    this.#thread!.check();
    await this.#close(await this.#thread!.tell(), lastly);
    this.#options.journal.seal();
  }

  /**
   * Takes the rules away, then ends the thread; all events are written.
   *
   * In this order, so that nothing is refused for want of a thread.
   *
   * @param lastly Called when no packet is judged any more, before the last
   * event.
   */
  async disarm(lastly: () => Promise<void>): Promise<void> {
    this.#thread!.check();
    await this.#watch!.stop();
    this.#firewall.remove(this.#guarded(), this.#tables);
    await this.#close(await this.#thread!.stop(), lastly);
  }

  async #close(packets: number, lastly: () => Promise<void>): Promise<void> {
    const { journal } = this.#options;
    await this.#tunnels?.settled;
    await lastly();
    journal.write({
      kind: "agent",
      event: "stopped",
      from: this.#since,
      to: journal.now(),
      packets,
      lost: journal.lost,
    });
  }

  #setRules({ heardBy, files }: WatchedProcesses): void {
    const { policy, cgroup, journal, alarm, beforeRules, workspaces } =
      this.#options;
    beforeRules(this.#thread!.slot, this.#tables);
    this.#firewall.apply(this.#guarded(), this.#tables);
    try {
      if (this.#options.selfTest) this.#test();
      this.#since = journal.now();
      journal.write({
        kind: "agent",
        event: "armed",
        egress: policy.egress,
        scope: cgroup === null ? "host" : "command",
        pid: this.#libc.symbols.getpid(),
        processes: heardBy,
        files,
        workspaces,
        openFlows: this.#before.flows.count,
      });
      for (const event of this.#before.flows.events) journal.write(event);
      journal.assertWritten();
      this.#watch = new RulesWatch(this.#libc, {
        firewall: this.#firewall,
        journal,
        alarm,
        guarded: () => this.#guarded(),
      });
    } catch (error) {
      this.#firewall.remove(this.#guarded(), this.#tables);
      throw error;
    }
  }

  /** The queues are others, so the rules must lead there. */
  #move(from: Slot): void {
    try {
      this.#options.onMoved(this.#thread!.slot);
    } catch (error) {
      // A full disk keeps the old slot in the state; the rules must not wait.
      if (!(error instanceof AgentError)) throw error;
    }
    try {
      this.#firewall.move(this.#guarded(), from);
    } catch (error) {
      if (!(error instanceof AgentError)) throw error;
      // The watch finds rules that are not as they should be, and tries again.
    }
  }

  #test(): void {
    const { cgroup } = this.#options;
    runSelfTest(this.#libc, {
      families: kernelFamilies(this.#libc),
      probeName: this.#thread!.probeName,
      inside: (act) => cgroup === null ? act() : cgroup.runInside(act),
    });
  }

  #guarded(): Guarded {
    const { policy, cgroup } = this.#options;
    const { egress, inbound } = policy;
    const { listening } = this.#before;
    const { slot } = this.#thread!;
    return {
      slot,
      cgroup: cgroup?.path ?? null,
      egress,
      inbound,
      listening,
      saidPorts: saidUdpPorts(policy),
    };
  }
}
