/**
 * Flows whose first packet is allowed by a name, until the client has said it.
 *
 * @module
 */
import type { Decision, Flow } from "./decide/decision.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import { decideSaid, type Said } from "./decide/said_name.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { MARK } from "./enforce/marks.ts";
import { type NameReader, nameReader } from "./name_reader.ts";
import {
  accept,
  hold,
  type Outcome,
  type Seen,
  type Waiting,
} from "./outcome.ts";
import type { ConnectionEvent } from "./record/event.ts";
import type { RecentFlows } from "./record/recent.ts";

/** Flows at a time; the oldest is refused soon when there are more. */
const MAX_FLOWS = 8_192;
/** Packets that wait for a verdict, of one flow and of all. */
const MAX_HELD_PER_FLOW = 48;
const MAX_HELD = 2_048;
/** A client that has begun to speak says its name within this. */
const SAY_MS = 5_000;
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
  #heldCount = 0;

  /** @param world Must outlive this object. */
  constructor(world: WatchWorld) {
    this.#world = world;
  }

  /** How many flows are being watched. */
  get size(): number {
    return this.#entries.size;
  }

  /** Begins to watch a flow, with its first packet. */
  open(watched: Watched, seen: Seen): Outcome {
    const reader = nameReader(watched.flow.protocol);
    const entry: Entry = {
      ...watched,
      // The flow outlives the packet that its destination is a view of.
      flow: { ...watched.flow, destination: watched.flow.destination.slice() },
      reader,
      held: [],
      openedAtMs: seen.nowMs,
      heldSinceMs: Infinity,
      isWritten: false,
    };
    this.#entries.set(entry.key, entry);
    if (this.#entries.size > MAX_FLOWS) {
      for (const oldest of this.#entries.values()) {
        if (oldest.heldSinceMs === -Infinity) continue;
        oldest.heldSinceMs = -Infinity;
        break;
      }
    }
    return this.#look(entry, seen);
  }

  /** Judges a further packet of a flow; null when it is not watched. */
  judge(key: string, seen: Seen): Outcome | null {
    const entry = this.#entries.get(key);
    return entry === undefined ? null : this.#look(entry, seen);
  }

  /** What time decides: clients that stopped speaking in the middle. */
  expire(nowMs: number): Outcome[] {
    const outcomes: Outcome[] = [];
    for (const entry of [...this.#entries.values()]) {
      if (nowMs - entry.heldSinceMs > SAY_MS) {
        outcomes.push(this.#giveUp(entry, nowMs));
      } else if (!entry.isWritten && nowMs - entry.openedAtMs > SILENT_MS) {
        entry.isWritten = true;
        const { first: decision } = entry;
        outcomes.push(hold(() => [
          entry.describe({ decision, sni: null }),
        ]));
      }
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
    const { first: decision, isWritten } = entry;
    const event = () => [entry.describe({ decision, sni: null })];
    return accept(MARK.PASS, isWritten ? undefined : event);
  }

  #forget(entry: Entry): readonly Waiting[] {
    this.#entries.delete(entry.key);
    return this.#release(entry);
  }

  /** Takes the packets that wait, to be answered. */
  #release(entry: Entry): readonly Waiting[] {
    this.#heldCount -= entry.held.length;
    entry.heldSinceMs = Infinity;
    return entry.held.splice(0);
  }
}
