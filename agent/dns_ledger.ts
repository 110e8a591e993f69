/**
 * DNS messages whatever carries them: which questions are let out, and what
 * their answers vouch for.
 *
 * @module
 */
import type { Attribution, Owner } from "./attribution.ts";
import { flowOf, tupleOf } from "./packet_ends.ts";
import { learnedFrom } from "./decide/answer.ts";
import type { Decision, Sender } from "./decide/decision.ts";
import { decideFlow } from "./decide/flow.ts";
import { refuse } from "./decide/judge.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import { PendingQueries } from "./decide/pending.ts";
import { isPlainQuery } from "./decide/plain_query.ts";
import { decideQuery } from "./decide/query.ts";
import type { TunnelGuard } from "./decide/tunnel_guard.ts";
import { formatAddress } from "./decode/address.ts";
import { decodeDns, type DnsMessage, type DnsQuestion } from "./decode/dns.ts";
import { type Asked, describeAnswers, dnsEvent } from "./dns_event.ts";
import { answerTo, asQuery, type DnsEnds, queryKey } from "./dns_replies.ts";
import type { LentLookups } from "./lent_lookups.ts";
import type { Seen } from "./outcome.ts";
import { BY_NOBODY } from "./record/done.ts";
import type { DnsEvent } from "./record/event.ts";
import { decideSurely } from "./sure_decision.ts";

/** What questions are judged by; all of it is borrowed. */
export interface LedgerWorld {
  readonly policy: CompiledPolicy;
  readonly names: NameTable;
  readonly resolvers: ReadonlySet<string>;
  readonly attribution: Attribution;
  readonly tunnels: TunnelGuard;
  readonly lent: LentLookups;
  /** A name under `.invalid` that the self-test asks for; always refused. */
  readonly probeName: string;
}

/** One message on its way to a server, judged. */
export interface JudgedQuestion {
  /** Null when it is not one plain question. */
  readonly message: DnsMessage | null;
  /** Whether it must not leave. */
  readonly isRefused: boolean;
  readonly why: Decision["why"];
  /** For after the verdict. */
  readonly events: () => DnsEvent[];
}

const NO_QUESTION = { name: "", type: 0, class: 0 };

/** The questions that go over one transport, and what is in flight of them. */
export class DnsLedger {
  readonly #world: LedgerWorld;
  readonly #transport: "udp" | "tcp";
  readonly #pending = new PendingQueries<Asked>();

  /** @param world Must outlive this object. */
  constructor(world: LedgerWorld, transport: "udp" | "tcp") {
    this.#world = world;
    this.#transport = transport;
  }

  /**
   * Judges one message to a server, and remembers it when it may leave.
   *
   * @param bytes The message.
   * @param of The packet that completes it, and who sent that.
   */
  judge(
    bytes: Uint8Array,
    of: { readonly seen: Seen; readonly owner: Owner | null },
  ): JudgedQuestion {
    const { attribution, probeName } = this.#world;
    const { seen, owner } = of;
    const decoded = decodeDns(bytes);
    if (!decoded.ok || !isPlainQuery(decoded.value)) {
      return this.judgeMalformed(seen, owner);
    }
    const ends = asQuery(seen.packet);
    const message = decoded.value;
    const question = message.questions[0]!;
    if (question.name === probeName) {
      const why = "denied_by_rule";
      return { message, isRefused: true, why, events: () => [] };
    }
    const { nowMs } = seen;
    const decided = this.#decide(seen, { owner, question });
    const decision = this.#limit(decided, { question, nowMs });
    const asked = this.#toAsked(ends, { question, decision });
    const describe = () => {
      asked.done = attribution.describe(owner, nowMs);
    };
    const { why } = decision;
    if (decision.decision === "deny" && decision.enforced) {
      const events = () => {
        describe();
        return [dnsEvent(asked, null)];
      };
      return { message, isRefused: true, why, events };
    }
    const evicted = this.#pending.add(queryKey(message, ends), asked, nowMs);
    const events = () => {
      describe();
      return evicted === null ? [] : [dnsEvent(evicted, null)];
    };
    return { message, isRefused: false, why, events };
  }

  /** Judges what goes to a server and is no question. */
  judgeMalformed(seen: Seen, owner: Owner | null): JudgedQuestion {
    const { packet, nowMs } = seen;
    const sender = this.#world.attribution.senderOf(owner);
    const flow = flowOf(packet, sender);
    const server = decideFlow(flow, { ...this.#world, nowMs });
    const isRefused = this.#world.policy.egress === "block" ||
      server.why === "denied_by_rule";
    const why = "dns_malformed";
    const asked = this.#toAsked(asQuery(packet), {
      question: NO_QUESTION,
      decision: {
        decision: "deny",
        enforced: isRefused,
        why,
        rule: null,
        names: [],
      },
    });
    const events = () => {
      asked.done = this.#world.attribution.describe(owner, nowMs);
      return [dnsEvent(asked, null)];
    };
    return { message: null, isRefused, why, events };
  }

  /** The question that a message answers; null when nobody asked it. */
  take(
    message: DnsMessage,
    of: DnsEnds & { readonly nowMs: number },
  ): Asked | null {
    if (!message.response || message.questions.length !== 1) return null;
    return this.#pending.take(queryKey(message, of), of.nowMs);
  }

  /**
   * Learns from an answer, before its client has it.
   *
   * @returns For after the verdict.
   */
  learn(
    message: DnsMessage,
    of: { readonly asked: Asked; readonly nowMs: number },
  ): () => DnsEvent[] {
    const { asked, nowMs } = of;
    const { question } = asked;
    for (
      const { name, address, ttlSeconds } of learnedFrom(message, question)
    ) {
      this.#world.names.learn(name, address, { ttlSeconds, nowMs });
    }
    // Formatted now: the message is a view into the receive buffer.
    const answers = describeAnswers(message);
    return () => [dnsEvent(asked, answers)];
  }

  /** The events of questions that nobody answered in time. */
  expire(nowMs: number): DnsEvent[] {
    return this.#pending.expire(nowMs).map((asked) => dnsEvent(asked, null));
  }

  /** Decides for whoever asks, or for whom the machine's resolver asks. */
  #decide(
    seen: Seen,
    of: { readonly owner: Owner | null; readonly question: DnsQuestion },
  ): Decision {
    const { attribution, lent } = this.#world;
    const { packet, queued, nowMs } = seen;
    const { owner, question } = of;
    const decide = (sender: Sender) =>
      decideQuery({
        name: question.name,
        type: question.type,
        server: packet.destination,
        transport: this.#transport,
        sender,
      }, { ...this.#world, nowMs });
    const { decision, isScoped } = decideSurely(owner, { attribution, decide });
    if (owner === null) return decision;
    if (isScoped) {
      const sender = attribution.senderOf(owner);
      const answer = tupleOf(queued, answerTo(packet));
      lent.lend(question, { sender, answer, nowMs });
    }
    if (decision.decision === "allow" || decision.rule !== null) {
      return decision;
    }
    const isSender = attribution.isSender.bind(attribution);
    const borrowed = lent.borrow(question, { owner, isSender, nowMs });
    return borrowed === null ? decision : decide(borrowed);
  }

  /** Refuses what is allowed but one too many. */
  #limit(
    decision: Decision,
    of: { readonly question: DnsQuestion; readonly nowMs: number },
  ): Decision {
    const { rule } = decision;
    const { question: { name, type }, nowMs } = of;
    const { tunnels, policy } = this.#world;
    const isLimited = decision.decision === "allow" &&
      tunnels.isTooMany({ name, type, rule }, nowMs);
    return isLimited
      ? { ...refuse("tunnel_limit", { ...policy, names: [] }), rule }
      : decision;
  }

  #toAsked(
    { server }: DnsEnds,
    of: Pick<Asked, "question" | "decision">,
  ): Asked {
    const { address, port } = server;
    return {
      ...of,
      protocol: this.#transport,
      server: { address: formatAddress(address), port },
      done: BY_NOBODY,
    };
  }
}
