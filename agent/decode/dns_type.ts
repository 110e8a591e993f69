/**
 * Types of DNS resource records, by number and by name.
 *
 * @see {@link https://www.iana.org/assignments/dns-parameters | IANA}
 * @module
 */

/** The types that are asked for in practice, as IANA numbers them. */
export const DNS_TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  NULL: 10,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  RP: 17,
  AFSDB: 18,
  SIG: 24,
  KEY: 25,
  AAAA: 28,
  LOC: 29,
  SRV: 33,
  NAPTR: 35,
  CERT: 37,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  SSHFP: 44,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  DHCID: 49,
  NSEC3: 50,
  NSEC3PARAM: 51,
  TLSA: 52,
  SMIMEA: 53,
  HIP: 55,
  CDS: 59,
  CDNSKEY: 60,
  OPENPGPKEY: 61,
  CSYNC: 62,
  ZONEMD: 63,
  SVCB: 64,
  HTTPS: 65,
  SPF: 99,
  EUI48: 108,
  EUI64: 109,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  URI: 256,
  CAA: 257,
} as const;

const NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(DNS_TYPE).map(([name, type]) => [type, name]),
);

/**
 * Reads what {@linkcode formatDnsType} wrote.
 *
 * @returns The type; 0, which no record has, for any other text.
 */
export function parseDnsType(text: string): number {
  return Object.hasOwn(DNS_TYPE, text)
    ? DNS_TYPE[text as keyof typeof DNS_TYPE]
    : Number(/^TYPE(\d{1,5})$/.exec(text)?.[1] ?? 0);
}

/**
 * Writes a record type as people know it.
 *
 * @param type 0 to 65535.
 * @returns Its mnemonic, or `TYPE` and the number as RFC 3597 section 5 has it.
 *
 * @example A type with a mnemonic and one without
 * ```ts
 * import assert from "node:assert/strict";
 * import { formatDnsType } from "./dns_type.ts";
 *
 * assert.equal(formatDnsType(28), "AAAA");
 * assert.equal(formatDnsType(65280), "TYPE65280");
 * ```
 */
export function formatDnsType(type: number): string {
  return NAMES.get(type) ?? `TYPE${type}`;
}
