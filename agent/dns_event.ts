/**
 * What the journal says of one DNS question.
 *
 * @module
 */
import type { Decision } from "./decide/decision.ts";
import { formatAddress } from "./decode/address.ts";
import type { DnsMessage, DnsQuestion } from "./decode/dns.ts";
import { DNS_TYPE, formatDnsType } from "./decode/dns_type.ts";
import type { Done } from "./record/done.ts";
import type { DnsEvent } from "./record/event.ts";

/** A question, as its event will tell it. */
export interface Asked {
  readonly question: Pick<DnsQuestion, "name" | "type" | "class">;
  readonly protocol: "udp" | "tcp";
  readonly server: DnsEvent["server"];
  readonly decision: Decision;
  /** Filled in right after the verdict; by the answer it may have changed. */
  done: Done;
}

/** The event of a question; `answers` is null when none came or none was let. */
export function dnsEvent(
  asked: Asked,
  answers: DnsEvent["answers"],
): DnsEvent {
  const { decision, enforced, why, rule } = asked.decision;
  const { question, protocol, server, done } = asked;
  return {
    kind: "dns",
    decision,
    enforced,
    why,
    rule,
    name: question.name,
    type: formatDnsType(question.type),
    protocol,
    server,
    answers,
    ...done,
  };
}

/** The addresses and names of an answer. */
export function describeAnswers(message: DnsMessage): string[] {
  return message.answers.flatMap(({ type, data, target }) => {
    if (type === DNS_TYPE.A && data.length === 4) return [formatAddress(data)];
    if (type === DNS_TYPE.AAAA && data.length === 16) {
      return [formatAddress(data)];
    }
    return type === DNS_TYPE.CNAME && target !== null ? [target] : [];
  });
}
