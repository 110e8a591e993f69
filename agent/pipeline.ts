/**
 * The way of one packet: observe -> decode -> decide -> enforce -> record.
 *
 * @module
 */
import type { Owner } from "./attribution.ts";
import { connectionEvent, endsOf, unreadEvent } from "./connection_event.ts";
import type { Decision, Sender } from "./decide/decision.ts";
import { isDhcp } from "./decide/dhcp.ts";
import { decideFlow } from "./decide/flow.ts";
import { refuse } from "./decide/judge.ts";
import { isListenedTo } from "./decide/said_name.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import { decodePacket, PROTOCOL } from "./decode/packet.ts";
import { DnsGate, type GateWorld } from "./dns_gate.ts";
import { MARK } from "./enforce/marks.ts";
import { PROBE_ADDRESS } from "./enforce/rule.ts";
import type { Interfaces } from "./observe/interfaces.ts";
import { flowKey } from "./flow_key.ts";
import { type GlanceWorld, isRefusedAtAGlance } from "./glance.ts";
import { Inside, isMarkedForged, type Place } from "./inside.ts";
import { accept, asRead, drop, type Outcome, type Seen } from "./outcome.ts";
import { flowOf } from "./packet_ends.ts";
import { BY_NOBODY } from "./record/done.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { RecentFlows } from "./record/recent.ts";
import { NOBODY } from "./scopes.ts";
import { SecondLook } from "./second_look.ts";
import {
  decideSurely,
  letLive,
  type SureDecision,
  surely,
} from "./sure_decision.ts";
import { isMarkedOpen } from "./watched_datagrams.ts";
import { isOpening } from "./watched_flow.ts";

/** What the pipeline works with; all of it is borrowed. */
export interface PipelineWorld extends GateWorld {
  readonly interfaces: Interfaces;
  /** Whether an entry is for certain senders only. */
  readonly isScoped: boolean;
  /** Whether a whole host is guarded and not one command. */
  readonly host: boolean;
  /** Whether the name that a client itself says is asked for too. */
  readonly asksNames: boolean;
  /** Whether what servers answer to containers comes to the queue. */
  readonly hearsAnswers: boolean;
  /** The queue that DNS comes by. */
  readonly dnsQueue: number;
}

/** Judges packets, one at a time. */
export class Pipeline {
  readonly #world: PipelineWorld;
  readonly #dns: DnsGate;
  readonly #said = new RecentFlows();
  readonly #inside: Inside;
  readonly #second: SecondLook;
  readonly #glance: GlanceWorld;

  /** @param world Must outlive this object. */
  constructor(world: PipelineWorld) {
    this.#world = world;
    this.#dns = new DnsGate(world, {
      judge: (seen) => this.#judgeFlow(seen),
      placeOf: (seen) => this.#place(seen),
      decide: (seen, owner) => this.#decide(seen, owner).decision,
      describe: (seen, of) => this.#event(seen, of),
    });
    this.#inside = new Inside(world.interfaces, world.allowMark);
    this.#second = new SecondLook({
      ...world,
      said: this.#said,
      acknowledged: (seen) => world.attribution.acknowledged(seen),
    });
    this.#glance = {
      ...world,
      placeOf: (seen) => this.#place(seen),
      isWatched: (key) => this.#second.has(key),
    };
  }

  /**
   * Judges one packet.
   *
   * @param queued As the kernel described it; its payload is a view.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns The verdict, and the events to make before the next packet is
   * received.
   */
  judge(queued: QueuedPacket, nowMs: number): Outcome {
    const decoded = decodePacket(queued.payload);
    if (!decoded.ok) return this.#refuseUnread(queued);
    const seen = { queued, packet: decoded.value, nowMs };
    if (queued.hook === HOOK.PRE_ROUTING) return this.#judgeSource(seen);
    if (isMarkedForged(queued)) return this.#refuseForged(seen);
    if (queued.queue === this.#world.dnsQueue) {
      return asRead(this.#dns.judge(seen));
    }
    return this.#judgeFlow(seen);
  }

  /** Whether a packet is refused whoever sent it; changes nothing. */
  isRefusedAtAGlance(seen: Seen): boolean {
    return isRefusedAtAGlance(seen, this.#glance);
  }

  /** Whether packets may wait, so that time is to be looked at often. */
  get isHolding(): boolean {
    return this.#second.isHolding;
  }

  /** What comes of time passing; Infinity ends all that waits. */
  expire(nowMs: number): Outcome[] {
    return [
      ...this.#dns.expire(nowMs),
      ...this.#second.expire(nowMs),
    ];
  }

  #judgeFlow(seen: Seen): Outcome {
    const { queued, packet, nowMs } = seen;
    if (isProbe(packet.destination)) return accept(MARK.DENY);
    const place = this.#place(seen);
    if (place.kind === "inside") {
      if (place.mark === MARK.PASS) this.#second.hear(seen);
      return accept(place.mark);
    }
    if (place.kind === "forged") return this.#refuseForged(seen);
    const watched = this.#second.judge(seen);
    if (watched !== null) return watched;
    const owner = this.#world.attribution.find(seen);
    const { decision, isScoped } = this.#decide(seen, owner);
    // Held packets are released on the queue of flows.
    const canWait = queued.queue !== this.#world.dnsQueue;
    const listened = { ...this.#world, first: decision };
    if (canWait && isListenedTo(flowOf(packet, NOBODY), listened)) {
      return this.#watch(seen, { owner, first: decision, isScoped });
    }
    const event = () => [this.#event(seen, { owner, decision })];
    // Another program can take over a UDP socket's ports at any time.
    if (isScoped && packet.protocol === PROTOCOL.UDP) {
      const isNews = this.#said.isNews(flowKey(packet), nowMs);
      return accept(MARK.PASS, isNews ? event : undefined);
    }
    const isKept = decision.why !== "open_before_arming";
    if (isKept && (decision.decision === "allow" || !decision.enforced)) {
      const isTold = isMarkedOpen(queued.mark);
      return accept(this.#world.allowMark, isTold ? undefined : event);
    }
    // Said once and not for each packet: of these no flow is kept. What was
    // open before is in the journal since the guard was armed.
    const isNews = isKept && this.#said.isNews(flowKey(packet), nowMs);
    const mark = isKept ? MARK.DENY : this.#world.allowMark;
    return accept(mark, isNews ? event : undefined);
  }

  #watch(
    seen: Seen,
    of: { owner: Owner | null; first: Decision; isScoped: boolean },
  ): Outcome {
    const { packet, nowMs } = seen;
    const { owner, first, isScoped } = of;
    // The packet is a view, and its sender may have changed, when it is told.
    const ends = endsOf(seen.queued, packet);
    const { attribution } = this.#world;
    let done = BY_NOBODY;
    const sender = attribution.senderOf(owner);
    const decideAgain = (decide: (sender: Sender) => Decision) =>
      decideSurely(owner, { attribution, decide }).decision;
    return this.#second.open({
      key: flowKey(packet),
      flow: flowOf(packet, sender),
      first,
      isScoped,
      // Anybody may have begun it, which does not hold for every name.
      ...(isScoped || sender === NOBODY ? {} : { decideAgain }),
      describe: (told) => connectionEvent(ends, { ...told, done }),
      learn: () => void (done = attribution.describe(owner, nowMs)),
    }, seen);
  }

  /** A packet that came in by another way than its source lies. */
  #judgeSource(seen: Seen): Outcome {
    const isForged = this.#world.host && this.#inside.isForged(seen);
    return isForged ? this.#refuseForged(seen) : accept(0);
  }

  /** In silence: an answer would go to whom the sender names. */
  #refuseForged(seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const isOwn = seen.queued.hook === HOOK.LOCAL_OUT;
    // Of our own, the answers would go where a deny entry may forbid.
    const enforced = this.#world.policy.egress === "block" ||
      (isOwn && !this.#world.policy.deny.isEmpty);
    const owner = isOwn ? this.#world.attribution.find(seen) : null;
    const egress = enforced ? "block" : "audit";
    const decision = refuse("source_forged", { egress, names: [] });
    const isNews = this.#said.isNews(flowKey(packet), nowMs);
    const event = () => [this.#event(seen, { owner, decision })];
    const events = isNews ? event : undefined;
    return enforced ? drop(events) : accept(MARK.PASS, events);
  }

  #decide({ queued, packet, nowMs }: Seen, owner: Owner | null): SureDecision {
    const { openFlows, policy, host } = this.#world;
    // A SYN opens a new connection, between whatever ends it may be.
    if (openFlows.size > 0 && !isOpening(packet)) {
      if (openFlows.has(flowKey(packet))) return letLive("open_before_arming");
    }
    if (host && isDhcp(packet, queued.uid)) return letLive("dhcp");
    const world = { policy, names: this.#world.names, nowMs };
    const sure = decideSurely(owner, {
      attribution: this.#world.attribution,
      decide: (sender) => decideFlow(flowOf(packet, sender), world),
    });
    const { decision } = sure;
    if (decision.decision === "allow" || !packet.fragment) return sure;
    return surely({ ...decision, why: "fragment" });
  }

  #place(seen: Seen): Place {
    return this.#world.host ? this.#inside.placeOf(seen) : { kind: "outside" };
  }

  #refuseUnread(queued: QueuedPacket): Outcome {
    // It may be meant for what a deny entry names.
    const enforced = this.#world.policy.egress === "block" ||
      !this.#world.policy.deny.isEmpty;
    const event = () => [unreadEvent(queued, enforced)];
    return accept(enforced ? MARK.DENY : MARK.PASS, event);
  }

  #event(
    { queued, packet, nowMs }: Seen,
    of: { owner: Owner | null; decision: Decision },
  ): ConnectionEvent {
    const { owner, decision } = of;
    const done = this.#world.attribution.describe(owner, nowMs);
    const ends = endsOf(queued, packet);
    return connectionEvent(ends, { decision, sni: null, done });
  }
}

function isProbe(address: Uint8Array): boolean {
  return address.length === 4 &&
    PROBE_ADDRESS.every((byte, at) => byte === address[at]);
}
