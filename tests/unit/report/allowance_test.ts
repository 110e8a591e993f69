import assert from "node:assert/strict";
import fc from "fast-check";
import { parseEndpoint } from "../../../agent/decide/endpoint.ts";
import type { Event } from "../../../agent/record/event.ts";
import { aggregate } from "../../../agent/report/aggregate.ts";
import {
  allowanceFor,
  allowanceForRow,
  proxiesFor,
  withheldFrom,
} from "../../../agent/report/allowance.ts";
import { connection, lookUp, summaryOf } from "./samples.ts";

const REFUSED = { enforced: true, answers: null };

const SEEN: readonly {
  readonly name: string;
  readonly events: readonly Event[];
  readonly entries: readonly string[];
}[] = [
  { name: "nothing", events: [], entries: [] },
  { name: "TCP to port 443", events: [connection()], entries: ["a.example"] },
  {
    name: "another port",
    events: [to(["198.51.100.1", 80])],
    entries: ["a.example:80"],
  },
  {
    name: "UDP to port 443",
    events: [connection({ protocol: "udp" })],
    entries: ["a.example:443/udp"],
  },
  {
    name: "an IPv4 address without a name",
    events: [to(["198.51.100.1", 443], { names: [] })],
    entries: ["198.51.100.1"],
  },
  {
    name: "an IPv6 address without a name",
    events: [to(["2001:db8::1", 80], { names: [] })],
    entries: ["[2001:db8::1]:80"],
  },
  {
    name: "UDP to an IPv6 address",
    events: [to(["2001:db8::1", 53], { names: [], protocol: "udp" })],
    entries: ["[2001:db8::1]:53/udp"],
  },
  {
    name: "ICMP to an address",
    events: [to(["198.51.100.1", 0], { names: [], protocol: "icmp" })],
    entries: ["198.51.100.1/icmp"],
  },
  {
    name: "ICMPv6 by its number",
    events: [to(["2001:db8::1", 0], { names: [], protocol: "58" })],
    entries: ["[2001:db8::1]/icmp"],
  },
  {
    name: "ICMP to a host, which is looked up first",
    events: [lookUp(), to(["198.51.100.1", 0], { protocol: "icmp" })],
    entries: ["198.51.100.1/icmp", "a.example/dns"],
  },
  {
    name: "a name that is only looked up and answered",
    events: [lookUp()],
    entries: ["a.example/dns"],
  },
  {
    name: "a name that is only looked up and never answered",
    events: [lookUp({ answers: null })],
    entries: [],
  },
  {
    name: "a name that is looked up and connected to",
    events: [lookUp(), connection()],
    entries: ["a.example"],
  },
  {
    name: "a name that is refused before it can be connected to",
    events: [lookUp(REFUSED)],
    entries: ["a.example"],
  },
  {
    name: "a refused service record, which nobody connects to",
    events: [lookUp({ ...REFUSED, name: "_http._tcp.a.example", type: "SRV" })],
    entries: ["_http._tcp.a.example/dns"],
  },
  {
    name: "a refused look-up of a host whose port is known",
    events: [lookUp(REFUSED), to(["198.51.100.1", 80])],
    entries: ["a.example:80"],
  },
  {
    name: "every name that leads to the address",
    events: [connection({ names: ["a.example", "b.example"] })],
    entries: ["a.example", "b.example"],
  },
  {
    name: "a server that is not this machine's resolver",
    events: [
      lookUp({
        why: "resolver_not_allowed",
        server: { address: "198.51.100.53", port: 53 },
      }),
    ],
    entries: ["198.51.100.53:53/udp", "a.example/dns"],
  },
  {
    name: "such a server, for a name that the policy allows",
    events: [
      connection({ decision: "allow", why: "allowed_name" }),
      lookUp({ ...REFUSED, why: "resolver_not_allowed" }),
    ],
    entries: ["192.0.2.53:53/udp", "a.example"],
  },
  {
    name: "the name that the client says, and no other of the address",
    events: [
      connection({
        decision: "allow",
        why: "allowed_name",
        sni: "b.example",
        names: ["a.example", "b.example"],
      }),
    ],
    entries: ["b.example"],
  },
  {
    name: "the name in TLS that is refused, for its port",
    events: [
      to(["198.51.100.1", 8443], { why: "sni_not_allowed", sni: "b.example" }),
    ],
    entries: ["b.example:8443"],
  },
  {
    name: "the name in QUIC that is refused",
    events: [
      connection({ why: "sni_not_allowed", sni: "b.example", protocol: "udp" }),
    ],
    entries: ["b.example:443/udp"],
  },
  {
    name: "the host in HTTP that is refused, beside the look-up it misused",
    events: [
      lookUp({ decision: "allow", why: "allowed_name" }),
      to(["198.51.100.1", 80], { why: "host_not_allowed", sni: "b.example" }),
    ],
    entries: ["a.example/dns", "b.example:80"],
  },
  {
    name: "the address where it is allowed whatever the client says",
    events: [
      connection({
        decision: "allow",
        why: "allowed_address",
        sni: "b.example",
      }),
    ],
    entries: ["198.51.100.1"],
  },
  ...["name_missing", "name_unreadable"].flatMap((why) => [
    {
      name: `the address after ${why}, and the look-up before it`,
      events: [lookUp(), connection({ why })],
      entries: ["198.51.100.1", "a.example/dns"],
    },
    {
      name: `the address and its port after ${why}`,
      events: [to(["198.51.100.1", 80], { why })],
      entries: ["198.51.100.1:80"],
    },
    {
      name: `the IPv6 address after ${why}`,
      events: [to(["2001:db8::1", 443], { why })],
      entries: ["[2001:db8::1]"],
    },
    {
      name: `the address and UDP after ${why}`,
      events: [to(["2001:db8::1", 443], { why, protocol: "udp" })],
      entries: ["[2001:db8::1]:443/udp"],
    },
  ]),
  {
    name: "upper case as lower case",
    events: [connection({ names: ["A.Example"] })],
    entries: ["a.example"],
  },
  {
    name: "each entry once, sorted",
    events: [
      connection({ names: ["b.example"] }),
      connection(),
      connection({ process: null }),
    ],
    entries: ["a.example", "b.example"],
  },
];

for (const { name, events, entries } of SEEN) {
  Deno.test(`allowanceFor() allows ${name}`, () => {
    const found = allowanceFor(aggregate(events), "seen");

    assert.deepEqual(found, entries);
    for (const entry of found) parseEndpoint(entry, "allow");
  });
}

for (const why of ["internal_interface", "open_before_arming", "dhcp"]) {
  Deno.test(`allowanceFor() needs no entry for ${why}`, () => {
    const summary = aggregate([connection({ decision: "allow", why })]);

    assert.deepEqual(allowanceFor(summary, "seen"), []);
    assert.deepEqual(withheldFrom(summary, "seen"), []);
  });
}

const WITHHELD: readonly {
  readonly name: string;
  readonly event: Event;
  readonly subject: string;
  readonly reason: string;
  readonly entries?: readonly string[];
}[] = [
  ...[
    "*.example",
    "*",
    "1.2.3.4",
    "0x7f.0x1",
    "a b.example",
    "a\n- evil.example",
    "a.example:80",
    "a.example/udp",
    "a.example#x",
    "-rf.example",
    "a..example",
    "a.example.",
    "",
    "Ω.example",
    "\u212a.example",
    `${"a".repeat(64)}.example`,
    `${"a.".repeat(127)}a`,
  ].map((name) => ({
    name: JSON.stringify(name),
    event: lookUp({ name }),
    subject: name,
    reason: "is not a host name",
  })),
  {
    name: "the hostile name of a connection, which gets its address",
    event: connection({ names: ["*.example"] }),
    subject: "*.example",
    reason: "is not a host name",
    entries: ["198.51.100.1"],
  },
  {
    name: "an address that is none",
    event: to(["198.51.100.256", 443], { names: [] }),
    subject: "198.51.100.256",
    reason: "is not an address",
  },
  {
    name: "an IPv6 address that is none",
    event: to(["2001::db8::1", 443], { names: [] }),
    subject: "2001::db8::1",
    reason: "is not an address",
  },
  {
    name: "an IP protocol that has no entry",
    event: to(["198.51.100.1", 0], { names: [], protocol: "47" }),
    subject: "198.51.100.1",
    reason: "is reached by IP protocol 47, which no entry can name",
  },
  {
    name: "TCP without a port",
    event: to(["198.51.100.1", 0]),
    subject: "a.example",
    reason: "is reached without a port",
  },
  {
    name: "what a deny entry names",
    event: connection({ why: "denied_by_rule", rule: "*.example" }),
    subject: "a.example",
    reason: "is named by a deny entry",
  },
  {
    name: "the name that a deny entry means, and not of the address's",
    event: connection({
      why: "denied_by_rule",
      rule: "*.bad.example",
      sni: "x.bad.example",
    }),
    subject: "x.bad.example",
    reason: "is named by a deny entry",
  },
  {
    name: "a host in HTTP that is an address, which gets the flow's address",
    event: connection({ why: "host_not_allowed", sni: "192.0.2.7" }),
    subject: "192.0.2.7",
    reason: "is not a host name",
    entries: ["198.51.100.1"],
  },
  {
    name: "malformed packets",
    event: connection({ why: "packet_malformed" }),
    subject: "a.example",
    reason: "is reached with malformed packets",
  },
];

for (const { name, event, subject, reason, entries = [] } of WITHHELD) {
  Deno.test(`withheldFrom() tells of ${name}`, () => {
    const summary = aggregate([event]);

    assert.deepEqual(withheldFrom(summary, "seen"), [{ subject, reason }]);
    assert.deepEqual(allowanceFor(summary, "seen"), entries);
  });
}

Deno.test("allowanceFor() leaves out what is allowed when asked for refused", () => {
  const summary = aggregate([
    connection({ decision: "allow", why: "allowed_name" }),
    connection({ names: ["b.example"] }),
    connection({ names: ["c.example"], enforced: true }),
  ]);

  assert.deepEqual(allowanceFor(summary, "refused"), [
    "b.example",
    "c.example",
  ]);
});

Deno.test("allowanceFor() adds no name again that is allowed elsewhere", () => {
  const sni = "b.example";
  const refused = connection({ why: "sni_not_allowed", sni, enforced: true });
  const allowed = { decision: "allow", why: "allowed_name", sni } as const;
  const elsewhere = to(["198.51.100.2", 443], { ...allowed, names: [sni] });
  const onAnotherPort = to(["198.51.100.2", 80], { ...allowed, names: [sni] });

  const summary = aggregate([refused, elsewhere]);
  assert.deepEqual(allowanceFor(summary, "refused"), []);
  assert.deepEqual(withheldFrom(summary, "refused"), [{
    subject: sni,
    reason: "is allowed, but not at the address where it is said",
  }]);
  assert.deepEqual(allowanceFor(summary, "seen"), [sni]);
  assert.deepEqual(
    allowanceFor(aggregate([refused, onAnotherPort]), "refused"),
    [sni],
  );
});

Deno.test("allowanceForRow() allows one row", () => {
  const summary = summaryOf("block_refused");
  const row = summary.rows.find(({ port }) => port === 22)!;

  assert.deepEqual(allowanceForRow(row, summary), ["registry.example.org:22"]);
});

for (
  const journal of [
    "audit_npm_view",
    "block_refused",
    "said_names",
    "hostile",
    "killed",
  ]
) {
  Deno.test(`allowanceFor() writes entries that parse for ${journal}`, () => {
    const entries = allowanceFor(summaryOf(journal), "seen");

    assert.ok(entries.length > 0);
    for (const entry of entries) parseEndpoint(entry, "allow");
  });
}

Deno.test("allowanceFor() makes one exact host of a hostile name, or nothing", () => {
  const characters = fc.constantFrom(..."ab1-_.*:/[]#@, \n\u202eé");
  const names = fc.string({ unit: characters, minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(names, (name) => {
      const events = [
        lookUp({ name }),
        connection({ names: [name] }),
        connection({ sni: name, why: "sni_not_allowed" }),
      ];
      for (const event of events) {
        for (const text of allowanceFor(aggregate([event]), "seen")) {
          const { target, port } = parseEndpoint(text, "allow");
          assert.ok(port === 443 || port === null);
          if (target.kind === "host") assert.equal(target.pattern, name);
          else assert.equal(target.prefixBits, 32);
        }
      }
    }),
    { numRuns: 2000 },
  );
});

function to(
  [address, port]: readonly [address: string, port: number],
  part: Parameters<typeof connection>[0] = {},
): Event {
  return connection({ destination: { address, port }, ...part });
}

const PROXIED = to(["192.0.2.9", 3128], {
  names: ["proxy.example"],
  why: "proxy_not_allowed",
  sni: "a.example",
  asked: { host: "a.example", port: 443 },
});

Deno.test("allowanceFor() proposes what a proxy is asked for, and the proxy beside it", () => {
  const toProxy = to(["192.0.2.9", 3128], { names: ["proxy.example"] });
  const summary = aggregate([
    lookUp({ name: "proxy.example" }),
    toProxy,
    PROXIED,
    { ...PROXIED, sni: "b.example", asked: { host: "b.example", port: 80 } },
    { ...PROXIED, sni: "192.0.2.7", asked: { host: "192.0.2.7", port: 443 } },
  ] as Event[]);
  const entries = ["192.0.2.7", "a.example", "b.example:80"];
  assert.deepEqual(allowanceFor(summary, "seen"), entries);
  assert.deepEqual(proxiesFor(summary, "seen"), ["proxy.example:3128"]);
});

Deno.test("allowanceFor() withholds what is said in a tunnel to another name", () => {
  const said = { why: "sni_not_allowed", sni: "b.example", enforced: true };
  const summary = aggregate([{ ...PROXIED, ...said } as Event]);
  assert.deepEqual(allowanceFor(summary, "refused"), []);
  assert.deepEqual(proxiesFor(summary, "refused"), []);
  assert.deepEqual(withheldFrom(summary, "refused"), [
    { subject: "b.example", reason: "is said in a tunnel to a.example" },
  ]);
});
