import assert from "node:assert/strict";
import type { Sender } from "../../../agent/decide/decision.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { decideQuery } from "../../../agent/decide/query.ts";
import { addressOf, NOBODY, policyOf, type PolicyTexts } from "./policies.ts";

const RESOLVER = "192.0.2.53";
const STRANGER = "203.0.113.53";

interface Asked {
  readonly name: string;
  readonly server?: string;
  readonly sender?: Sender;
  readonly nowMs?: number;
}

function decide(policy: PolicyTexts, asked: Asked) {
  const { name, server = RESOLVER, sender = NOBODY, nowMs = 1000 } = asked;
  const names = new NameTable();
  const life = { ttlSeconds: 60, nowMs: 0 };
  names.learn("a.example", "192.0.2.1", life);
  names.learn("six.example", "2001:db8::1", life);
  names.learn("dns.example", STRANGER, life);
  return decideQuery(
    { name, type: 1, server: addressOf(server), sender },
    {
      policy: compilePolicy(policyOf(policy)),
      names,
      nowMs,
      resolvers: new Set([RESOLVER, "2001:db8::53"]),
    },
  );
}

const SIX_REVERSE = "1." + "0.".repeat(23) + "8.b.d.0.1.0.0.2.ip6.arpa";
const CURL: Sender = { exe: "/usr/bin/curl", step: null };
/** As systemd-resolved asks, whoever has asked it. */
const FORWARDER: Sender = {
  exe: "/usr/lib/systemd/systemd-resolved",
  step: null,
  isForwarder: true,
};
const FOR_CURL = { text: "a.example", process: "/usr/bin/curl" };

const DECISIONS: readonly {
  name: string;
  policy: PolicyTexts;
  asked: Asked;
  why: string;
  rule?: string;
}[] = [
  {
    name: "an allowed name",
    policy: { allow: ["a.example"] },
    asked: { name: "a.example" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that is allowed to one program, asked by the resolver for it",
    policy: { allow: [FOR_CURL] },
    asked: { name: "a.example", sender: FORWARDER },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that is denied to one program, asked by the resolver",
    policy: { allow: ["a.example"], deny: [FOR_CURL] },
    asked: { name: "a.example", sender: FORWARDER },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that is denied to everybody, asked by the resolver",
    policy: { allow: [FOR_CURL], deny: ["a.example"] },
    asked: { name: "a.example", sender: FORWARDER },
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "a name that nothing allows, asked by the resolver",
    policy: { allow: [FOR_CURL] },
    asked: { name: "b.example", sender: FORWARDER },
    why: "name_not_allowed",
  },
  {
    name: "what the runner looks up, asked by the resolver for it",
    policy: {},
    asked: { name: "github.com", sender: FORWARDER },
    why: "allowed_name",
    rule: "runner: github.com",
  },
  {
    name: "a name of an allowed pattern",
    policy: { allow: ["*.example:22"] },
    asked: { name: "b.a.example" },
    why: "allowed_name",
    rule: "*.example:22",
  },
  {
    name: "a name that is allowed for UDP",
    policy: { allow: ["a.example:123/udp"] },
    asked: { name: "a.example" },
    why: "allowed_name",
    rule: "a.example:123/udp",
  },
  {
    name: "a name whose look-up alone is allowed",
    policy: { allow: ["a.example/dns"] },
    asked: { name: "a.example" },
    why: "allowed_name",
    rule: "a.example/dns",
  },
  {
    name: "an allowed name at a resolver over IPv6",
    policy: { allow: ["a.example"] },
    asked: { name: "a.example", server: "2001:db8::53" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an allowed name at a resolver by its mapped address",
    policy: { allow: ["a.example"] },
    asked: { name: "a.example", server: `::ffff:${RESOLVER}` },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an allowed name at an allowed server",
    policy: { allow: ["a.example", `${STRANGER}:53/udp`] },
    asked: { name: "a.example", server: STRANGER },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an allowed name at a server that is allowed by name",
    policy: { allow: ["a.example", "dns.example:53/udp"] },
    asked: { name: "a.example", server: STRANGER },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "the service of an allowed name",
    policy: { allow: ["a.example"] },
    asked: { name: "_https._tcp.a.example" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a service that is allowed by its own name",
    policy: { allow: ["_odd._tcp.a.example"] },
    asked: { name: "_odd._tcp.a.example" },
    why: "allowed_name",
    rule: "_odd._tcp.a.example",
  },
  {
    name: "the reverse name of an allowed address",
    policy: { allow: ["198.51.100.0/24:22"] },
    asked: { name: "7.100.51.198.in-addr.arpa" },
    why: "allowed_address",
    rule: "198.51.100.0/24:22",
  },
  {
    name: "the reverse name of an allowed IPv6 address",
    policy: { allow: ["2001:db8::/32"] },
    asked: { name: SIX_REVERSE },
    why: "allowed_address",
    rule: "2001:db8::/32",
  },
  {
    name: "the reverse name of an allowed name's address",
    policy: { allow: ["a.example"] },
    asked: { name: "1.2.0.192.in-addr.arpa" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "the reverse name of an allowed name's IPv6 address",
    policy: { allow: ["six.example"] },
    asked: { name: SIX_REVERSE },
    why: "allowed_name",
    rule: "six.example",
  },
  {
    name: "the process that is meant",
    policy: { allow: [FOR_CURL] },
    asked: { name: "a.example", sender: CURL },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that is denied for one port",
    policy: { allow: ["a.example"], deny: ["a.example:25"] },
    asked: { name: "a.example" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a name that is denied for one protocol",
    policy: { allow: ["a.example"], deny: ["a.example/udp"] },
    asked: { name: "a.example" },
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a denied name",
    policy: { allow: ["*.example"], deny: ["a.example"] },
    asked: { name: "a.example" },
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "a name whose look-up is denied",
    policy: { allow: ["a.example"], deny: ["a.example/dns"] },
    asked: { name: "a.example" },
    why: "denied_by_rule",
    rule: "a.example/dns",
  },
  {
    name: "the service of a denied name",
    policy: { allow: ["*.example"], deny: ["a.example"] },
    asked: { name: "_https._tcp.a.example" },
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "the reverse name of a denied address",
    policy: { allow: ["192.0.2.0/24"], deny: ["192.0.2.1"] },
    asked: { name: "1.2.0.192.in-addr.arpa" },
    why: "denied_by_rule",
    rule: "192.0.2.1",
  },
  {
    name: "a denied name before a stranger",
    policy: { deny: ["a.example"] },
    asked: { name: "a.example", server: STRANGER },
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "a resolver that is denied",
    policy: { allow: ["a.example"], deny: [RESOLVER] },
    asked: { name: "a.example" },
    why: "denied_by_rule",
    rule: RESOLVER,
  },
  {
    name: "a name that is not allowed",
    policy: { allow: ["a.example"] },
    asked: { name: "b.example" },
    why: "name_not_allowed",
  },
  {
    name: "an allowed name with labels in front",
    policy: { allow: ["a.example"] },
    asked: { name: "secret.a.example" },
    why: "name_not_allowed",
  },
  {
    name: "the apex of an allowed pattern",
    policy: { allow: ["*.a.example"] },
    asked: { name: "a.example" },
    why: "name_not_allowed",
  },
  {
    name: "the root",
    policy: { allow: ["a.example"] },
    asked: { name: "" },
    why: "name_not_allowed",
  },
  {
    name: "a service that nobody registered",
    policy: { allow: ["a.example"] },
    asked: { name: "_c2VjcmV0._tcp.a.example" },
    why: "name_not_allowed",
  },
  {
    name: "a service over a transport that is none",
    policy: { allow: ["a.example"] },
    asked: { name: "_https._secret.a.example" },
    why: "name_not_allowed",
  },
  {
    name: "the service of a service",
    policy: { allow: ["a.example"] },
    asked: { name: "_http._tcp._https._tcp.a.example" },
    why: "name_not_allowed",
  },
  {
    name: "the service of another name",
    policy: { allow: ["a.example"] },
    asked: { name: "_https._tcp.b.example" },
    why: "name_not_allowed",
  },
  {
    name: "a service of the root",
    policy: { allow: ["a.example"] },
    asked: { name: "_https._tcp" },
    why: "name_not_allowed",
  },
  {
    name: "the reverse name of an address that is not allowed",
    policy: { allow: ["a.example", "198.51.100.0/24"] },
    asked: { name: "1.113.0.203.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "a reverse name of three numbers",
    policy: { allow: ["192.0.2.0/24"] },
    asked: { name: "2.0.192.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "a reverse name of five numbers",
    policy: { allow: ["192.0.2.0/24"] },
    asked: { name: "5.1.2.0.192.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "an IPv4 reverse name with the sixteen bytes of an IPv6 address",
    policy: { allow: ["2001:db8::/32"] },
    asked: { name: "1." + "0.".repeat(11) + "184.13.1.32.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "a reverse name with a leading zero",
    policy: { allow: ["192.0.2.0/24"] },
    asked: { name: "001.2.0.192.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "a reverse name past 255",
    policy: { allow: ["192.0.2.0/24"] },
    asked: { name: "257.2.0.192.in-addr.arpa" },
    why: "name_not_allowed",
  },
  {
    name: "an IPv6 reverse name of 31 digits",
    policy: { allow: ["2001:db8::/32"] },
    asked: { name: SIX_REVERSE.slice(2) },
    why: "name_not_allowed",
  },
  {
    name: "an IPv6 reverse name with a label of two digits",
    policy: { allow: ["2001:db8::/32"] },
    asked: { name: "10." + SIX_REVERSE.slice(2) },
    why: "name_not_allowed",
  },
  {
    name: "the reverse name of an allowed name that is forgotten",
    policy: { allow: ["a.example"] },
    asked: { name: "1.2.0.192.in-addr.arpa", nowMs: 1e9 },
    why: "name_not_allowed",
  },
  {
    name: "another process",
    policy: { allow: [FOR_CURL] },
    asked: { name: "a.example", sender: { ...CURL, exe: "/usr/bin/nc" } },
    why: "process_not_allowed",
  },
  {
    name: "an allowed name at a stranger",
    policy: { allow: ["a.example"] },
    asked: { name: "a.example", server: STRANGER },
    why: "resolver_not_allowed",
  },
  {
    name: "another name at a stranger",
    policy: { allow: ["a.example"] },
    asked: { name: "b.example", server: STRANGER },
    why: "resolver_not_allowed",
  },
  {
    name: "an allowed name at a server that is allowed for TCP",
    policy: { allow: ["a.example", `${STRANGER}:53`] },
    asked: { name: "a.example", server: STRANGER },
    why: "resolver_not_allowed",
  },
  {
    name: "another name at an allowed server",
    policy: { allow: ["a.example", `${STRANGER}:53/udp`] },
    asked: { name: "b.example", server: STRANGER },
    why: "name_not_allowed",
  },
];

for (const { name, policy, asked, why, rule = null } of DECISIONS) {
  const isAllowed = why.startsWith("allowed_");
  const verb = isAllowed ? "lets out" : "refuses";
  Deno.test(`decideQuery() ${verb} ${name}`, () => {
    assert.deepEqual(decide(policy, asked), {
      decision: isAllowed ? "allow" : "deny",
      enforced: true,
      why,
      rule,
      names: [],
    });
  });

  Deno.test(`decideQuery() judges ${name} the same in audit`, () => {
    const decision = decide({ ...policy, egress: "audit" }, asked);
    const enforced = isAllowed || why === "denied_by_rule";
    assert.deepEqual(decision, { ...decide(policy, asked), enforced });
  });
}
