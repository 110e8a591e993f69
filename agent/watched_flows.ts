/**
 * Flows whose first packet is allowed by a name, until the client has said it.
 *
 * @module
 */
import type { Decision, Flow } from "./decide/decision.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import { decideSaid, type Said } from "./decide/said_name.ts";
import { type Packet, PROTOCOL } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { MARK } from "./enforce/marks.ts";
import type { NameReader } from "./reading.ts";
import {
  accept,
  hold,
  type Outcome,
  type Seen,
  type Waiting,
} from "./outcome.ts";
import type { ConnectionEvent } from "./record/event.ts";
import type { RecentFlows } from "./record/recent.ts";
import { TcpNameReader } from "./tcp_name_reader.ts";

/** Flows at a time; the oldest is forgotten when there are more. */
const MAX_FLOWS = 8_192;
/** Packets that wait for a verdict, of one flow and of all. */
const MAX_HELD_PER_FLOW = 48;
const MAX_HELD = 2_048;
/** A client that has begun to speak says its name within this. */
const SAY_MS = 5_000;
/** A packet of a flow that was let go is in the queue no longer than this. */
const LET_GO_MS = 5_000;
/** A client that has not begun is written into the journal after this. */
const SILENT_MS = 10_000;

/** Makes the event of a flow, when its decision is known. */
export type Describe = (
  of: { decision: Decision; sni: string | null },
) => ConnectionEvent;

/** A flow at its first packet. */
export interface Watched {
  readonly key: string;
  readonly flow: Flow;
  /** The decision about the first packet. */
  readonly first: Decision;
  readonly describe: Describe;
}

interface Entry extends Watched {
  readonly reader: NameReader;
  /** Packets that wait. */
  readonly held: Waiting[];
  readonly openedAtMs: number;
  /** When the first packet began to wait; Infinity before. */
  heldSinceMs: number;
  isWritten: boolean;
}

/** What the second look works with; borrowed. */
export interface WatchWorld {
  readonly policy: CompiledPolicy;
  readonly names: NameTable;
  /** What was written of refused flows. */
  readonly said: RecentFlows;
  /** The mark of a flow that is not asked about again. */
  readonly allowMark: number;
}

/** The flows that have not said their name yet. */
export class WatchedFlows {
  readonly #world: WatchWorld;
  /** In the order of their opening. */
  readonly #entries = new Map<string, Entry>();
  /** Flows that had to be forgotten; what they hold is yet to be answered. */
  readonly #evicted: Entry[] = [];
  /** When flows were let go, in the order of time. */
  readonly #letGoAtMs = new Map<string, number>();
  #heldCount = 0;

  /** @param world Must outlive this object. */
  constructor(world: WatchWorld) {
    this.#world = world;
  }

  /** How many flows something is known of. */
  get size(): number {
    return this.#entries.size + this.#letGoAtMs.size;
  }

  /** Whether something is known of a flow. */
  has(key: string): boolean {
    return this.#entries.has(key) || this.#letGoAtMs.has(key);
  }

  /** Begins to watch a flow, with its first packet. */
  open(watched: Watched, seen: Seen): Outcome {
    // The rest of a connection that has ended. Whoever says something behind a
    // beginning that nobody has seen is refused.
    if (saysNothing(seen.packet)) return accept(MARK.PASS);
    const entry: Entry = {
      ...watched,
      // The flow outlives the packet that its destination is a view of.
      flow: { ...watched.flow, destination: watched.flow.destination.slice() },
      reader: new TcpNameReader(),
      held: [],
      openedAtMs: seen.nowMs,
      heldSinceMs: Infinity,
      isWritten: false,
    };
    this.#entries.set(entry.key, entry);
    if (this.#entries.size > MAX_FLOWS) {
      const oldest: Entry = this.#entries.values().next().value!;
      this.#entries.delete(oldest.key);
      this.#evicted.push(oldest);
    }
    return this.#look(entry, seen);
  }

  /** Judges a further packet of a flow; null when it is not watched. */
  judge(key: string, seen: Seen): Outcome | null {
    const entry = this.#entries.get(key);
    if (entry !== undefined) return this.#look(entry, seen);
    if (!this.#letGoAtMs.has(key)) return null;
    // It was in the queue already when the flow was let go.
    if (!isOpening(seen.packet)) return accept(this.#world.allowMark);
    this.#letGoAtMs.delete(key);
    return null;
  }

  /** What time decides: clients that stopped speaking in the middle. */
  expire(nowMs: number): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const entry of this.#evicted.splice(0)) {
      if (entry.held.length > 0) outcomes.push(this.#giveUp(entry, nowMs));
      else if (!entry.isWritten) outcomes.push(writeSilent(entry));
    }
    for (const entry of [...this.#entries.values()]) {
      if (nowMs - entry.heldSinceMs > SAY_MS) {
        outcomes.push(this.#giveUp(entry, nowMs));
      } else if (!entry.isWritten && nowMs - entry.openedAtMs > SILENT_MS) {
        outcomes.push(writeSilent(entry));
      }
    }
    for (const [key, atMs] of this.#letGoAtMs) {
      if (nowMs - atMs <= LET_GO_MS) break;
      this.#letGoAtMs.delete(key);
    }
    return outcomes;
  }

  #look(entry: Entry, seen: Seen): Outcome {
    const { packet, queued, nowMs } = seen;
    const { said, settled, waiting } = entry.reader.add(packet);
    if (waiting) {
      entry.held.push({ id: queued.id, mark: queued.mark });
      this.#heldCount++;
      const isFull = entry.held.length > MAX_HELD_PER_FLOW ||
        this.#heldCount > MAX_HELD;
      if (isFull) return this.#giveUp(entry, nowMs);
      entry.heldSinceMs = Math.min(entry.heldSinceMs, nowMs);
      return hold();
    }
    if (said !== null) return this.#decide(entry, { said, settled, nowMs });
    // A handshake or an acknowledgement; it carries nothing.
    const isClosing = (packet.tcpFlags & (TCP_FLAG.RST | TCP_FLAG.FIN)) !== 0;
    return isClosing && entry.held.length === 0
      ? this.#close(entry)
      : accept(MARK.PASS);
  }

  #decide(
    entry: Entry,
    of: { said: Said; settled: boolean; nowMs: number },
  ): Outcome {
    const { said, settled, nowMs } = of;
    const { flow, first } = entry;
    const decision = decideSaid(flow, { ...this.#world, said, first, nowMs });
    const isRefused = decision.decision === "deny" && decision.enforced;
    const sni = said.kind === "tls" || said.kind === "http" ? said.name : null;
    const isNews = isRefused
      ? this.#world.said.isNews(entry.key, nowMs)
      : !entry.isWritten;
    entry.isWritten = true;
    const event = () => [entry.describe({ decision, sni })];
    const events = isNews ? event : undefined;
    if (isRefused || settled) {
      if (!isRefused) this.#letGo(entry.key, nowMs);
      const mark = isRefused ? MARK.DENY : this.#world.allowMark;
      return { ...accept(mark, events), released: this.#forget(entry) };
    }
    const released = this.#release(entry);
    return { ...accept(MARK.PASS, events), released };
  }

  /** Refuses a flow that cannot be waited for any longer. */
  #giveUp(entry: Entry, nowMs: number): Outcome {
    const outcome = this.#decide(entry, {
      said: { kind: "unreadable" },
      settled: true,
      nowMs,
    });
    return { ...outcome, verdict: null };
  }

  /** The client has gone without a word. */
  #close(entry: Entry): Outcome {
    this.#forget(entry);
    const told = entry.isWritten ? undefined : writeSilent(entry).events;
    return accept(MARK.PASS, told);
  }

  #letGo(key: string, nowMs: number): void {
    this.#letGoAtMs.set(key, nowMs);
    if (this.#letGoAtMs.size <= MAX_FLOWS) return;
    this.#letGoAtMs.delete(this.#letGoAtMs.keys().next().value!);
  }

  #forget(entry: Entry): readonly Waiting[] {
    // Another flow may have taken the place of an evicted one.
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
    return this.#release(entry);
  }

  /** Takes the packets that wait, to be answered. */
  #release(entry: Entry): readonly Waiting[] {
    this.#heldCount -= entry.held.length;
    entry.heldSinceMs = Infinity;
    return entry.held.splice(0);
  }
}

/** Writes that a client has said nothing; it answers no packet. */
function writeSilent(entry: Entry): Outcome {
  entry.isWritten = true;
  const { first: decision, describe } = entry;
  return hold(() => [describe({ decision, sni: null })]);
}

/** Whether a packet asks for a connection. */
export function isOpening({ protocol, tcpFlags }: Packet): boolean {
  return protocol === PROTOCOL.TCP &&
    (tcpFlags & (TCP_FLAG.SYN | TCP_FLAG.ACK)) === TCP_FLAG.SYN;
}

function saysNothing({ protocol, tcpFlags, payload }: Packet): boolean {
  return protocol === PROTOCOL.TCP && payload.length === 0 &&
    (tcpFlags & TCP_FLAG.SYN) === 0;
}
