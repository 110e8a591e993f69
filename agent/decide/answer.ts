/**
 * The addresses that a DNS answer vouches for.
 *
 * @module
 */
import type { DnsMessage, DnsRecord } from "../decode/dns.ts";
import { decodeSvcb } from "../decode/dns_svcb.ts";
import { DNS_TYPE } from "../decode/dns_type.ts";
import { hostOfServiceName } from "./service_name.ts";

/** What was asked: an answer vouches for this name and for no other. */
export interface AskedQuestion {
  /** Lower case, without the last dot. */
  readonly name: string;
  /** IANA resource record type: 1 is A, 28 is AAAA. */
  readonly type: number;
  /** 1 is the Internet. */
  readonly class: number;
}

/** One address of an answer. */
export interface LearnedAddress {
  /** The name that it is remembered for. */
  readonly name: string;
  /** 4 or 16 bytes in network order, a view into the message. */
  readonly address: Uint8Array;
  /** The shortest life of all records that lead to the address. */
  readonly ttlSeconds: number;
}

/** RFC 1035 section 3.2.4. */
const CLASS_INTERNET = 1;
const RCODE_NO_ERROR = 0;
/** RFC 2181 section 8: a larger value has its top bit set and means zero. */
const MAX_TTL_SECONDS = 0x7fff_ffff;

/**
 * Collects the addresses at the end of the chain that starts at the question.
 *
 * Follows CNAME records through the answer section in whatever order they
 * stand, each at most once. Records of names that are not on the chain are not
 * part of the answer, and the names on the chain are vouched for by it no more
 * than any other: only the asked name may be remembered with the addresses.
 * HTTPS and SVCB records at the end of the chain vouch for the addresses that
 * they hint at, and clients connect to those; they are for the host whose
 * service was asked for.
 *
 * @param message An answer to a question that was let out; the caller has
 * checked where it comes from and its id.
 * @param question That question.
 * @returns A and AAAA addresses in the order of the message.
 */
export function learnedFrom(
  message: DnsMessage,
  question: AskedQuestion,
): readonly LearnedAddress[] {
  if (!message.response || message.rcode !== RCODE_NO_ERROR) return [];
  if (question.class !== CLASS_INTERNET) return [];
  const records = message.answers.filter((record) =>
    record.class === CLASS_INTERNET
  );
  const chain = followChain(question.name, records);
  const learned: LearnedAddress[] = [];
  const host = hostOfServiceName(question.name) ?? question.name;
  for (const record of records) {
    const chainTtl = chain.get(record.name);
    if (chainTtl === undefined) continue;
    const ttlSeconds = Math.min(chainTtl, ttlOf(record));
    if (isAddress(record)) {
      const { name } = question;
      learned.push({ name, address: record.data, ttlSeconds });
    } else if (record.type === question.type) {
      for (const address of hintsOf(record)) {
        learned.push({ name: host, address, ttlSeconds });
      }
    }
  }
  return learned;
}

/** Addresses that a record for the service itself hints at. */
function hintsOf({ type, data }: DnsRecord): readonly Uint8Array[] {
  if (type !== DNS_TYPE.HTTPS && type !== DNS_TYPE.SVCB) return [];
  const decoded = decodeSvcb(data);
  // Clients ignore the parameters of an alias, RFC 9460 section 2.4.2.
  return decoded.ok && decoded.value.priority > 0 ? decoded.value.hints : [];
}

/** Each name on the chain, with the shortest TTL that leads to it. */
function followChain(
  name: string,
  records: readonly DnsRecord[],
): ReadonlyMap<string, number> {
  const aliases = new Map<string, DnsRecord>();
  for (const record of records) {
    if (record.type !== DNS_TYPE.CNAME || record.target === null) continue;
    // A second alias of one name is an error (RFC 2181 section 10.1).
    if (!aliases.has(record.name)) aliases.set(record.name, record);
  }
  const chain = new Map<string, number>();
  let at: string | null = name;
  let ttlSeconds = MAX_TTL_SECONDS;
  while (at !== null && !chain.has(at)) {
    chain.set(at, ttlSeconds);
    const alias = aliases.get(at);
    if (alias === undefined) break;
    ttlSeconds = Math.min(ttlSeconds, ttlOf(alias));
    at = alias.target;
  }
  return chain;
}

function ttlOf(record: DnsRecord): number {
  return record.ttlSeconds > MAX_TTL_SECONDS ? 0 : record.ttlSeconds;
}

function isAddress(record: DnsRecord): boolean {
  if (record.type === DNS_TYPE.A) return record.data.length === 4;
  return record.type === DNS_TYPE.AAAA && record.data.length === 16;
}
