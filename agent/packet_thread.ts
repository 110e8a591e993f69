/**
 * The packet loop: owns the queues, the policy and the names, and never awaits
 * once it runs.
 *
 * @module
 */
import { Attribution } from "./attribution.ts";
import { protocolName } from "./connection_event.ts";
import { compilePolicy } from "./decide/match.ts";
import { NameTable } from "./decide/names.ts";
import { isProcessScoped, type Policy } from "./decide/policy.ts";
import type { HostsEntry } from "./decode/hosts_file.ts";
import type { QueuedPacket } from "./decode/nfqueue.ts";
import { decodePacket, type Packet } from "./decode/packet.ts";
import { DnsRefuser } from "./enforce/dns_reply.ts";
import { MARK, type Slot, withMark } from "./enforce/marks.ts";
import { Interfaces } from "./observe/interfaces.ts";
import { listOpenFlows } from "./observe/open_flows.ts";
import { SocketDiagnostics } from "./observe/socket_diagnostics.ts";
import type { Outcome } from "./outcome.ts";
import { type Arrival, PacketIntake } from "./packet_intake.ts";
import { floodEvents, refusedProtocol } from "./flood_event.ts";
import { flowKey } from "./flow_key.ts";
import { Pipeline } from "./pipeline.ts";
import type { EventBody } from "./record/event.ts";
import { bindSlot } from "./slot_queues.ts";
import { encodeEvent, WallClock } from "./record/line.ts";
import { Libc } from "../ffi/libc.ts";
import { enterNetworkNamespace } from "../ffi/namespaces.ts";
import {
  type NetfilterQueue,
  NetfilterQueueLibrary,
  NF,
} from "../ffi/netfilter_queue.ts";
import { Poller } from "../ffi/sockets.ts";

/** What the main thread tells this one, once. */
export interface ThreadOrder {
  readonly policy: Policy;
  /** Resolvers as `addressKey` writes them. */
  readonly resolvers: readonly string[];
  readonly hosts: readonly HostsEntry[];
  readonly families: readonly (4 | 6)[];
  /** A network namespace file; null is the one of the process. */
  readonly netns: string | null;
  /** The `cgroup.procs` of a guarded command; null guards the host. */
  readonly procsPath: string | null;
  readonly probeName: string;
  /** An eventfd that becomes readable when the thread is to end. */
  readonly stopFd: number;
}

/** What this thread tells the main thread. */
export type ThreadReport =
  | { readonly kind: "ready"; readonly slot: Slot; readonly openFlows: number }
  | {
    readonly kind: "failed";
    readonly code: "queue_unavailable" | "internal";
    readonly why: string;
  }
  | { readonly kind: "events"; readonly encoded: readonly string[] }
  | { readonly kind: "done"; readonly packets: number };

/** Events wait this long for others to share a message to the main thread. */
const BATCH_MS = 10;
const BATCH_EVENTS = 256;
/** How often time is looked at when nothing comes. */
const IDLE_MS = 500;
/** What was not told is summed up so often. */
const SWEEP_MS = 1_000;

/** The loop and all that it owns. */
export class PacketThread {
  readonly #post: (report: ThreadReport) => void;
  readonly #order: ThreadOrder;
  readonly #stack = new DisposableStack();
  readonly #libc: Libc;
  readonly #queues: readonly NetfilterQueue[];
  /** The one of the queues whose packets may be held. */
  readonly #flowQueue: NetfilterQueue;
  readonly #pipeline: Pipeline;
  readonly #clock = new WallClock();
  readonly #intake: PacketIntake;
  /** Whether packets that nobody judges are dropped. */
  readonly #isClosed: boolean;
  #batch: string[] = [];
  #batchSinceMs = 0;
  #packets = 0;

  /**
   * Enters the namespace, binds the queues and says `ready`; from then on
   * packets wait until {@linkcode run}.
   *
   * @param order All it needs to know.
   * @param post Takes its reports.
   * @throws {SystemCallError} When a queue cannot be bound.
   */
  constructor(order: ThreadOrder, post: (report: ThreadReport) => void) {
    this.#order = order;
    this.#post = post;
    const libc = this.#libc = this.#stack.use(new Libc());
    if (order.netns !== null) enterNetworkNamespace(libc, order.netns);
    const library = this.#stack.use(new NetfilterQueueLibrary());
    const { slot, queues } = bindSlot({ libc, library });
    for (const queue of queues) this.#stack.use(queue);
    this.#queues = queues;
    this.#flowQueue = queues[1]!;
    const { egress, deny } = order.policy;
    // They may be for what a deny entry names.
    this.#isClosed = egress === "block" || deny.length > 0;
    this.#intake = new PacketIntake(queues[0]!, {
      judge: (arrival, nowMs) => this.#answer(arrival, nowMs),
      turnAway: (arrival, nowMs) => this.#turnAway(arrival, nowMs),
      shed: (arrival, nowMs) => this.#shed(arrival, nowMs),
    });
    const names = new NameTable();
    for (const { names: hosts, address } of order.hosts) {
      for (const host of hosts) names.pin(host, address);
    }
    const host = order.procsPath === null;
    const scoped = isProcessScoped(order.policy);
    const openFlows = host ? this.#openFlows() : new Set<string>();
    this.#pipeline = new Pipeline({
      policy: compilePolicy(order.policy),
      names,
      resolvers: new Set(order.resolvers),
      attribution: this.#stack.use(
        new Attribution(libc, {
          procsPath: order.procsPath,
          readsExe: scoped,
        }),
      ),
      refuser: this.#stack.use(new DnsRefuser(libc, order.families)),
      asksNames: order.policy.names === "said",
      allowMark: slot.allowMark,
      dnsMark: slot.dnsMark,
      probeName: order.probeName,
      isProcessScoped: scoped,
      interfaces: this.#stack.use(new Interfaces(libc)),
      host,
      dnsQueue: slot.dnsQueue,
      openFlows,
    });
    post({ kind: "ready", slot, openFlows: openFlows.size });
  }

  /** Answers packets until the stop descriptor is readable; blocks. */
  run(): void {
    const fds = [...this.#queues.map(({ fd }) => fd), this.#order.stopFd];
    const poller = new Poller(this.#libc, fds);
    let sweptAtMs = performance.now();
    let expireAtMs = 0;
    while (!poller.isReady(fds.length - 1)) {
      const idleMs = this.#batch.length > 0 ? BATCH_MS : IDLE_MS;
      poller.wait(this.#intake.isEmpty ? idleMs : 0);
      // DNS first: an answer is learned before the connection that follows it.
      for (const [index, queue] of this.#queues.entries()) {
        if (poller.isReady(index)) this.#intake.drain(queue);
      }
      this.#intake.serve();
      const nowMs = performance.now();
      if (nowMs > expireAtMs) {
        this.#expire(nowMs, nowMs);
        expireAtMs = nowMs + IDLE_MS;
      }
      if (nowMs - sweptAtMs > SWEEP_MS) {
        this.#sweep(nowMs);
        sweptAtMs = nowMs;
      }
      if (this.#batch.length > 0) {
        const isFull = this.#batch.length >= BATCH_EVENTS;
        if (isFull || nowMs - this.#batchSinceMs >= BATCH_MS) this.#flush();
      }
    }
    const nowMs = performance.now();
    this.#expire(Infinity, nowMs);
    this.#sweep(nowMs);
    this.#flush();
    this.#stack.dispose();
    this.#post({ kind: "done", packets: this.#packets });
  }

  /** Returns whether a refusal was told. */
  #answer(arrival: Arrival, nowMs: number): boolean {
    this.#packets++;
    const outcome = this.#judge(arrival, nowMs);
    if (outcome?.events === undefined) return false;
    const { sender } = arrival;
    const isSpent = sender.isSpent(nowMs);
    let isTold = false;
    const told = describe(outcome.events).filter((body) => {
      const protocol = refusedProtocol(body);
      if (protocol === null) return true;
      if (isSpent) sender.countRefused(protocol, nowMs);
      else isTold = true;
      return !isSpent;
    });
    this.#record(told, nowMs);
    return isTold;
  }

  #judge({ queue, queued }: Arrival, nowMs: number): Outcome | null {
    try {
      const outcome = this.#pipeline.judge(queued, nowMs);
      release(queue, outcome);
      const { verdict } = outcome;
      const mark = withMark(queued.mark, outcome.mark);
      if (verdict !== null) queue.setVerdict(queued.id, { verdict, mark });
      return outcome;
    } catch (error) {
      // A defect of ours must cost one packet, not the guard.
      const mark = withMark(queued.mark, MARK.DENY);
      queue.setVerdict(queued.id, { verdict: NF.ACCEPT, mark });
      console.error("Cannot judge a packet, it is refused:", error);
      return null;
    }
  }

  /** Refuses in the rules' way, which is the cheapest that says so. */
  #turnAway({ queue, queued, sender }: Arrival, nowMs: number): boolean {
    const packet = this.#glance(queued, nowMs);
    if (packet === null) return false;
    this.#packets++;
    const mark = withMark(queued.mark, MARK.DENY);
    queue.setVerdict(queued.id, { verdict: NF.ACCEPT, mark });
    const isDns = queue !== this.#flowQueue;
    const protocol = isDns ? "dns" : protocolName(packet.protocol);
    sender.countRefused(protocol, nowMs);
    return true;
  }

  #glance(queued: QueuedPacket, nowMs: number): Packet | null {
    try {
      const decoded = decodePacket(queued.payload);
      if (!decoded.ok) return null;
      const packet = decoded.value;
      const seen = { queued, packet, nowMs };
      return this.#pipeline.isRefusedAtAGlance(seen) ? packet : null;
    } catch {
      // A defect of ours: the closer look refuses the packet, and says why.
      return null;
    }
  }

  /** In silence: an honest client tries again, and an error would stop it. */
  #shed({ queue, queued, sender }: Arrival, nowMs: number): void {
    this.#packets++;
    const verdict = this.#isClosed ? NF.DROP : NF.ACCEPT;
    const mark = withMark(queued.mark, MARK.PASS);
    queue.setVerdict(queued.id, { verdict, mark });
    sender.countUnjudged(nowMs);
  }

  #sweep(nowMs: number): void {
    const to = this.#clock.format(nowMs);
    for (const untold of this.#intake.sweep(nowMs)) {
      const from = this.#clock.format(untold.fromMs);
      const isLetGo = !this.#isClosed;
      this.#record(floodEvents(untold, { isLetGo, from, to }), nowMs);
    }
  }

  #expire(until: number, nowMs: number): void {
    for (const outcome of this.#pipeline.expire(until)) {
      release(this.#flowQueue, outcome);
      if (outcome.events !== undefined) {
        this.#record(describe(outcome.events), nowMs);
      }
    }
  }

  #record(bodies: readonly EventBody[], nowMs: number): void {
    if (bodies.length === 0) return;
    if (this.#batch.length === 0) this.#batchSinceMs = nowMs;
    const time = this.#clock.format(nowMs);
    for (const body of bodies) this.#batch.push(encodeEvent(body, time));
  }

  #flush(): void {
    if (this.#batch.length === 0) return;
    this.#post({ kind: "events", encoded: this.#batch });
    this.#batch = [];
  }

  #openFlows(): Set<string> {
    using sockets = new SocketDiagnostics(this.#libc);
    return new Set(listOpenFlows(sockets).map(flowKey));
  }
}

/** Events, or none where a defect of ours would end the guard. */
function describe(events: () => EventBody[]): EventBody[] {
  try {
    return events();
  } catch (error) {
    console.error("Cannot describe a packet, it is not in the journal:", error);
    return [];
  }
}

/** Answers the packets that waited for this outcome. */
function release(queue: NetfilterQueue, { released, mark }: Outcome): void {
  for (const { id, mark: before } of released) {
    const answer = { verdict: NF.ACCEPT, mark: withMark(before, mark) };
    queue.setVerdict(id, answer);
  }
}
