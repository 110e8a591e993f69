/**
 * `decodeDns` against another implementation, `dns-packet`.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import fc from "fast-check";
import { formatAddress, parseAddress } from "../../../agent/decode/address.ts";
import {
  decodeDns,
  type DnsMessage,
  type DnsRecord,
} from "../../../agent/decode/dns.ts";
import { formatDnsType } from "../../../agent/decode/dns_type.ts";
import { hex } from "../../hex.ts";
import { DNS_ANSWER_PACKET, DNS_SRV_ANSWER } from "./samples.ts";

/** What both sides know of a record. */
interface OracleRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl: number;
  readonly data: unknown;
}

const character = fc.constantFrom(..."abcxyzABCXYZ0189-_");
const label = fc.string({ unit: character, minLength: 1, maxLength: 63 });
const name = fc.array(label, { minLength: 1, maxLength: 4 })
  .map((labels) => labels.join("."))
  .filter((text) => text.length <= 253);
// Canonical, because dns-packet 5.6.1 misreads "::0:0:0:0:0:0:1".
const ipv6 = fc.uint8Array({ minLength: 16, maxLength: 16 }).map(formatAddress);
const ttl = fc.integer({ min: 0, max: 0x7fff_ffff });
const record = fc.oneof(
  fc.record({ name, ttl, type: fc.constant("A"), data: fc.ipV4() }),
  fc.record({ name, ttl, type: fc.constant("AAAA"), data: ipv6 }),
  fc.record({
    name,
    ttl,
    type: fc.constantFrom("CNAME", "NS", "PTR"),
    data: name,
  }),
  fc.record({
    name,
    ttl,
    type: fc.constant("SRV"),
    data: fc.record({ port: fc.nat(65535), target: name }),
  }),
);
const message = fc.record({
  type: fc.constantFrom("query", "response"),
  id: fc.nat(65535),
  flags: fc.constantFrom(0, 0x0100, 0x0200, 0x0480, 0x0583),
  questions: fc.array(
    fc.record({ name, type: fc.constantFrom("A", "AAAA", "CAA", "TXT") }),
    { maxLength: 2 },
  ),
  answers: fc.array(record, { maxLength: 6 }),
  authorities: fc.array(record, { maxLength: 2 }),
  additionals: fc.array(record, { maxLength: 2 }),
});

function encode(value: unknown): Uint8Array {
  return Uint8Array.from(dnsPacket.encode(value));
}

/** Names, types, lifetimes and addresses or targets, in one comparable form. */
function viewOurs(records: readonly DnsRecord[]): unknown[] {
  return records.map(({ name, type, ttlSeconds, data, target }) => {
    const isAddress = type === 1 || type === 28;
    const value = target ?? (isAddress ? [...data] : null);
    return { name, type: formatDnsType(type), ttl: ttlSeconds, value };
  });
}

function viewTheirs(records: readonly OracleRecord[]): unknown[] {
  return records.filter(({ type }) => type !== "OPT")
    .map(({ name, type, ttl, data }) => ({
      name: foldName(name),
      type,
      // RFC 2181 section 8, which dns-packet leaves to its caller.
      ttl: ttl > 0x7fff_ffff ? 0 : ttl,
      value: viewData(type, data),
    }));
}

function viewData(type: string, data: unknown): unknown {
  switch (type) {
    case "A":
    case "AAAA": {
      const address = parseAddress(data as string);
      return address && [...address];
    }
    case "CNAME":
    case "NS":
    case "PTR":
    case "DNAME":
      return foldName(data as string);
    case "SRV":
      return foldName((data as { target: string }).target);
    case "MX":
      return foldName((data as { exchange: string }).exchange);
    default:
      return null;
  }
}

/** dns-packet writes the root as "."; case is folded in ASCII only. */
function foldName(text: string): string {
  return text === "." ? "" : text.replace(/[A-Z]/g, (all) => all.toLowerCase());
}

Deno.test("decodeDns() reads every message that dns-packet writes", () => {
  fc.assert(
    fc.property(message, (wanted) => {
      const decoded = decodeDns(encode(wanted));
      assert.ok(decoded.ok);
      const { value } = decoded;
      assert.equal(value.id, wanted.id);
      assert.equal(value.response, wanted.type === "response");
      assert.equal(value.truncated, (wanted.flags & 0x0200) !== 0);
      assert.equal(value.rcode, wanted.flags & 0x0f);
      assert.equal(value.trailingBytes, 0);
      assert.deepEqual(
        value.questions.map(({ name, type }) => [name, formatDnsType(type)]),
        wanted.questions.map(({ name, type }) => [foldName(name), type]),
      );
      for (
        const section of ["answers", "authorities", "additionals"] as const
      ) {
        assert.deepEqual(viewOurs(value[section]), viewTheirs(wanted[section]));
      }
    }),
    { numRuns: 500 },
  );
});

/**
 * True when every name is written the same on both sides, and dns-packet goes
 * by the data's length, which it does not in other types: it reads on behind
 * an RP record's data.
 */
function isComparable(value: DnsMessage): boolean {
  const { questions, answers, authorities, additionals } = value;
  const records = [...answers, ...authorities, ...additionals];
  const names = [...questions, ...records].map(({ name }) => name);
  const targets = records.map(({ target }) => target ?? "");
  const types = [1, 2, 5, 12, 28, 33];
  return ![...names, ...targets].some((name) => name.includes("\\")) &&
    records.every((entry) => entry.class === 1 && types.includes(entry.type));
}

Deno.test("decodeDns() agrees with dns-packet on damaged messages that both accept", () => {
  const captured = [
    hex(DNS_ANSWER_PACKET).subarray(28),
    hex(DNS_SRV_ANSWER),
    // Compressed in every place where a name can be.
    hex(`1234 8180 0001 0003 0000 0000
      0377 7777 0161 0162 00 0001 0001  c00c 0005 0001 0000003c 0004 0163 c010
      c025 0005 0001 0000003c 0002 c010  c010 0001 0001 0000003c 0004 c0000201`),
  ];
  const damage = fc.record({
    message: fc.constantFrom(...captured),
    changes: fc.array(fc.tuple(fc.nat(200), fc.nat(255)), {
      minLength: 0,
      maxLength: 2,
    }),
  });
  let compared = 0;
  fc.assert(
    fc.property(damage, ({ message, changes }) => {
      const bytes = message.slice();
      for (const [at, byte] of changes) bytes[at % bytes.length] = byte;
      const decoded = decodeDns(bytes);
      if (!decoded.ok || !isComparable(decoded.value)) return;
      let theirs;
      try {
        theirs = dnsPacket.decode(Buffer.from(bytes));
      } catch {
        // It reads the data of more types, and refuses more of them.
        return;
      }
      compared += 1;
      const { value } = decoded;
      for (
        const section of ["answers", "authorities", "additionals"] as const
      ) {
        assert.deepEqual(viewOurs(value[section]), viewTheirs(theirs[section]));
      }
    }),
    { numRuns: 5000 },
  );
  assert.ok(compared > 500, `${compared} of 5000 were compared`);
});
