/**
 * Answers that would hide from us what a client says next.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9848 | RFC 9848}
 * @module
 */
import type { DnsMessage, DnsRecord } from "../decode/dns.ts";
import { decodeSvcb } from "../decode/dns_svcb.ts";
import { DNS_TYPE } from "../decode/dns_type.ts";

/**
 * Whether a message has an HTTPS or SVCB record with a key for Encrypted Client
 * Hello: with it the client says its name where only its server can read.
 */
export function offersEch(message: DnsMessage): boolean {
  return echRecords(message).length > 0;
}

/** Those records. */
export function echRecords(message: DnsMessage): readonly DnsRecord[] {
  const records = [...message.answers, ...message.additionals];
  return records.filter(({ type, data }) => {
    if (type !== DNS_TYPE.HTTPS && type !== DNS_TYPE.SVCB) return false;
    const decoded = decodeSvcb(data);
    // One that cannot be read may be read by the client.
    return !decoded.ok || decoded.value.ech;
  });
}
