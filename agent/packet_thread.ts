/**
 * The packet loop: owns the queues, the policy and the names, and never awaits
 * once it runs.
 *
 * @module
 */
import { Attribution } from "./attribution.ts";
import { compilePolicy } from "./decide/match.ts";
import { NameTable } from "./decide/names.ts";
import { DnsRefuser } from "./enforce/dns_reply.ts";
import { BATCH_MS, EventBatch } from "./event_batch.ts";
import { Interfaces } from "./observe/interfaces.ts";
import { openProcesses } from "./origins.ts";
import { PacketAnswerer } from "./packet_answerer.ts";
import { PacketIntake } from "./packet_intake.ts";
import { Pipeline } from "./pipeline.ts";
import { scopesOf } from "./scopes.ts";
import { bindSlot } from "./slot_queues.ts";
import type { ThreadOrder, ThreadReport } from "./thread_messages.ts";
import { Libc } from "../ffi/libc.ts";
import { enterNetworkNamespace } from "../ffi/namespaces.ts";
import {
  type NetfilterQueue,
  NetfilterQueueLibrary,
} from "../ffi/netfilter_queue.ts";
import { Poller } from "../ffi/sockets.ts";

/** How often time is looked at when nothing comes. */
const IDLE_MS = 500;
/** And while packets wait for the rest of what their client says. */
const HOLDING_MS = 10;
/** What was not told is summed up so often. */
const SWEEP_MS = 1_000;

/** The loop and all that it owns. */
export class PacketThread {
  readonly #post: (report: ThreadReport) => void;
  readonly #order: ThreadOrder;
  readonly #stack = new DisposableStack();
  readonly #libc: Libc;
  readonly #queues: readonly NetfilterQueue[];
  readonly #batch: EventBatch;
  readonly #answerer: PacketAnswerer;
  readonly #intake: PacketIntake;

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
    const { slot, queues } = bindSlot({ libc, library }, order.slot);
    for (const queue of queues) this.#stack.use(queue);
    this.#queues = queues;
    this.#batch = new EventBatch((encoded) =>
      post({ kind: "events", encoded })
    );
    const names = new NameTable();
    for (const { names: hosts, address } of order.hosts) {
      for (const host of hosts) names.pin(host, address);
    }
    const host = order.procsPath === null;
    const scopes = scopesOf(order.policy);
    const stack = this.#stack;
    const pipeline = new Pipeline({
      policy: compilePolicy(order.policy),
      names,
      resolvers: new Set(order.resolvers),
      attribution: this.#stack.use(
        new Attribution(libc, {
          procsPath: order.procsPath,
          scopes,
          ...openProcesses(libc, { shared: order.processes, stack }),
        }),
      ),
      refuser: this.#stack.use(new DnsRefuser(libc, order.families)),
      asksNames: order.policy.names === "said",
      // With `inbound: allow` the rules let all answers by.
      hearsAnswers: order.policy.inbound !== "allow",
      allowMark: slot.allowMark,
      dnsMark: slot.dnsMark,
      probeName: order.probeName,
      isScoped: scopes.isAny,
      interfaces: this.#stack.use(new Interfaces(libc)),
      host,
      dnsQueue: slot.dnsQueue,
      openFlows: new Set(order.openFlows),
    });
    const { egress, deny } = order.policy;
    const [dnsQueue, flowQueue] = queues;
    this.#answerer = new PacketAnswerer({
      pipeline,
      flowQueue: flowQueue!,
      batch: this.#batch,
      // What nobody judges may be for what a deny entry names.
      isClosed: egress === "block" || deny.length > 0,
    });
    this.#intake = new PacketIntake(dnsQueue!, this.#answerer);
    post({ kind: "ready", slot });
  }

  /**
   * Answers packets until the stop descriptor is readable; blocks.
   *
   * However it ends, the queues are unbound: bound, with nobody to read them,
   * they would let every packet wait instead of having it refused.
   */
  run(): void {
    try {
      this.#loop();
    } finally {
      this.#batch.flush();
      this.#stack.dispose();
    }
    this.#post({ kind: "done", packets: this.#answerer.packets });
  }

  #loop(): void {
    const { stopFd, tellFd } = this.#order;
    const fds = [...this.#queues.map(({ fd }) => fd), tellFd, stopFd];
    const poller = new Poller(this.#libc, fds);
    let sweptAtMs = performance.now();
    let expireAtMs = 0;
    while (!poller.isReady(fds.length - 1)) {
      const lookMs = this.#answerer.isHolding ? HOLDING_MS : IDLE_MS;
      const idleMs = this.#batch.isEmpty ? lookMs : BATCH_MS;
      poller.wait(this.#intake.isEmpty ? idleMs : 0);
      // DNS first: an answer is learned before the connection that follows it.
      for (const [index, queue] of this.#queues.entries()) {
        if (poller.isReady(index)) this.#intake.drain(queue);
      }
      this.#intake.serve();
      const nowMs = performance.now();
      const isDue = this.#answerer.isHolding &&
        nowMs > expireAtMs - IDLE_MS + HOLDING_MS;
      if (isDue || nowMs > expireAtMs) {
        this.#answerer.expire(nowMs, nowMs);
        expireAtMs = nowMs + IDLE_MS;
      }
      if (nowMs - sweptAtMs > SWEEP_MS) {
        this.#answerer.sumUp(this.#intake.sweep(nowMs), nowMs);
        sweptAtMs = nowMs;
      }
      this.#batch.flushDue(nowMs);
      if (poller.isReady(this.#queues.length)) this.#tell();
    }
    this.#finish();
  }

  /** Tells all that is known, and goes on. */
  #tell(): void {
    this.#libc.symbols.read(this.#order.tellFd, new Uint8Array(8), 8n);
    this.#finish();
    this.#batch.flush();
    this.#post({ kind: "told", packets: this.#answerer.packets });
  }

  /** Decides what waits for more, and sums up what is not told one by one. */
  #finish(): void {
    const nowMs = performance.now();
    this.#answerer.expire(Infinity, nowMs);
    this.#answerer.sumUp(this.#intake.sweep(nowMs), nowMs);
  }
}
