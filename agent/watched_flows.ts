/**
 * Flows whose first packet is allowed by a name, until the client has said it.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import { HOOK } from "./decode/nfqueue.ts";
import type { Packet } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { MARK } from "./enforce/marks.ts";
import { FairTable } from "./fair_table.ts";
import { type Events, FlowJudge, type JudgeWorld } from "./flow_judge.ts";
import { writeSilent } from "./flow_judge.ts";
import { LateFlows } from "./late_flows.ts";
import { accept, asRead, carry, drop, given, hold } from "./outcome.ts";
import type { Outcome, Released, Seen } from "./outcome.ts";
import type { ConnectionEvent } from "./record/event.ts";
import { isSilent, openBeside, pass, passEmpty } from "./passing.ts";
import { isOpening, type Watched, WatchedFlow } from "./watched_flow.ts";
import type { HearWorld } from "./watched_flow.ts";

/** Flows at a time, and what they cost in bytes, see `watched_flow.ts`. */
const LIMITS = { count: 8_192, weight: 1 << 25 } as const;
/** Packets of one flow that wait for a verdict. */
const MAX_HELD_PER_FLOW = 48;
/** A client that has begun to speak says its name within this. */
const SAY_MS = 5_000;
/** A client that has not begun is written into the journal after this. */
const SILENT_MS = 10_000;
/** What a client has said may have to be sent again so long after its end. */
const LINGER_MS = 60_000;
const UNREADABLE: Said = { kind: "unreadable" };

/** What the second look works with; borrowed. */
export interface WatchWorld extends JudgeWorld, HearWorld {
  /** The mark of a flow that is not asked about again. */
  readonly allowMark: number;
}

/** Packets that waited and are answered now, and what is said of it. */
interface Ended {
  readonly released: readonly Released[];
  readonly events: Events;
}

/** The flows that have not said their name yet. */
export class WatchedFlows {
  readonly #world: WatchWorld;
  readonly #judge: FlowJudge;
  readonly #flows = new FairTable<WatchedFlow>(LIMITS);
  #isHolding = false;
  readonly #late = new LateFlows();
  /** What waited of connections that are no more. */
  readonly #orphans: Released[] = [];

  /** @param world Must outlive this object. */
  constructor(world: WatchWorld) {
    this.#world = world;
    this.#judge = new FlowJudge(world);
  }

  /** Whether packets may wait, so that time is to be looked at often. */
  get isHolding(): boolean {
    return this.#isHolding;
  }

  /** How many flows something is known of. */
  get size(): number {
    return this.#flows.size + this.#late.size;
  }

  /** Whether something is known of a flow. */
  has(key: string): boolean {
    return this.#flows.get(key) !== undefined || this.#late.isKnown(key);
  }

  /** Begins to watch a flow, with its first packet. */
  open(watched: Watched, seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    // The rest of a connection that has ended. Whoever says something behind a
    // beginning that nobody has seen is refused.
    if (isSilent(packet)) return accept(MARK.PASS);
    const flow = new WatchedFlow(watched, seen);
    const before = this.#flows.get(flow.key);
    if (before !== undefined) return openBeside(before, { flow, packet });
    this.#flows.add(flow);
    if (isOpening(packet)) this.#late.delete(flow.key);
    if (!this.#late.isForgotten(flow.key)) return this.#look(flow, seen);
    return this.#giveUp(flow, { said: { kind: "forgotten" }, seen, nowMs });
  }

  /** Judges a further packet of a flow; null when it is not watched. */
  judge(key: string, seen: Seen): Outcome | null {
    const { packet, queued } = seen;
    const flow = this.#flows.get(key);
    if (flow === undefined) {
      const mark = this.#late.markOf(key, { ...this.#world, packet });
      return mark === null ? null : accept(mark);
    }
    if (!flow.isReopenedBy(packet)) return this.#look(flow, seen);
    if (flow.next?.isReopenedBy(packet) === false) return passEmpty(packet);
    // A socket of this machine has left its old connection. Who writes packets
    // by hand may not have: there, only the server's word on the new one counts.
    const isOver = queued.hook !== HOOK.FORWARD || !this.#world.hearsAnswers;
    if (isOver && flow.contains(packet)) return drop();
    if (isOver) this.#replace(flow, null);
    return null;
  }

  /**
   * Hears what a server says to a container.
   *
   * @param key The flow's own, from the client to the server.
   */
  hear(key: string, packet: Packet): void {
    const flow = this.#flows.get(key);
    if (flow === undefined || (packet.tcpFlags & TCP_FLAG.ACK) === 0) return;
    const { next } = flow;
    next?.hear(packet);
    if (next === null || next.heard === null) return flow.hear(packet);
    this.#replace(flow, next);
  }

  /** What time decides: clients that stopped speaking in the middle. */
  expire(nowMs: number): Outcome[] {
    const orphans = this.#orphans.splice(0);
    const outcomes: Outcome[] = [{ ...hold(), released: orphans }];
    this.#isHolding = false;
    for (const flow of this.#flows.values()) {
      if (nowMs - flow.heldSinceMs > SAY_MS) {
        outcomes.push(this.#giveUp(flow, { said: UNREADABLE, nowMs }));
      } else if (flow.isCorked(nowMs)) {
        outcomes.push({ ...hold(), released: flow.shed() });
      } else if (nowMs - flow.openedAtMs > SILENT_MS) {
        const events = writeSilent(flow);
        outcomes.push(carry(hold(), { released: [], events }));
      }
      this.#isHolding ||= flow.heldCount > 0;
      if (nowMs - flow.endedAtMs > LINGER_MS) this.#flows.delete(flow);
    }
    this.#late.expire(nowMs);
    return outcomes.filter(({ released, events }) =>
      released.length > 0 || events !== undefined
    );
  }

  #look(flow: WatchedFlow, seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const isBlocking = this.#world.policy.egress === "block";
    if (isBlocking && flow.isUnsure(seen, this.#world)) return drop();
    flow.follow(packet);
    const reading = flow.reader.add(
      packet,
      () => flow.heardBy(seen, this.#world),
    );
    const { said, before = [], settled, waiting, early } = reading;
    const all = said === null ? before : [...before, said];
    const { isRefused, events } = this.#judge.judge(flow, { all, nowMs });
    if (isRefused || settled) {
      return this.#end(flow, { isRefused, events, seen, nowMs });
    }
    if (early) return carry(drop(), { released: [], events });
    if (waiting) flow.hold(seen);
    this.#isHolding ||= waiting;
    if (flow.heldCount > MAX_HELD_PER_FLOW) {
      return this.#giveUp(flow, { said: UNREADABLE, nowMs });
    }
    const isSaid = !waiting && all.length > 0;
    const released = isSaid ? given(flow.release(), MARK.PASS) : [];
    this.#flows.weigh(flow, flow.fullWeight);
    const excess = this.#takeExcess(nowMs);
    return carry(waiting ? hold() : pass(packet), {
      released: [...released, ...excess.released],
      events: [...events, ...excess.events, ...this.#close(flow, seen)],
    });
  }

  /** A client that goes without a word is done with. */
  #close(flow: WatchedFlow, { packet, nowMs }: Seen): Events {
    const isReset = (packet.tcpFlags & TCP_FLAG.RST) !== 0;
    const isClosing = isReset || (packet.tcpFlags & TCP_FLAG.FIN) !== 0;
    if (packet.payload.length > 0) flow.hasSpoken = true;
    if (!isClosing || flow.heldCount > 0) return [];
    flow.endedAtMs = Math.min(flow.endedAtMs, nowMs);
    // What it said last may have been lost, and is then sent again.
    if (flow.hasSpoken && !isReset) return [];
    this.#flows.delete(flow);
    if (!isReset) this.#late.addClosed(flow.key, nowMs);
    return writeSilent(flow);
  }

  /** Decides about a flow by something that is no packet of its. */
  #giveUp(
    flow: WatchedFlow,
    of: { readonly said: Said; readonly nowMs: number; readonly seen?: Seen },
  ): Outcome {
    const { said, nowMs, seen } = of;
    const judged = this.#judge.judge(flow, { all: [said], nowMs });
    return this.#end(flow, { ...judged, nowMs, seen });
  }

  /** Refuses a flow, or lets it go. Without a packet all that waits is all. */
  #end(
    flow: WatchedFlow,
    of: {
      readonly isRefused: boolean;
      readonly events: Events;
      readonly nowMs: number;
      readonly seen?: Seen | undefined;
    },
  ): Outcome {
    const { isRefused, events, nowMs, seen } = of;
    const mark = isRefused ? MARK.DENY : this.#world.allowMark;
    if (!isRefused) this.#late.addLetGo(flow.key, nowMs);
    this.#flows.delete(flow);
    const released = given(flow.release(), mark);
    const outcome = seen === undefined ? { ...hold(), mark } : accept(mark);
    const hasBytes = !isRefused && (seen?.packet.payload.length ?? 0) > 0;
    return carry(hasBytes ? asRead(outcome) : outcome, { released, events });
  }

  /** Forgets the flows that there is no room for. */
  #takeExcess(nowMs: number): Ended {
    const released: Released[] = [];
    const events: (() => ConnectionEvent)[] = [];
    for (const flow of this.#flows.takeExcess()) {
      this.#late.addForgotten(flow.key);
      if (flow.heldCount === 0) {
        events.push(...writeSilent(flow));
        continue;
      }
      const said = { kind: "forgotten" } as const;
      const { isRefused, ...judged } = this.#judge.judge(flow, {
        all: [said],
        nowMs,
      });
      events.push(...judged.events);
      const mark = isRefused ? MARK.DENY : this.#world.allowMark;
      released.push(...given(flow.release(), mark));
    }
    return { released, events };
  }

  /** Puts another connection between the same ends in a flow's place. */
  #replace(flow: WatchedFlow, next: WatchedFlow | null): void {
    this.#orphans.push(...given(flow.release(), MARK.DENY));
    this.#flows.delete(flow);
    if (next !== null) this.#flows.add(next);
  }
}
