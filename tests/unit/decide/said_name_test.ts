import assert from "node:assert/strict";
import type { Decision, Flow, Sender } from "../../../agent/decide/decision.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import type { Said } from "../../../agent/decide/said.ts";
import { decideSaid, isNameAsked } from "../../../agent/decide/said_name.ts";
import { addressOf, NOBODY, policyOf, type PolicyTexts } from "./policies.ts";

const PROTOCOL: Readonly<Record<string, number>> = { tcp: 6, udp: 17 };

/** Answers that arrived at the time 0; two names share an address. */
const ANSWERS: readonly (readonly [name: string, address: string])[] = [
  ["a.example", "192.0.2.1"],
  ["shared.example", "192.0.2.1"],
  ["x.wild.example", "192.0.2.1"],
  ["elsewhere.example", "192.0.2.2"],
  ["a.example", "2001:db8::1"],
];

const EVERYWHERE: PolicyTexts = {
  allow: [
    ...["a.example:*", "a.example:*/udp"],
    ...["elsewhere.example:*", "elsewhere.example:*/udp"],
    "*.wild.example:8443",
  ],
};

const OTHER: Said = { kind: "other" };
const UNREADABLE: Said = { kind: "unreadable" };
const TWINE: Sender = { exe: "/usr/bin/twine", step: null };
const CURL: Sender = { exe: "/usr/bin/curl", step: null };

function tls(name: string | null): Said {
  return { kind: "tls", name };
}

function http(name: string | null): Said {
  return { kind: "http", name, port: null, form: "origin" };
}

interface Case {
  readonly said: Said;
  /** Where the flow goes: `tcp 192.0.2.1 443`. */
  readonly to: string;
  readonly policy?: PolicyTexts;
  readonly sender?: Sender;
}

/** Both looks, the second only after a first one that asks for it. */
function judge({ said, to, policy = EVERYWHERE, sender = NOBODY }: Case): {
  readonly first: Decision;
  readonly decision: Decision;
} {
  const [protocol = "", address = "", port] = to.split(" ");
  const flow: Flow = {
    protocol: PROTOCOL[protocol]!,
    destination: addressOf(address),
    port: Number(port),
    sender,
  };
  const names = new NameTable();
  for (const [name, of] of ANSWERS) {
    names.learn(name, of, { ttlSeconds: 60, nowMs: 0 });
  }
  const world = { policy: compilePolicy(policyOf(policy)), names, nowMs: 1 };
  const first = decideFlow(flow, world);
  assert.equal(isNameAsked(first), true, first.why);
  return { first, decision: decideSaid(flow, { ...world, said, first }) };
}

const KINDS: readonly {
  readonly name: string;
  readonly said: Said;
  /** On ports 443 and 80, and on all others. */
  readonly why: readonly [onItsPort: string, elsewhere: string];
}[] = [
  { name: "an allowed name in TLS", said: tls("a.example"), why: allowed() },
  { name: "an allowed name in HTTP", said: http("a.example"), why: allowed() },
  {
    name: "a name in TLS that was answered with another address",
    said: tls("elsewhere.example"),
    why: always("sni_not_allowed"),
  },
  {
    name: "a host in HTTP that was answered with another address",
    said: http("elsewhere.example"),
    why: always("host_not_allowed"),
  },
  {
    name: "a name in TLS that shares the address and is not allowed",
    said: tls("shared.example"),
    why: always("sni_not_allowed"),
  },
  {
    name: "a host in HTTP that shares the address and is not allowed",
    said: http("shared.example"),
    why: always("host_not_allowed"),
  },
  {
    name: "a name in TLS that nobody knows",
    said: tls("evil.example"),
    why: always("sni_not_allowed"),
  },
  {
    name: "a host in HTTP that is the address itself",
    said: http("192.0.2.1"),
    why: always("host_not_allowed"),
  },
  { name: "TLS without a name", said: tls(null), why: always("name_missing") },
  { name: "HTTP without one", said: http(null), why: always("name_missing") },
  {
    name: "what is neither TLS nor HTTP",
    said: OTHER,
    why: ["name_missing", "allowed_name"],
  },
  {
    name: "what can be read in two ways",
    said: UNREADABLE,
    why: always("name_unreadable"),
  },
];

for (const { name, said, why } of KINDS) {
  for (const protocol of ["tcp", "udp"]) {
    for (const port of [443, 80, 8443, 22]) {
      const wanted = why[port === 443 || port === 80 ? 0 : 1];
      const isAllowed = wanted === "allowed_name";
      const verb = isAllowed ? "lets out" : "refuses";
      const place = `${protocol} port ${port}`;
      const to = `${protocol} 192.0.2.1 ${port}`;

      Deno.test(`decideSaid() ${verb} ${name} on ${place}`, () => {
        const { first, decision } = judge({ said, to });

        const suffix = protocol === "udp" ? "/udp" : "";
        assert.deepEqual(decision, {
          decision: isAllowed ? "allow" : "deny",
          enforced: true,
          why: wanted,
          rule: isAllowed ? `a.example:*${suffix}` : null,
          names: first.names,
        });
      });

      Deno.test(`decideSaid() judges ${name} on ${place} the same in audit`, () => {
        const policy = { ...EVERYWHERE, egress: "audit" } as const;
        const { enforced, ...decision } = judge({ said, to, policy }).decision;

        const { enforced: _, ...blocking } = judge({ said, to }).decision;
        assert.deepEqual(decision, blocking);
        assert.equal(enforced, isAllowed);
      });
    }
  }
}

const BAD = { allow: ["a.example"], deny: ["bad.example", "*.bad.example"] };
const SCOPED = { text: "shared.example", process: "/usr/bin/twine" };

const CASES: readonly (Case & {
  readonly name: string;
  readonly why: string;
  readonly rule?: string;
  readonly enforced?: boolean;
})[] = [
  {
    name: "lets out an allowed name over IPv6",
    said: tls("a.example"),
    to: "tcp 2001:db8::1 443",
    why: "allowed_name",
    rule: "a.example:*",
  },
  {
    name: "lets out a second allowed name of the address, by its own entry",
    said: tls("x.wild.example"),
    to: "tcp 192.0.2.1 8443",
    why: "allowed_name",
    rule: "*.wild.example:8443",
  },
  {
    name: "refuses a second allowed name on a port that it is not allowed for",
    said: tls("x.wild.example"),
    to: "tcp 192.0.2.1 443",
    why: "sni_not_allowed",
  },
  {
    name: "refuses an allowed name that is allowed over TCP only",
    said: tls("shared.example"),
    to: "udp 192.0.2.1 443",
    policy: { allow: ["a.example/udp", "shared.example"] },
    why: "sni_not_allowed",
  },
  {
    name: "refuses a name that a deny entry means, by that entry",
    said: tls("x.bad.example"),
    to: "tcp 192.0.2.1 443",
    policy: BAD,
    why: "denied_by_rule",
    rule: "*.bad.example",
  },
  {
    name: "refuses a host that a deny entry means, in audit too",
    said: http("bad.example"),
    to: "tcp 192.0.2.1 443",
    policy: { ...BAD, egress: "audit" },
    why: "denied_by_rule",
    rule: "bad.example",
  },
  {
    name: "lets out the process that the name's entry means",
    said: tls("shared.example"),
    to: "tcp 192.0.2.1 443",
    policy: { allow: ["a.example", SCOPED] },
    sender: TWINE,
    why: "allowed_name",
    rule: "shared.example",
  },
  ...[CURL, NOBODY].map((sender) => ({
    name: `refuses the name to ${sender.exe ?? "a sender that is not known"}`,
    said: tls("shared.example"),
    to: "tcp 192.0.2.1 443",
    policy: { allow: ["a.example", SCOPED] },
    sender,
    why: "sni_not_allowed",
  })),
  ...[
    ["a name that is not allowed", tls("evil.example")],
    ["TLS without a name", tls(null)],
    ["what is neither TLS nor HTTP", OTHER],
    ["what can be read in two ways", UNREADABLE],
  ].map(([what, said]) => ({
    name: `lets out ${what} where a later entry names the address`,
    said: said as Said,
    to: "tcp 192.0.2.1 443",
    policy: { allow: ["a.example", "192.0.2.0/24"] },
    why: "allowed_address",
    rule: "192.0.2.0/24",
  })),
  {
    name: "refuses where an entry names the address for another port",
    said: tls(null),
    to: "tcp 192.0.2.1 443",
    policy: { allow: ["a.example", "192.0.2.1:80"] },
    why: "name_missing",
  },
  {
    name: "refuses where an entry names the address for another process",
    said: tls(null),
    to: "tcp 192.0.2.1 443",
    policy: {
      allow: ["a.example", { text: "192.0.2.1", process: "/usr/bin/twine" }],
    },
    sender: CURL,
    why: "name_missing",
  },
  {
    name: "refuses a denied name where an entry names the address",
    said: tls("bad.example"),
    to: "tcp 192.0.2.1 443",
    policy: { ...BAD, allow: ["a.example", "192.0.2.1"] },
    why: "denied_by_rule",
    rule: "bad.example",
  },
];

for (const { name, why, rule = null, ...given } of CASES) {
  Deno.test(`decideSaid() ${name}`, () => {
    const { first, decision } = judge(given);

    assert.deepEqual(decision, {
      decision: why.startsWith("allowed_") ? "allow" : "deny",
      enforced: true,
      why,
      rule,
      names: first.names,
    });
  });
}

for (
  const [why, decision, asked] of [
    ["allowed_name", "allow", true],
    ["allowed_address", "allow", false],
    ["open_before_arming", "allow", false],
    ["dhcp", "allow", false],
    ["name_not_allowed", "deny", false],
    ["denied_by_rule", "deny", false],
  ] as const
) {
  Deno.test(`isNameAsked() is ${asked} for ${why}`, () => {
    const first = { decision, enforced: true, why, rule: null, names: [] };

    assert.equal(isNameAsked(first), asked);
  });
}

function allowed(): readonly [string, string] {
  return always("allowed_name");
}

function always(why: string): readonly [string, string] {
  return [why, why];
}
