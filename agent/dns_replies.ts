/**
 * Answers of our own: they come back through the queue, and are let by there.
 *
 * @module
 */
import { addressKey } from "./decide/address_key.ts";
import type { Why } from "./decide/decision.ts";
import { PendingQueries, type QueryKey } from "./decide/pending.ts";
import type { DnsMessage } from "./decode/dns.ts";
import type { Packet } from "./decode/packet.ts";
import type { DnsRefuser, RefusedQuery } from "./enforce/dns_reply.ts";
import { SystemCallError } from "../ffi/errors.ts";

/** Both ends of a conversation with a name server. */
export type DnsEnds = Pick<RefusedQuery, "client" | "server">;

/** Sends answers in the name of a server, and knows them again. */
export class DnsReplies {
  readonly #refuser: DnsRefuser;
  readonly #sent = new PendingQueries<true>();

  /** @param refuser Must outlive this object. */
  constructor(refuser: DnsRefuser) {
    this.#refuser = refuser;
  }

  /**
   * Answers a query with NXDOMAIN.
   *
   * @returns False when that cannot be sent.
   */
  refuse(
    query: Packet,
    of: { message: DnsMessage; why: Why; nowMs: number },
  ): boolean {
    return this.#send(asQuery(query), { ...of, rcode: "NXDOMAIN" });
  }

  /** Says in place of an answer that the name has nothing of this type. */
  answerEmpty(
    answer: Packet,
    of: { message: DnsMessage; nowMs: number },
  ): boolean {
    const why = "ech_not_allowed";
    return this.#send(asAnswer(answer), { ...of, rcode: "NOERROR", why });
  }

  /** Whether an answer is one of ours; says so once. */
  isOurs(key: QueryKey, nowMs: number): boolean {
    return this.#sent.take(key, nowMs) !== null;
  }

  /** Forgets answers that nobody took. */
  expire(nowMs: number): void {
    this.#sent.expire(nowMs);
  }

  #send(
    ends: DnsEnds,
    of: Pick<RefusedQuery, "rcode" | "why"> & {
      readonly message: DnsMessage;
      readonly nowMs: number;
    },
  ): boolean {
    const { message, rcode, why, nowMs } = of;
    try {
      this.#sent.add(queryKey(message, ends), true, nowMs);
      this.#refuser.refuse({
        ...ends,
        id: message.id,
        recursionDesired: message.recursionDesired,
        question: message.questions[0]!.bytes,
        edns: message.edns !== null,
        rcode,
        why,
      });
      return true;
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }
}

/** The ends of a packet that goes to a name server. */
export function asQuery(packet: Packet): DnsEnds {
  return {
    client: { address: packet.source, port: packet.sourcePort },
    server: { address: packet.destination, port: packet.destinationPort },
  };
}

/** The packet that would answer another one, as far as its ends go. */
export function answerTo(packet: Packet): Packet {
  return {
    ...packet,
    source: packet.destination,
    sourcePort: packet.destinationPort,
    destination: packet.source,
    destinationPort: packet.sourcePort,
  };
}

/** The ends of a packet that comes from a name server. */
export function asAnswer(packet: Packet): DnsEnds {
  return {
    client: { address: packet.destination, port: packet.destinationPort },
    server: { address: packet.source, port: packet.sourcePort },
  };
}

/** What an answer must repeat of its query. */
export function queryKey(
  message: DnsMessage,
  { client, server }: DnsEnds,
): QueryKey {
  const { name, type, class: questionClass } = message.questions[0]!;
  return {
    client: { address: addressKey(client.address), port: client.port },
    server: { address: addressKey(server.address), port: server.port },
    id: message.id,
    name,
    type,
    class: questionClass,
  };
}
