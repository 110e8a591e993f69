/**
 * DNS over UDP: a query judged before it leaves, its answer learned from
 * before the client sees it.
 *
 * @module
 */
import { offersEch } from "./decide/ech.ts";
import { decodeDns } from "./decode/dns.ts";
import { dnsEvent } from "./dns_event.ts";
import { DnsLedger, type LedgerWorld } from "./dns_ledger.ts";
import { asAnswer, DnsReplies, queryKey } from "./dns_replies.ts";
import type { DnsRefuser } from "./enforce/dns_reply.ts";
import { MARK } from "./enforce/marks.ts";
import { accept, drop, type Outcome, type Seen } from "./outcome.ts";
import type { DnsEvent } from "./record/event.ts";

/** What DNS over UDP works with; all of it is borrowed. */
export interface DatagramsWorld extends LedgerWorld {
  readonly refuser: DnsRefuser;
  /** The mark that brings the answers of a flow back to this guard. */
  readonly dnsMark: number;
}

/** The UDP side of DNS. */
export class DnsDatagrams {
  readonly #world: DatagramsWorld;
  readonly #ledger: DnsLedger;
  readonly #replies: DnsReplies;

  /** @param world Must outlive this object. */
  constructor(world: DatagramsWorld) {
    this.#world = world;
    this.#ledger = new DnsLedger(world, "udp");
    this.#replies = new DnsReplies(world.refuser);
  }

  /** Judges a datagram to port 53. */
  judgeQuery(seen: Seen): Outcome {
    const { packet, nowMs } = seen;
    const owner = this.#world.attribution.find(seen);
    const judged = this.#ledger.judge(packet.payload, { seen, owner });
    const { message, isRefused, why, events } = judged;
    if (!isRefused) return accept(this.#world.dnsMark, events);
    const isAnswered = message !== null &&
      this.#replies.refuse(packet, { message, why, nowMs });
    return isAnswered ? drop(events) : accept(MARK.DENY, events);
  }

  /** Judges an answer from port 53, and learns from it. */
  judgeAnswer({ packet, nowMs }: Seen): Outcome {
    const isBlocking = this.#world.policy.egress === "block";
    const unexpected = isBlocking ? drop() : accept(MARK.PASS);
    const decoded = decodeDns(packet.payload);
    if (!decoded.ok) return unexpected;
    const message = decoded.value;
    if (!message.response || message.questions.length !== 1) return unexpected;
    const ends = asAnswer(packet);
    const asked = this.#ledger.take(message, { ...ends, nowMs });
    if (asked === null) {
      const isOurs = this.#replies.isOurs(queryKey(message, ends), nowMs);
      return isOurs ? accept(MARK.PASS) : unexpected;
    }
    if (isBlocking && offersEch(message)) {
      // With it the client would say the name where only its server can read.
      this.#replies.answerEmpty(packet, { message, nowMs });
      return drop(() => [dnsEvent(asked, [])]);
    }
    return accept(MARK.PASS, this.#ledger.learn(message, { asked, nowMs }));
  }

  /** The events of queries that nobody answered in time. */
  expire(nowMs: number): DnsEvent[] {
    this.#replies.expire(nowMs);
    return this.#ledger.expire(nowMs);
  }
}
