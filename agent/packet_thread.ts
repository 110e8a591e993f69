/**
 * The packet loop: owns the queues, the policy and the names, and never awaits
 * once it runs.
 *
 * @module
 */
import { Attribution } from "./attribution.ts";
import { compilePolicy } from "./decide/match.ts";
import { NameTable } from "./decide/names.ts";
import { isProcessScoped } from "./decide/policy.ts";
import { decodeNetlink } from "./decode/netlink.ts";
import {
  decodeQueued,
  QUEUE_PACKET_TYPE,
  type QueuedPacket,
} from "./decode/nfqueue.ts";
import { DnsRefuser } from "./enforce/dns_reply.ts";
import { MARK, withMark } from "./enforce/marks.ts";
import { Interfaces } from "./observe/interfaces.ts";
import type { Outcome } from "./outcome.ts";
import { Pipeline } from "./pipeline.ts";
import type { EventBody } from "./record/event.ts";
import { bindSlot } from "./slot_queues.ts";
import type { ThreadOrder, ThreadReport } from "./thread_messages.ts";
import { encodeEvent, WallClock } from "./record/line.ts";
import { Libc } from "../ffi/libc.ts";
import { enterNetworkNamespace } from "../ffi/namespaces.ts";
import {
  type NetfilterQueue,
  NetfilterQueueLibrary,
  NF,
} from "../ffi/netfilter_queue.ts";
import { Poller } from "../ffi/sockets.ts";

/** Netlink messages of 64 KiB packets must fit whole. */
const BUFFER_BYTES = 1 << 18;
/** Events wait this long for others to share a message to the main thread. */
const BATCH_MS = 10;
const BATCH_EVENTS = 256;
/** How often time is looked at when nothing comes. */
const IDLE_MS = 500;
/** Packets of one queue in a row, before the DNS queue is looked at again. */
const BURST_PACKETS = 16;

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
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
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
    const { slot, queues } = bindSlot({ libc, library }, order.slot);
    for (const queue of queues) this.#stack.use(queue);
    this.#queues = queues;
    this.#flowQueue = queues[1]!;
    const names = new NameTable();
    for (const { names: hosts, address } of order.hosts) {
      for (const host of hosts) names.pin(host, address);
    }
    const host = order.procsPath === null;
    this.#pipeline = new Pipeline({
      policy: compilePolicy(order.policy),
      names,
      resolvers: new Set(order.resolvers),
      attribution: this.#stack.use(
        new Attribution(libc, {
          procsPath: order.procsPath,
          readsExe: isProcessScoped(order.policy),
        }),
      ),
      refuser: this.#stack.use(new DnsRefuser(libc, order.families)),
      asksNames: order.policy.names === "said",
      allowMark: slot.allowMark,
      dnsMark: slot.dnsMark,
      probeName: order.probeName,
      interfaces: this.#stack.use(new Interfaces(libc)),
      host,
      dnsQueue: slot.dnsQueue,
      openFlows: new Set(order.openFlows),
    });
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
      this.#flush();
      this.#stack.dispose();
    }
    this.#post({ kind: "done", packets: this.#packets });
  }

  #loop(): void {
    const fds = [...this.#queues.map(({ fd }) => fd), this.#order.stopFd];
    const poller = new Poller(this.#libc, fds);
    let expireAtMs = 0;
    while (!poller.isReady(fds.length - 1)) {
      poller.wait(this.#batch.length > 0 ? BATCH_MS : IDLE_MS);
      // DNS first: an answer is learned before the connection that follows it.
      for (const [index, queue] of this.#queues.entries()) {
        if (poller.isReady(index)) this.#drain(queue);
      }
      const nowMs = performance.now();
      if (nowMs > expireAtMs) {
        this.#expire(nowMs, nowMs);
        expireAtMs = nowMs + IDLE_MS;
      }
      if (this.#batch.length > 0) {
        const isFull = this.#batch.length >= BATCH_EVENTS;
        if (isFull || nowMs - this.#batchSinceMs >= BATCH_MS) this.#flush();
      }
    }
    this.#expire(Infinity, performance.now());
  }

  #drain(queue: NetfilterQueue): void {
    for (let count = 0; count < BURST_PACKETS; count++) {
      const bytes = queue.receive(this.#buffer);
      if (bytes < 0) break;
      this.#answer(queue, this.#buffer.subarray(0, bytes));
    }
  }

  #answer(queue: NetfilterQueue, datagram: Uint8Array): void {
    const messages = decodeNetlink(datagram);
    for (const { type, payload } of messages.ok ? messages.value : []) {
      if (type !== QUEUE_PACKET_TYPE) continue;
      const queued = decodeQueued(payload);
      if (!queued.ok) continue;
      this.#packets++;
      const nowMs = performance.now();
      const outcome = this.#judge(queue, { queued: queued.value, nowMs });
      if (outcome?.events !== undefined) this.#record(outcome.events, nowMs);
    }
  }

  #judge(
    queue: NetfilterQueue,
    { queued, nowMs }: { queued: QueuedPacket; nowMs: number },
  ): Outcome | null {
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

  #expire(until: number, nowMs: number): void {
    for (const outcome of this.#pipeline.expire(until)) {
      release(this.#flowQueue, outcome);
      if (outcome.events !== undefined) this.#record(outcome.events, nowMs);
    }
  }

  #record(events: () => EventBody[], nowMs: number): void {
    const bodies = describe(events);
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
