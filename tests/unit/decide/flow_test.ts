import assert from "node:assert/strict";
import fc from "fast-check";
import type { Flow, Sender } from "../../../agent/decide/decision.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { addressOf, NOBODY, policyOf, type PolicyTexts } from "./policies.ts";

const TCP = 6;
const UDP = 17;
const ICMP = 1;
const ICMPV6 = 58;
const GRE = 47;

/** Answers that arrived at the time 0, each for a minute. */
const ANSWERS: readonly (readonly [name: string, address: string])[] = [
  ["a.example", "192.0.2.1"],
  ["b.example", "192.0.2.2"],
  ["shared.example", "192.0.2.2"],
  ["six.example", "2001:db8::1"],
];

/** Where a flow goes: `tcp 192.0.2.1 443`. */
function flowOf(text: string, sender: Sender = NOBODY): Flow {
  const [protocol, address = "", port = "0"] = text.split(" ");
  const NUMBERS: Record<string, number> = {
    tcp: TCP,
    udp: UDP,
    icmp: ICMP,
    icmpv6: ICMPV6,
    gre: GRE,
  };
  return {
    protocol: NUMBERS[protocol ?? ""] ?? 255,
    destination: addressOf(address),
    port: Number(port),
    sender,
  };
}

function decide(policy: PolicyTexts, flow: Flow, { nowMs = 1000 } = {}) {
  const names = new NameTable();
  for (const [name, address] of ANSWERS) {
    names.learn(name, address, { ttlSeconds: 60, nowMs: 0 });
  }
  return decideFlow(flow, {
    policy: compilePolicy(policyOf(policy)),
    names,
    nowMs,
  });
}

const TWINE: Sender = { exe: "/usr/bin/twine", step: "Publish" };
const CURL: Sender = { exe: "/usr/bin/curl", step: "Install" };
const SCOPED = {
  text: "a.example",
  step: "Publish",
  process: "/usr/bin/twine",
};

const DECISIONS: readonly {
  name: string;
  policy: PolicyTexts;
  flow: Flow;
  why: string;
  rule?: string;
}[] = [
  {
    name: "an allowed name",
    policy: { allow: ["a.example"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "one of two names of the address",
    policy: { allow: ["b.example"] },
    flow: flowOf("tcp 192.0.2.2 443"),
    why: "allowed_name",
    rule: "b.example",
  },
  {
    name: "an allowed pattern",
    policy: { allow: ["*.example:8443"] },
    flow: flowOf("tcp 192.0.2.1 8443"),
    why: "allowed_name",
    rule: "*.example:8443",
  },
  {
    name: "an allowed name over IPv6",
    policy: { allow: ["six.example"] },
    flow: flowOf("tcp 2001:db8::1 443"),
    why: "allowed_name",
    rule: "six.example",
  },
  {
    name: "a mapped address of an allowed name",
    policy: { allow: ["a.example"] },
    flow: flowOf("tcp ::ffff:192.0.2.1 443"),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "an allowed network",
    policy: { allow: ["198.51.100.0/24:5432"] },
    flow: flowOf("tcp 198.51.100.7 5432"),
    why: "allowed_address",
    rule: "198.51.100.0/24:5432",
  },
  {
    name: "UDP where UDP is allowed",
    policy: { allow: ["a.example/udp"] },
    flow: flowOf("udp 192.0.2.1 443"),
    why: "allowed_name",
    rule: "a.example/udp",
  },
  {
    name: "ICMP to an allowed address",
    policy: { allow: ["192.0.2.9/icmp"] },
    flow: flowOf("icmp 192.0.2.9"),
    why: "allowed_address",
    rule: "192.0.2.9/icmp",
  },
  {
    name: "ICMPv6 to an allowed address",
    policy: { allow: ["2001:db8::/32/icmp"] },
    flow: flowOf("icmpv6 2001:db8::9"),
    why: "allowed_address",
    rule: "2001:db8::/32/icmp",
  },
  {
    name: "the process and the step that are meant",
    policy: { allow: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443", TWINE),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "everybody where one entry has no scope",
    policy: { allow: [SCOPED, "a.example"] },
    flow: flowOf("tcp 192.0.2.1 443", CURL),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a port beside one that is denied",
    policy: { allow: ["a.example:*"], deny: ["a.example:25"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "allowed_name",
    rule: "a.example:*",
  },
  {
    name: "a name whose look-up alone is denied",
    policy: { allow: ["a.example"], deny: ["a.example/dns"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a sender that a deny entry does not mean",
    policy: { allow: ["a.example"], deny: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443", CURL),
    why: "allowed_name",
    rule: "a.example",
  },
  {
    name: "a denied name",
    policy: { allow: ["a.example"], deny: ["a.example"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "an address that a denied name shares with an allowed one",
    policy: { allow: ["b.example"], deny: ["shared.example"] },
    flow: flowOf("tcp 192.0.2.2 443"),
    why: "denied_by_rule",
    rule: "shared.example",
  },
  {
    name: "a denied network under an allowed name",
    policy: { allow: ["a.example"], deny: ["192.0.2.0/24"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "denied_by_rule",
    rule: "192.0.2.0/24",
  },
  {
    name: "ICMP to a denied address",
    policy: { deny: ["192.0.2.0/24"] },
    flow: flowOf("icmp 192.0.2.1"),
    why: "denied_by_rule",
    rule: "192.0.2.0/24",
  },
  {
    name: "GRE to a denied address",
    policy: { deny: ["192.0.2.0/24"] },
    flow: flowOf("gre 192.0.2.1"),
    why: "denied_by_rule",
    rule: "192.0.2.0/24",
  },
  {
    name: "a sender that cannot be found, where one is denied",
    policy: { allow: ["a.example"], deny: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "denied_by_rule",
    rule: "a.example",
  },
  {
    name: "another port of an allowed name",
    policy: { allow: ["a.example"] },
    flow: flowOf("tcp 192.0.2.1 80"),
    why: "port_not_allowed",
  },
  {
    name: "UDP to an allowed name's TCP port",
    policy: { allow: ["a.example"] },
    flow: flowOf("udp 192.0.2.1 443"),
    why: "port_not_allowed",
  },
  {
    name: "another port of an allowed address",
    policy: { allow: ["198.51.100.0/24"] },
    flow: flowOf("tcp 198.51.100.7 80"),
    why: "port_not_allowed",
  },
  {
    name: "a connection to a name whose look-up alone is allowed",
    policy: { allow: ["a.example/dns"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "port_not_allowed",
  },
  {
    name: "another process",
    policy: { allow: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443", { ...TWINE, exe: "/usr/bin/curl" }),
    why: "process_not_allowed",
  },
  {
    name: "another step",
    policy: { allow: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443", { ...TWINE, step: "Install" }),
    why: "process_not_allowed",
  },
  {
    name: "a sender that cannot be found, where one is allowed",
    policy: { allow: [SCOPED] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "process_not_allowed",
  },
  {
    name: "a name that is not allowed",
    policy: { allow: ["c.example", "*.a.example"] },
    flow: flowOf("tcp 192.0.2.1 443"),
    why: "name_not_allowed",
  },
  {
    name: "an address without a name",
    policy: { allow: ["a.example"] },
    flow: flowOf("tcp 203.0.113.1 443"),
    why: "address_not_allowed",
  },
  {
    name: "ICMP to an allowed name",
    policy: { allow: ["a.example"] },
    flow: flowOf("icmp 192.0.2.1"),
    why: "protocol_not_allowed",
  },
  {
    name: "ICMP to an address that nothing names",
    policy: {},
    flow: flowOf("icmp 203.0.113.1"),
    why: "address_not_allowed",
  },
  {
    name: "GRE to an allowed address",
    policy: { allow: ["192.0.2.0/24:*"] },
    flow: flowOf("gre 192.0.2.1"),
    why: "protocol_not_allowed",
  },
  {
    name: "everything without a policy entry",
    policy: {},
    flow: flowOf("udp 203.0.113.1 53"),
    why: "address_not_allowed",
  },
];

for (const { name, policy, flow, why, rule = null } of DECISIONS) {
  const isAllowed = why.startsWith("allowed_");
  const verb = isAllowed ? "lets out" : "refuses";
  Deno.test(`decideFlow() ${verb} ${name}`, () => {
    const { names: _, ...decision } = decide(policy, flow);
    assert.deepEqual(decision, {
      decision: isAllowed ? "allow" : "deny",
      enforced: true,
      why,
      rule,
    });
  });

  Deno.test(`decideFlow() judges ${name} the same in audit`, () => {
    const { enforced, ...decision } = decide(
      { ...policy, egress: "audit" },
      flow,
    );
    const { enforced: _, ...blocking } = decide(policy, flow);
    assert.deepEqual(decision, blocking);
    assert.equal(enforced, isAllowed || why === "denied_by_rule");
  });
}

Deno.test("decideFlow() tells the names of the destination, newest first", () => {
  const { names } = decide({}, flowOf("tcp 192.0.2.2 443"));
  assert.deepEqual(names, ["shared.example", "b.example"]);
});

Deno.test("decideFlow() forgets an allowed name when its time is over", () => {
  const flow = flowOf("tcp 192.0.2.1 443");
  const { why, names } = decide({ allow: ["a.example"] }, flow, {
    nowMs: 1e9,
  });
  assert.equal(why, "address_not_allowed");
  assert.deepEqual(names, []);
});

const entry = fc.tuple(
  fc.constantFrom(
    "a.example",
    "*.example",
    "b*.example",
    "192.0.2.0/24",
    "192.0.2.2",
    "[2001:db8::/32]",
  ),
  fc.constantFrom("", ":443", ":80", ":*"),
  fc.constantFrom("", "/tcp", "/udp"),
  fc.constantFrom(undefined, "/usr/bin/curl"),
).map(([target, port, protocol, process]) => ({
  text: target + port + protocol,
  ...(process === undefined ? {} : { process }),
}));
const flow = fc.record({
  protocol: fc.constantFrom(TCP, UDP, ICMP, ICMPV6, GRE),
  destination: fc.constantFrom(...ANSWERS.map(([, address]) => address))
    .map(addressOf),
  port: fc.constantFrom(80, 443),
  sender: fc.constantFrom(NOBODY, CURL, TWINE),
});
const lists = fc.record({
  egress: fc.constantFrom("audit" as const, "block" as const),
  allow: fc.array(entry, { maxLength: 4 }),
  deny: fc.array(entry, { maxLength: 3 }),
});

Deno.test("decideFlow() lets nothing more out for a deny entry more", () => {
  fc.assert(
    fc.property(lists, entry, fc.nat(3), flow, (policy, entry, at, flow) => {
      const deny = policy.deny.toSpliced(at, 0, entry);
      const before = decide(policy, flow);
      const after = decide({ ...policy, deny }, flow);
      if (before.decision === "deny") assert.equal(after.decision, "deny");
      if (before.enforced) assert.equal(after.enforced, true);
    }),
    { numRuns: 1000 },
  );
});

Deno.test("decideFlow() refuses nothing more for an allow entry more", () => {
  fc.assert(
    fc.property(lists, entry, fc.nat(4), flow, (policy, entry, at, flow) => {
      const allow = policy.allow.toSpliced(at, 0, entry);
      if (decide(policy, flow).decision === "deny") return;
      assert.equal(decide({ ...policy, allow }, flow).decision, "allow");
    }),
    { numRuns: 1000 },
  );
});
