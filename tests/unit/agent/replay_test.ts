import assert from "node:assert/strict";
import fc from "fast-check";
import type { Policy } from "../../../agent/decide/policy.ts";
import { parsePolicy } from "../../../agent/decide/policy_file.ts";
import { replay, replayNotes } from "../../../agent/replay.ts";
import type { Event } from "../../../agent/record/event.ts";
import { recommend } from "../../../agent/report/recommendation.ts";
import { renderRecommendation } from "../../../agent/report/recommendation_text.ts";
import { compareReplay } from "../../../agent/report/replay.ts";
import { policyOf, type PolicyTexts } from "../decide/policies.ts";
import { agent, connection, CURL, lookUp } from "../report/samples.ts";

const TLS = { sni: "a.example" };

// What one event comes to under a policy.
const JUDGED: readonly {
  name: string;
  event: Event;
  policy: PolicyTexts & Partial<Pick<Policy, "names" | "runner">>;
  why: string;
  rule?: string;
}[] = [
  {
    name: "a name that is allowed",
    event: connection(TLS),
    policy: { allow: ["a.example"] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that nothing allows",
    event: connection(TLS),
    policy: {},
    why: "name_not_allowed",
  },
  {
    name: "another name at an allowed name's address",
    event: connection({ names: ["a.example"], sni: "evil.example" }),
    policy: { allow: ["a.example", "evil.example"] },
    why: "sni_not_allowed",
  },
  {
    name: "the same where names are not asked for",
    event: connection({ names: ["a.example"], sni: "evil.example" }),
    policy: { allow: ["a.example"], names: "answered" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an HTTP host that is not allowed",
    event: connection({
      destination: { address: "198.51.100.1", port: 80 },
      sni: "evil.example",
    }),
    policy: { allow: ["a.example:80"] },
    why: "host_not_allowed",
  },
  {
    name: "a client that said no name",
    event: connection({ why: "name_missing" }),
    policy: { allow: ["a.example"] },
    why: "name_missing",
  },
  {
    name: "a client that said no name, at an allowed address",
    event: connection({ why: "name_missing" }),
    policy: { allow: ["a.example", "198.51.100.1"] },
    why: "allowed_address",
    rule: "198.51.100.1",
  },
  {
    name: "what nobody could read",
    event: connection({ why: "name_unreadable" }),
    policy: { allow: ["a.example"] },
    why: "name_unreadable",
  },
  {
    name: "what nobody had room to read",
    event: connection({ why: "too_many_flows" }),
    policy: { allow: ["a.example"] },
    why: "too_many_flows",
  },
  {
    name: "an allowed address",
    event: connection({ names: [] }),
    policy: { allow: ["198.51.100.0/24"] },
    why: "allowed_address",
    rule: "198.51.100.0/24",
  },
  {
    name: "another port",
    event: connection(TLS),
    policy: { allow: ["a.example:80"] },
    why: "port_not_allowed",
  },
  {
    name: "ICMP",
    event: connection({
      protocol: "icmp",
      destination: { address: "198.51.100.1", port: 0 },
    }),
    policy: { allow: ["198.51.100.1/icmp"] },
    why: "allowed_address",
    rule: "198.51.100.1/icmp",
  },
  {
    name: "a protocol that no entry names",
    event: connection({ protocol: "47" }),
    policy: { allow: ["198.51.100.1:*"] },
    why: "protocol_not_allowed",
  },
  {
    name: "its own step",
    event: connection({ ...TLS, step: "Build" }),
    policy: { allow: [{ text: "a.example", step: "Build" }] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "another step",
    event: connection({ ...TLS, step: "Test" }),
    policy: { allow: [{ text: "a.example", step: "Build" }] },
    why: "process_not_allowed",
  },
  {
    name: "what was above the sender",
    event: connection(TLS),
    policy: { allow: [{ text: "a.example", ancestor: "/usr/bin/dash" }] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an ancestor that may have been above it",
    event: connection(TLS),
    policy: {
      allow: ["a.example"],
      deny: [{ text: "a.example", ancestor: "/usr/bin/npm" }],
    },
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "an ancestor that was not above it",
    event: connection({
      ...TLS,
      process: { ...CURL, ancestors: [{ pid: 1, exe: "/usr/bin/init" }] },
    }),
    policy: {
      allow: ["a.example"],
      deny: [{ text: "a.example", ancestor: "/usr/bin/npm" }],
    },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a program whose hash nobody has kept",
    event: connection(TLS),
    policy: {
      allow: [{
        text: "a.example",
        process: "/usr/bin/curl",
        sha256: "ab".repeat(32),
      }],
    },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "the runner itself",
    event: connection({
      names: ["api.github.com"],
      sni: "api.github.com",
      rule: "runner: api.github.com",
    }),
    policy: {},
    why: "allowed_name",
    rule: "runner: api.github.com",
  },
  {
    name: "the runner itself, which may do nothing",
    event: connection({
      names: ["api.github.com"],
      rule: "runner: api.github.com",
    }),
    policy: { runner: "deny" },
    why: "name_not_allowed",
  },
  {
    name: "what no policy decides, let out",
    event: connection({ decision: "allow", why: "open_before_arming" }),
    policy: {},
    why: "open_before_arming",
  },
  {
    name: "what no policy decides, refused",
    event: connection({ why: "fragment" }),
    policy: { allow: ["a.example"] },
    why: "fragment",
  },
  {
    name: "what a proxy was asked for",
    event: connection({
      names: ["proxy.example"],
      destination: { address: "198.51.100.9", port: 3128 },
      asked: { host: "a.example", port: 443 },
      sni: "a.example",
    }),
    policy: { proxy: ["proxy.example:3128"], allow: ["a.example"] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "what a proxy was asked for and may not",
    event: connection({
      names: ["proxy.example"],
      destination: { address: "198.51.100.9", port: 3128 },
      asked: { host: "evil.example", port: 443 },
      sni: "evil.example",
    }),
    policy: { proxy: ["proxy.example:3128"], allow: ["a.example"] },
    why: "name_not_allowed",
  },
  {
    name: "another name in a proxy's tunnel",
    event: connection({
      names: ["proxy.example"],
      destination: { address: "198.51.100.9", port: 3128 },
      asked: { host: "a.example", port: 443 },
      sni: "evil.example",
    }),
    policy: { proxy: ["proxy.example:3128"], allow: ["a.example"] },
    why: "sni_not_allowed",
  },
  {
    name: "a proxy that this policy calls none",
    event: connection({
      names: ["proxy.example"],
      destination: { address: "198.51.100.9", port: 3128 },
      asked: { host: "a.example", port: 443 },
      sni: "a.example",
    }),
    policy: { allow: ["a.example", "proxy.example:3128"] },
    why: "proxy_not_allowed",
  },
  {
    name: "a look-up that is allowed",
    event: lookUp(),
    policy: { allow: ["a.example"] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a look-up that nothing allows",
    event: lookUp(),
    policy: {},
    why: "name_not_allowed",
  },
  {
    name: "a look-up by the machine's resolver, for whoever asked it",
    event: lookUp({
      process: { ...CURL, exe: "/usr/lib/systemd/systemd-resolved" },
    }),
    policy: { allow: [{ text: "a.example", step: "Build" }] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a look-up at a stranger",
    event: lookUp({ why: "resolver_not_allowed" }),
    policy: { allow: ["a.example"] },
    why: "resolver_not_allowed",
  },
  {
    name: "a look-up at a stranger that is allowed now",
    event: lookUp({ why: "resolver_not_allowed" }),
    policy: { allow: ["a.example", "192.0.2.53:53/udp"] },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "what was no question",
    event: lookUp({ why: "dns_malformed" }),
    policy: { allow: ["a.example"] },
    why: "dns_malformed",
  },
  {
    name: "one look-up too many",
    event: lookUp({ name: "b.a.example", why: "tunnel_limit" }),
    policy: { allow: ["*.a.example"] },
    why: "tunnel_limit",
    rule: "*.a.example",
  },
  {
    name: "one look-up too many that is spelt out now",
    event: lookUp({ name: "b.a.example", why: "tunnel_limit" }),
    policy: { allow: ["b.a.example"] },
    why: "allowed_name",
    rule: "b.a.example",
  },
];

for (const { name, event, policy: texts, why, rule = null } of JUDGED) {
  Deno.test(`replay() judges ${name}`, () => {
    const { names = "said", runner = "allow" } = texts;
    const policy: Policy = { ...policyOf(texts), names, runner };
    const [{ after } = assert.fail()] = replay([event], policy);
    assert.deepEqual({ why: after.why, rule: after.rule }, { why, rule });
    const isDenied = after.decision === "deny";
    assert.equal(isDenied, !why.startsWith("allowed_") && why !== OPEN);
    const audit = replay([event], { ...policy, egress: "audit" })[0]!.after;
    assert.equal(audit.enforced, !isDenied || why === "denied_by_rule");
  });
}
const OPEN = "open_before_arming";

Deno.test("replay() knows the reverse names of what was answered", () => {
  const asked = lookUp({ name: "1.100.51.198.in-addr.arpa", type: "PTR" });
  const policy = policyOf({ allow: ["a.example"] });
  const whys = replay([lookUp(), asked], policy).map(({ after }) => after.why);
  assert.deepEqual(whys, ["allowed_name", "allowed_name"]);
});

Deno.test("replay() judges nothing but connections and look-ups", () => {
  assert.deepEqual(replay([agent("armed", { second: 1 })], policyOf({})), []);
});

Deno.test("replay() says where it had to guess the name", () => {
  const policy = policyOf({ allow: ["a.example"] });
  const names = ["b.example", "a.example"];
  const [guessed] = replay([connection({ names })], policy);
  assert.equal(guessed?.isGuess, true);
  const [heard] = replay([connection({ names, sni: "a.example" })], policy);
  assert.equal(heard?.isGuess, false);
});

Deno.test("replayNotes() says what a journal lacks", () => {
  const policy = policyOf({
    allow: [{ text: "a.example", process: "/a", sha256: "ab".repeat(32) }],
  });
  const flood = agent("flood", { second: 1, refused: { tcp: 3, dns: 4 } });
  const problems = ["line 3: the line is not JSON"];
  const notes = replayNotes({ events: [flood], problems }, policy);
  assert.match(notes.join("\n"), /line 3.*\n.*sha256.*\n7 refused packets/s);
  assert.deepEqual(replayNotes({ events: [], problems: [] }, policyOf({})), []);
});

const NAMES = ["a.example", "b.example", "_https._tcp.a.example"];
const ADDRESSES = ["198.51.100.1", "198.51.100.2", "2001:db8::1"];
const who = fc.record({
  step: fc.constantFrom(null, "Build", "Publish"),
  process: fc.constantFrom(
    null,
    ...["curl", "node", "../tmp/x"].map((name) => ({
      ...CURL,
      exe: `/usr/bin/${name}`,
    })),
    { ...CURL, exe: "/usr/lib/systemd/systemd-resolved" },
  ),
});
const verdict = fc.constantFrom(
  { decision: "deny", enforced: false, why: "name_not_allowed" } as const,
  { decision: "deny", enforced: true, why: "address_not_allowed" } as const,
  { decision: "allow", enforced: true, why: "allowed_name" } as const,
  { decision: "allow", enforced: true, why: "allowed_address" } as const,
);
const flow = fc.record({
  verdict,
  who,
  names: fc.uniqueArray(fc.constantFrom(...NAMES)),
  isSaid: fc.boolean(),
  address: fc.constantFrom(...ADDRESSES),
  port: fc.constantFrom(443, 80, 8443),
  protocol: fc.constantFrom("tcp", "udp", "icmp"),
}).map((made) => {
  const { verdict, who, names, isSaid, address, port, protocol } = made;
  return connection({
    ...verdict,
    ...who,
    ...{ names, protocol },
    sni: isSaid && protocol !== "icmp" ? names[0] ?? null : null,
    destination: { address, port: protocol === "icmp" ? 0 : port },
  });
});
const question = fc.record({
  verdict,
  who,
  name: fc.constantFrom(...NAMES),
  isStranger: fc.boolean(),
}).map(({ verdict, who, name, isStranger }) =>
  lookUp({
    ...verdict,
    ...who,
    name,
    ...(isStranger && verdict.decision === "deny"
      ? { why: "resolver_not_allowed" }
      : {}),
  })
);

for (const scope of ["none", "step", "process"] as const) {
  Deno.test(`replay() refuses nothing that went by under what recommend() says by ${scope}`, () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(flow, question), { maxLength: 12 }),
        (events) => {
          const text = renderRecommendation(recommend(events, { scope }));
          const policy = parsePolicy(text, "policy.yml");
          const { newlyRefused } = compareReplay(replay(events, policy));
          assert.deepEqual(newlyRefused, [], text);
        },
      ),
      { numRuns: 2000 },
    );
  });
}
