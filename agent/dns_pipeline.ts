/**
 * DNS over UDP: a query judged before it leaves, its answer learned from
 * before the client sees it.
 *
 * @module
 */
import { type Attribution, decideSurely, type Owner } from "./attribution.ts";
import { learnedFrom } from "./decide/answer.ts";
import type { Decision } from "./decide/decision.ts";
import { decideFlow } from "./decide/flow.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import { PendingQueries } from "./decide/pending.ts";
import { isPlainQuery } from "./decide/plain_query.ts";
import { decideQuery } from "./decide/query.ts";
import { formatAddress } from "./decode/address.ts";
import { decodeDns, type DnsMessage, type DnsQuestion } from "./decode/dns.ts";
import { decodeSvcb } from "./decode/dns_svcb.ts";
import { DNS_TYPE, formatDnsType } from "./decode/dns_type.ts";
import { asAnswer, asQuery, DnsReplies, queryKey } from "./dns_replies.ts";
import type { DnsRefuser } from "./enforce/dns_reply.ts";
import { MARK } from "./enforce/marks.ts";
import { accept, drop, type Outcome, type Seen } from "./outcome.ts";
import type { DnsEvent, ProcessField } from "./record/event.ts";

/** What the DNS side of the pipeline works with; all of it is borrowed. */
export interface DnsWorld {
  readonly policy: CompiledPolicy;
  readonly names: NameTable;
  readonly resolvers: ReadonlySet<string>;
  readonly attribution: Attribution;
  readonly refuser: DnsRefuser;
  /** The mark that brings the answers of a flow back to this guard. */
  readonly dnsMark: number;
  /** A name under `.invalid` that the self-test asks for; always refused. */
  readonly probeName: string;
}

/** A query let out, as its event will tell it. */
interface Asked {
  readonly question: DnsQuestion;
  readonly server: DnsEvent["server"];
  readonly decision: Decision;
  /** Filled in right after the verdict; by the answer it may have changed. */
  process: ProcessField | null;
}

/** The DNS side of the packet thread. */
export class DnsPipeline {
  readonly #world: DnsWorld;
  readonly #pending = new PendingQueries<Asked>();
  readonly #replies: DnsReplies;

  /** @param world Must outlive this object. */
  constructor(world: DnsWorld) {
    this.#world = world;
    this.#replies = new DnsReplies(world.refuser);
  }

  /** Judges a datagram to port 53. */
  judgeQuery({ queued, packet, nowMs }: Seen): Outcome {
    const { attribution, probeName } = this.#world;
    const owner = attribution.find({ queued, packet, nowMs });
    const decoded = decodeDns(packet.payload);
    if (!decoded.ok || !isPlainQuery(decoded.value)) {
      return this.#malformed({ queued, packet, nowMs }, owner);
    }
    const message = decoded.value;
    const question = message.questions[0]!;
    if (question.name === probeName) {
      this.#replies.refuse(packet, { message, why: "denied_by_rule", nowMs });
      return drop();
    }
    const { decision } = decideSurely(owner, {
      attribution,
      decide: (exe) =>
        decideQuery({
          name: question.name,
          type: question.type,
          server: packet.destination,
          sender: { exe, step: null },
        }, { ...this.#world, nowMs }),
    });
    const server = endpointOf(packet.destination, packet.destinationPort);
    const asked: Asked = { question, server, decision, process: null };
    const describe = () => {
      asked.process = attribution.describe(owner, nowMs);
    };
    if (decision.decision === "deny" && decision.enforced) {
      const { why } = decision;
      const sent = this.#replies.refuse(packet, { message, why, nowMs });
      const event = () => {
        describe();
        return [toEvent(asked, null)];
      };
      return sent ? drop(event) : accept(MARK.DENY, event);
    }
    const key = queryKey(message, asQuery(packet));
    const evicted = this.#pending.add(key, asked, nowMs);
    return accept(this.#world.dnsMark, () => {
      describe();
      return evicted === null ? [] : [toEvent(evicted, null)];
    });
  }

  /** Judges an answer from port 53, and learns from it. */
  judgeAnswer({ packet, nowMs }: Seen): Outcome {
    const { policy, names } = this.#world;
    const unexpected = policy.egress === "block" ? drop() : accept(MARK.PASS);
    const decoded = decodeDns(packet.payload);
    if (!decoded.ok || decoded.value.questions.length !== 1) return unexpected;
    const message = decoded.value;
    if (!message.response) return unexpected;
    const key = queryKey(message, asAnswer(packet));
    const asked = this.#pending.take(key, nowMs);
    if (asked === null) {
      const isOurs = this.#replies.isOurs(key, nowMs);
      return isOurs ? accept(MARK.PASS) : unexpected;
    }
    if (policy.egress === "block" && offersEch(message)) {
      // With it the client would say the name where only its server can read.
      this.#replies.answerEmpty(packet, { message, nowMs });
      return drop(() => [toEvent(asked, [])]);
    }
    const { name } = asked.question;
    for (
      const { address, ttlSeconds } of learnedFrom(message, asked.question)
    ) {
      names.learn(name, address, { ttlSeconds, nowMs });
    }
    // Formatted now: the message is a view into the receive buffer.
    const answers = describeAnswers(message);
    return accept(MARK.PASS, () => [toEvent(asked, answers)]);
  }

  /** The events of queries that nobody answered in time. */
  expire(nowMs: number): DnsEvent[] {
    this.#replies.expire(nowMs);
    return this.#pending.expire(nowMs).map((asked) => toEvent(asked, null));
  }

  #malformed({ packet, nowMs }: Seen, owner: Owner | null): Outcome {
    const server = decideFlow({
      protocol: packet.protocol,
      destination: packet.destination,
      port: packet.destinationPort,
      sender: { exe: owner?.process.exe ?? null, step: null },
    }, { ...this.#world, nowMs });
    const enforced = this.#world.policy.egress === "block" ||
      server.why === "denied_by_rule";
    const asked: Asked = {
      question: { name: "", type: 0, class: 0, bytes: new Uint8Array(0) },
      server: endpointOf(packet.destination, packet.destinationPort),
      decision: {
        decision: "deny",
        enforced,
        why: "dns_malformed",
        rule: null,
        names: [],
      },
      process: null,
    };
    const mark = enforced ? MARK.DENY : this.#world.dnsMark;
    return accept(mark, () => {
      asked.process = this.#world.attribution.describe(owner, nowMs);
      return [toEvent(asked, null)];
    });
  }
}

function toEvent(asked: Asked, answers: DnsEvent["answers"]): DnsEvent {
  const { decision, enforced, why, rule } = asked.decision;
  return {
    kind: "dns",
    decision,
    enforced,
    why,
    rule,
    name: asked.question.name,
    type: formatDnsType(asked.question.type),
    server: asked.server,
    answers,
    step: null,
    process: asked.process,
    container: null,
  };
}

/** An HTTPS or SVCB record with a key for Encrypted Client Hello, RFC 9460. */
function offersEch(message: DnsMessage): boolean {
  return [...message.answers, ...message.additionals].some(({ type, data }) => {
    if (type !== DNS_TYPE.HTTPS && type !== DNS_TYPE.SVCB) return false;
    const decoded = decodeSvcb(data);
    // One that cannot be read may be read by the client.
    return !decoded.ok || decoded.value.ech;
  });
}

function describeAnswers(message: DnsMessage): string[] {
  return message.answers.flatMap(({ type, data, target }) => {
    if (type === DNS_TYPE.A && data.length === 4) return [formatAddress(data)];
    if (type === DNS_TYPE.AAAA && data.length === 16) {
      return [formatAddress(data)];
    }
    return type === DNS_TYPE.CNAME && target !== null ? [target] : [];
  });
}

function endpointOf(address: Uint8Array, port: number): DnsEvent["server"] {
  return { address: formatAddress(address), port };
}
