import assert from "node:assert/strict";
import type { Policy } from "../../../agent/decide/policy.ts";
import type { AgentEvent, DnsEvent } from "../../../agent/record/event.ts";
import { encodeEvent } from "../../../agent/record/line.ts";
import { TunnelWatch } from "../../../agent/tunnel_watch.ts";
import { policyOf } from "../decide/policies.ts";

const TIME = "2026-01-02T03:04:05.678901Z";
const DIGITS = "0123456789abcdef".repeat(3);
const PROCESS = {
  pid: 7,
  exe: "/usr/bin/python3",
  args: ['"kind":"dns"'],
  uid: 1,
  ancestors: [],
};
const AUDIT: Policy = {
  ...policyOf({ allow: ["a.example"] }),
  egress: "audit",
};
const WILD: Policy = {
  ...policyOf({ allow: ["*.evil.example"] }),
  egress: "block",
};

function question(part: Partial<DnsEvent> & { name: string }): DnsEvent {
  return {
    kind: "dns",
    decision: "deny",
    enforced: false,
    why: "name_not_allowed",
    rule: null,
    type: "A",
    server: { address: "192.0.2.53", port: 53 },
    answers: null,
    step: null,
    process: PROCESS,
    container: null,
    ...part,
  };
}

function numbered(count: number, name: (at: number) => string): string[] {
  return Array.from({ length: count }, (_, at) => name(at));
}

function tunnel(domain: string, count = 300): string[] {
  return numbered(
    count,
    (at) => `${at}${DIGITS}.${DIGITS}.${DIGITS}.${domain}`,
  );
}

/** What is said of these questions, asked within a second. */
async function watch(
  events: readonly DnsEvent[],
  policy: Policy = AUDIT,
): Promise<AgentEvent[]> {
  const found: AgentEvent[] = [];
  const watching = TunnelWatch.for({
    policy,
    searched: ["build.corp.example"],
    journal: { write: (body) => void found.push(body as AgentEvent) },
  });
  // In batches, the first of which is heard before the list is loaded.
  for (let at = 0; at < events.length; at += 100) {
    const batch = events.slice(at, at + 100);
    watching?.hear(batch.map((event) => encodeEvent(event, TIME)), at);
    await watching?.settled;
  }
  return found;
}

function watchNames(names: readonly string[], part: Partial<DnsEvent> = {}) {
  return watch(names.map((name) => question({ ...part, name })));
}

Deno.test("TunnelWatch tells of a tunnel once, with who asks", async () => {
  const found = await watchNames(tunnel("t.evil.co.uk"), { type: "NULL" });
  assert.deepEqual(found, [{
    kind: "agent",
    event: "tunnel",
    domain: "evil.co.uk",
    sign: "longNames",
    names: 40,
    nameBytes: found[0]!.nameBytes,
    by: { pid: 7, name: null, exe: "/usr/bin/python3" },
  }]);
  assert.ok(found[0]!.nameBytes! > 4_096);
});

Deno.test("TunnelWatch tells of each domain, not of each name under it", async () => {
  const names = numbered(3, (at) => `t${at}.evil${at}.example`);
  const found = await watchNames(names.flatMap((name) => tunnel(name)));
  assert.deepEqual(found.map(({ domain }) => domain), [
    "evil0.example",
    "evil1.example",
    "evil2.example",
  ]);
});

Deno.test("TunnelWatch hears of a tunnel under an allowed wildcard", async () => {
  const events = tunnel("evil.example").map((name) =>
    question({
      name,
      decision: "allow",
      enforced: true,
      rule: "*.evil.example",
    })
  );
  assert.equal((await watch(events, WILD)).length, 1);
});

Deno.test("TunnelWatch counts nothing that was refused, or is spelt out", async () => {
  const refused = tunnel("evil.example").map((name) =>
    question({ name, enforced: true })
  );
  assert.deepEqual(await watch(refused, WILD), []);
  const spelt = tunnel("a.example").map((name) =>
    question({ name, decision: "allow", rule: "a.example" })
  );
  assert.deepEqual(await watch(spelt), []);
});

Deno.test("TunnelWatch is not needed where every name is spelt out", () => {
  const policy = { ...AUDIT, egress: "block" } as const;
  const world = { policy, searched: [], journal: { write: () => {} } };
  assert.equal(TunnelWatch.for(world), null);
});

Deno.test("TunnelWatch takes names as they are", async () => {
  const names = tunnel("\\046x\\000..__proto__.evil.example");
  const [found] = await watchNames(names);
  assert.equal(found?.domain, "evil.example");
});

const HONEST: readonly { what: string; names: string[]; type?: string }[] = [
  {
    what: "five hundred buckets of a cloud, in full",
    names: numbered(
      500,
      (at) => `build-artefacts-of-team-${at}.s3.eu-central-1.amazonaws.com`,
    ),
  },
  {
    what: "five hundred buckets of a store of one's own",
    names: numbered(
      500,
      (at) => `build-artefacts-of-team-${at}.s3.eu-central-1.corp.example`,
    ),
  },
  {
    what: "a registry and a forge, again and again",
    names: numbered(2_000, (at) =>
      [
        "registry.packages.example",
        "objects.githubusercontent.com",
        "release-assets.githubusercontent.com",
        "codeload.github.com",
        `productionresultssa${at % 20}.blob.core.windows.net`,
      ][at % 5]!),
  },
  {
    what: "a log's addresses by their names",
    names: numbered(
      900,
      (at) => `${at % 250}.${at % 7}.${at % 31}.198.in-addr.arpa`,
    ),
    type: "PTR",
  },
  {
    what: "a site's IPv6 addresses by their names",
    names: numbered(300, (at) => {
      const host = at.toString(16).padStart(20, "0").split("").join(".");
      return `${host}.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa`;
    }),
    type: "PTR",
  },
  {
    what: "services of the link and of a domain",
    names: numbered(500, (at) => `printer-${at}._ipp._tcp.local`).concat(
      numbered(20, (at) => `b${at}._dns-sd._udp.corp.example`),
    ),
    type: "SRV",
  },
  {
    what: "a mail server that asks a list of bad senders",
    names: numbered(
      900,
      (at) => `${at % 250}.${at % 7}.2.192.zen.spamhaus.org`,
    ),
  },
  {
    what: "a cluster that puts its domains behind every name",
    names: numbered(500, (at) => `team-${at}.s3.eu-west-1.amazonaws.com`)
      .flatMap((name) => [
        `${name}.default.svc.cluster.local`,
        `${name}.svc.cluster.local`,
        `${name}.cluster.local`,
        `${name}.build.corp.example`,
        name,
      ]),
  },
];

for (const { what, names, type = "A" } of HONEST) {
  Deno.test(`TunnelWatch is silent about ${what}`, async () => {
    assert.deepEqual(await watchNames(names, { type }), []);
  });
}
