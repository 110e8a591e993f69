/**
 * DNS over TCP: no byte of a question leaves before all of it is judged, and
 * names are learned before the client has the last byte of their answer.
 *
 * @module
 */
import { echRecords } from "./decide/ech.ts";
import { decodeDns, type DnsMessage } from "./decode/dns.ts";
import { HOOK } from "./decode/nfqueue.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { DnsEntries, type DnsEntry } from "./dns_entries.ts";
import {
  DnsLedger,
  type JudgedQuestion,
  type LedgerWorld,
} from "./dns_ledger.ts";
import { asAnswer } from "./dns_replies.ts";
import { MARK } from "./enforce/marks.ts";
import { makeReset, mendChecksum } from "./enforce/tcp_change.ts";
import { flowKey, reverseFlowKey } from "./flow_key.ts";
import {
  accept,
  asRead,
  drop,
  hold,
  type Outcome,
  type Seen,
} from "./outcome.ts";
import type { DnsEvent } from "./record/event.ts";

/** What DNS over TCP works with; all of it is borrowed. */
export interface ConnectionsWorld extends LedgerWorld {
  /** The mark that brings both directions of a flow to this guard. */
  readonly dnsMark: number;
  /** The mark of a flow that is not asked about again. */
  readonly allowMark: number;
}

/** The TCP side of DNS. */
export class DnsConnections {
  readonly #world: ConnectionsWorld;
  readonly #ledger: DnsLedger;
  readonly #entries = new DnsEntries();

  /** @param world Must outlive this object. */
  constructor(world: ConnectionsWorld) {
    this.#world = world;
    this.#ledger = new DnsLedger(world, "tcp");
  }

  /** Begins to follow a connection, with its SYN. */
  open(seen: Seen, events?: Outcome["events"]): Outcome {
    this.#entries.open(seen);
    // Data in it would leave before the server has said where they begin; the
    // client sends them again.
    const isBare = seen.packet.payload.length === 0;
    return isBare ? accept(this.#world.dnsMark, events) : drop(events);
  }

  /** Judges a packet of either direction; null when nobody follows its flow. */
  judge(seen: Seen): Outcome | null {
    const { packet, queued, nowMs } = seen;
    // What this machine sends is no answer from outside.
    if (queued.hook !== HOOK.LOCAL_OUT) {
      const answered = this.#entries.use(reverseFlowKey(packet), nowMs);
      if (answered !== null) return this.#judgeServer(answered, seen);
    }
    const asking = this.#entries.use(flowKey(packet), nowMs);
    return asking === null ? null : this.#judgeClient(asking, seen);
  }

  /** Refuses data of a client that nobody has seen begin. */
  refuse(seen: Seen): Outcome {
    const { isRefused, events } = this.#judgeMalformed(seen);
    return accept(isRefused ? MARK.DENY : this.#world.allowMark, events);
  }

  /** What time decides. */
  expire(nowMs: number): Outcome[] {
    const overdue = this.#entries.expire(nowMs).map((entry) => ({
      ...this.#settle(entry, entry.overdue!),
      verdict: null,
    }));
    return [hold(() => this.#ledger.expire(nowMs)), ...overdue];
  }

  /** Null for the SYN of another connection between the same ends. */
  #judgeClient(entry: DnsEntry, seen: Seen): Outcome | null {
    const { packet } = seen;
    const { tcpFlags: flags, tcpSequence: sequence } = packet;
    const { connection, blanks } = entry;
    const isEmpty = packet.payload.length === 0;
    if ((flags & TCP_FLAG.SYN) !== 0) {
      const isSame = ((sequence + 1) >>> 0) === connection.first;
      return isSame && isEmpty ? accept(this.#world.dnsMark) : null;
    }
    if (entry.settledMark !== null) return accept(entry.settledMark);
    if ((flags & TCP_FLAG.ACK) !== 0) {
      blanks.acknowledge(packet.tcpAcknowledgment);
    }
    if ((flags & TCP_FLAG.RST) !== 0) {
      this.#entries.forget(entry);
      return isEmpty ? accept(this.#world.dnsMark) : drop();
    }
    const brought = connection.ask(packet);
    if (brought.kind === "astray") return drop();
    // The end, in the middle of a question.
    const isCut = (flags & TCP_FLAG.FIN) !== 0 && connection.isUnfinished;
    if (brought.kind === "refused" || isCut) {
      return this.#settle(entry, this.#judgeMalformed(seen));
    }
    if (brought.kind === "next") {
      return this.#judgeQuestions(entry, { seen, messages: brought.messages });
    }
    if (connection.isOver) this.#entries.forget(entry);
    return accept(this.#world.dnsMark);
  }

  #judgeQuestions(
    entry: DnsEntry,
    of: { seen: Seen; messages: readonly Uint8Array[] },
  ): Outcome {
    const { seen, messages } = of;
    const owner = this.#world.attribution.find(seen);
    const told: (() => DnsEvent[])[] = [];
    const events = () => told.flatMap((each) => each());
    for (const message of messages) {
      const judged = this.#ledger.judge(message, { seen, owner });
      told.push(judged.events);
      if (judged.isRefused) return this.#settle(entry, { ...judged, events });
    }
    if (entry.connection.isUnfinished) {
      entry.overdue ??= this.#judgeMalformed(seen);
      entry.beganAtMs = Math.min(entry.beganAtMs, seen.nowMs);
      return drop(events);
    }
    entry.overdue = null;
    entry.beganAtMs = Infinity;
    if (entry.connection.isOver) this.#entries.forget(entry);
    return accept(this.#world.dnsMark, events);
  }

  #judgeServer(entry: DnsEntry, seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const { connection, blanks } = entry;
    const isBlocking = this.#world.policy.egress === "block";
    if ((packet.tcpFlags & TCP_FLAG.RST) !== 0) {
      // Ours, where it is refused: what is still under way is refused as well.
      if (entry.settledMark === null) this.#entries.forget(entry);
      return accept(MARK.PASS);
    }
    if (entry.settledMark === MARK.DENY) return drop();
    if (entry.settledMark !== null) return accept(MARK.PASS);
    const expected = connection.serverNext;
    let isChanged = blanks.apply(packet);
    const brought = connection.answer(packet);
    if (brought.kind === "astray") return drop();
    let isReadable = brought.kind !== "refused";
    const told: (() => DnsEvent[])[] = [];
    const events = () => told.flatMap((each) => each());
    for (const bytes of brought.kind === "next" ? brought.messages : []) {
      let message = readMessage(bytes);
      const hidden = message === null || !isBlocking ? [] : echRecords(message);
      if (hidden.length > 0) {
        const isHidden = hidden.every((record) => blanks.add(record, packet));
        message = isHidden ? readMessage(bytes) : null;
        isChanged = true;
      }
      if (message === null) {
        isReadable = false;
        continue;
      }
      const ends = asAnswer(packet);
      const asked = this.#ledger.take(message, { ...ends, nowMs });
      if (asked === null) continue;
      told.push(this.#ledger.learn(message, { asked, nowMs }));
    }
    if (!isReadable && isBlocking) {
      entry.settledMark = MARK.DENY;
      makeReset(seen.queued.payload, { packet, sequence: expected });
      return asRead(accept(MARK.PASS, events));
    }
    if (connection.isOver) this.#entries.forget(entry);
    const passed = accept(MARK.PASS, events);
    if (!isChanged) return passed;
    mendChecksum(seen.queued.payload, packet);
    return asRead(passed);
  }

  #judgeMalformed(seen: Seen): JudgedQuestion {
    const owner = this.#world.attribution.find(seen);
    return this.#ledger.judgeMalformed(seen, owner);
  }

  /** Refuses a connection, or lets go of one that can be followed no longer. */
  #settle(entry: DnsEntry, { isRefused, events }: JudgedQuestion): Outcome {
    entry.settledMark = isRefused ? MARK.DENY : this.#world.allowMark;
    return accept(entry.settledMark, events);
  }
}

function readMessage(bytes: Uint8Array): DnsMessage | null {
  const decoded = decodeDns(bytes);
  return decoded.ok ? decoded.value : null;
}
