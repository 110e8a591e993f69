/**
 * UDP flows that are allowed by a name: each of their QUIC connections is asked
 * for the name that its client says.
 *
 * What opens no connection goes with the flow. That the flow was let go the
 * kernel remembers, in the connection's mark.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import { decideSaid } from "./decide/said_name.ts";
import { mayOpenConnection } from "./decode/quic_header.ts";
import { MARK, withMark } from "./enforce/marks.ts";
import { flowKey } from "./flow_key.ts";
import { accept, given, hold } from "./outcome.ts";
import type { Outcome, Released, Seen, Waiting } from "./outcome.ts";
import { QuicNameReader } from "./quic_name_reader.ts";
import {
  isWritten,
  newFlow,
  type Opening,
  type UdpFlow,
  type WatchedDatagram,
} from "./udp_flow.ts";
import { decideFor } from "./watched_flow.ts";
import type { WatchWorld } from "./watched_flows.ts";

/** What UDP flows are judged by. */
type World = Omit<WatchWorld, "acknowledged" | "hearsAnswers">;

/** Flows at a time, and bytes of what they said; the oldest is forgotten. */
const MAX_FLOWS = 4_096;
const MAX_BYTES = 1 << 25;
/** Datagrams that wait for a verdict, of one connection and of all. */
const MAX_HELD_EACH = 48;
const MAX_HELD = 1_024;
/** A client that has begun a hello ends it within this. */
const SAY_MS = 5_000;
/** Where nothing was seen for so long, the kernel has forgotten the flow too. */
const KEEP_MS = 180_000;

/** The UDP flows whose clients are asked for names. */
export class WatchedDatagrams {
  readonly #world: World;
  /** In the order in which they were last seen. */
  readonly #flows = new Map<string, UdpFlow>();
  /** In the order of their beginning. */
  readonly #openings = new Set<Opening>();
  /** Of flows that had to be forgotten; what they hold is yet to be answered. */
  readonly #evicted: Opening[] = [];
  #heldCount = 0;
  #bytes = 0;

  /** @param world Must outlive this object. */
  constructor(world: World) {
    this.#world = world;
  }

  /** How many flows something is known of. */
  get size(): number {
    return this.#flows.size;
  }

  /** Whether something is known of a flow. */
  has(key: string): boolean {
    return this.#flows.has(key);
  }

  /**
   * Judges a datagram that goes on with what was begun; null when it is to be
   * found out who sends it.
   */
  judge(seen: Seen): Outcome | null {
    const { packet, queued, nowMs } = seen;
    const isMarked = isMarkedOpen(queued.mark);
    if (!isMarked && this.#flows.size === 0) return null;
    const flow = this.#flows.get(flowKey(packet));
    if (flow?.watched.isScoped) return null;
    const isOpen = isMarked || flow?.isOpen === true;
    if (isOpen && !mayOpenConnection(packet.payload)) {
      if (flow !== undefined) this.#touch(flow, nowMs);
      return accept(this.#world.allowMark);
    }
    const isKnown = flow?.reader.knows(packet.payload) === true;
    return isKnown ? this.#look(flow!, flow!.watched, seen) : null;
  }

  /** Judges any datagram of a flow that is allowed by a name. */
  open(watched: WatchedDatagram, seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const flow = this.#flows.get(watched.key) ?? newFlow(watched);
    flow.watched = {
      ...watched,
      // The flow outlives the packet that its destination is a view of.
      flow: { ...watched.flow, destination: watched.flow.destination.slice() },
    };
    this.#touch(flow, nowMs);
    if (flow.isOpen && !mayOpenConnection(packet.payload)) {
      return accept(this.#markOf(flow.watched));
    }
    return this.#look(flow, flow.watched, seen);
  }

  /** What time decides: hellos that stopped in the middle. */
  expire(nowMs: number): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const opening of this.#evicted.splice(0)) {
      outcomes.push(this.#giveUp(opening, nowMs));
    }
    for (const opening of this.#openings) {
      if (nowMs - opening.sinceMs <= SAY_MS) break;
      outcomes.push(this.#giveUp(opening, nowMs));
    }
    for (const flow of this.#flows.values()) {
      if (nowMs - flow.seenAtMs <= KEEP_MS) break;
      this.#evict(flow);
    }
    return outcomes;
  }

  #look(flow: UdpFlow, by: WatchedDatagram, seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const { said, connection } = packet.fragment
      ? { said: { kind: "unreadable" } as const, connection: null }
      : flow.reader.add(packet.payload);
    this.#weigh(flow);
    if (said === null) {
      return this.#hold({ flow, by, connection: connection!, seen });
    }
    const opening = connection === null
      ? undefined
      : flow.openings.get(connection);
    const outcome = this.#decide(opening?.watched ?? by, { flow, said, nowMs });
    return { ...outcome, released: this.#release(opening, outcome.mark) };
  }

  #decide(
    by: WatchedDatagram,
    of: { flow: UdpFlow; said: Said; nowMs: number },
  ): Outcome {
    const { flow, said, nowMs } = of;
    const { first } = by;
    const world = { ...this.#world, said, first, nowMs };
    const decision = decideFor(by, (as) => decideSaid(as, world));
    const sni = said.kind === "tls" ? said.name : null;
    const events = () => [by.describe({ decision, sni, asked: null })];
    const news = `${flow.key} ${said.kind} ${sni}`;
    if (decision.decision === "deny" && decision.enforced) {
      const isNews = this.#world.said.isNews(news, nowMs);
      return accept(MARK.DENY, isNews ? events : undefined);
    }
    flow.isOpen = true;
    return accept(this.#markOf(by), isWritten(flow, news) ? undefined : events);
  }

  #hold(
    of: { flow: UdpFlow; by: WatchedDatagram; connection: string; seen: Seen },
  ): Outcome {
    const { flow, by, connection, seen: { queued, nowMs } } = of;
    let opening = flow.openings.get(connection);
    if (opening === undefined) {
      const held: Waiting[] = [];
      opening = { flow, watched: by, connection, held, sinceMs: nowMs };
      flow.openings.set(connection, opening);
      this.#openings.add(opening);
    }
    const { id, mark, payload } = queued;
    opening.held.push({ id, mark, bytes: payload.slice() });
    this.#heldCount++;
    if (opening.held.length > MAX_HELD_EACH) {
      return this.#giveUp(opening, nowMs);
    }
    // The oldest: an honest client sends all of its hello at once, so that of
    // a flood is what waits.
    return this.#heldCount > MAX_HELD
      ? this.#giveUp(this.#openings.values().next().value!, nowMs)
      : hold();
  }

  /** Refuses what waits for the rest of a hello any longer. */
  #giveUp(opening: Opening, nowMs: number): Outcome {
    const { flow, watched, connection } = opening;
    flow.reader.forget(connection);
    const said: Said = { kind: "unreadable" };
    const outcome = this.#decide(watched, { flow, said, nowMs });
    const released = this.#release(opening, outcome.mark);
    return { ...outcome, verdict: null, released };
  }

  /** Takes the datagrams that wait, to be answered. */
  #release(opening: Opening | undefined, mark: number): readonly Released[] {
    if (opening === undefined) return [];
    const { flow, connection, held } = opening;
    flow.openings.delete(connection);
    this.#openings.delete(opening);
    this.#heldCount -= held.length;
    return given(held.splice(0), mark);
  }

  /** Puts a flow behind all others. */
  #touch(flow: UdpFlow, nowMs: number): void {
    flow.seenAtMs = nowMs;
    this.#flows.delete(flow.key);
    this.#flows.set(flow.key, flow);
    while (this.#flows.size > MAX_FLOWS) this.#evictOldest();
  }

  #weigh(flow: UdpFlow): void {
    this.#bytes -= flow.size;
    flow.size = flow.reader.size;
    this.#bytes += flow.size;
    while (this.#bytes > MAX_BYTES) this.#evictOldest();
  }

  #evictOldest(): void {
    this.#evict(this.#flows.values().next().value!);
  }

  #evict(flow: UdpFlow): void {
    this.#flows.delete(flow.key);
    this.#evicted.push(...flow.openings.values());
    this.#bytes -= flow.size;
    flow.size = 0;
    flow.reader = new QuicNameReader();
  }

  /** The mark of what is let go. */
  #markOf({ isScoped }: WatchedDatagram): number {
    return isScoped ? MARK.PASS : this.#world.allowMark;
  }
}

/**
 * Whether the kernel has the packet's flow for let go: nobody else's mark gets
 * as far as the queue.
 *
 * @param mark The packet's mark in the queue.
 */
export function isMarkedOpen(mark: number): boolean {
  return withMark(mark, MARK.OPEN) === mark;
}
