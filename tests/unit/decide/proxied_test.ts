import assert from "node:assert/strict";
import type { Flow } from "../../../agent/decide/decision.ts";
import { decideFlow } from "../../../agent/decide/flow.ts";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import type { Said } from "../../../agent/decide/said.ts";
import { decideSaid, isListenedTo } from "../../../agent/decide/said_name.ts";
import { addressOf, NOBODY, policyOf } from "./policies.ts";

const POLICY = policyOf({
  allow: ["a.example", "a.example:80", "a.example:22", "192.0.2.9:443"],
  proxy: ["proxy.example:3128", "192.0.2.8:8080"],
  deny: ["bad.example"],
});

/** Where the flow goes, and what its first packet comes to. */
function world(place: string, egress: "audit" | "block" = "block") {
  const [address = "", port] = place.split(" ");
  const flow: Flow = {
    protocol: 6,
    destination: addressOf(address),
    port: Number(port),
    sender: NOBODY,
  };
  const names = new NameTable();
  for (
    const [name, of] of [["proxy.example", "192.0.2.7"], [
      "a.example",
      "192.0.2.1",
    ]]
  ) {
    names.learn(name!, of!, { ttlSeconds: 60, nowMs: 0 });
  }
  const policy = compilePolicy({ ...POLICY, egress });
  const all = { policy, names, nowMs: 1 };
  return { flow, world: { ...all, first: decideFlow(flow, all) } };
}

/** `GET http://host:port`, `CONNECT host:port`, `Host host`, `tls host`. */
function saidBy(text: string): Said {
  const [kind = "", place = ""] = text.split(" ");
  const [host = "", port] = place.split(":");
  const name = host === "" ? null : host;
  if (kind === "tls") return { kind, name };
  if (kind === "other" || kind === "unreadable") return { kind };
  const form = kind === "GET"
    ? "absolute"
    : kind === "CONNECT"
    ? "authority"
    : "origin";
  return { kind: "http", name, port: Number(port) || null, form };
}

const CASES: readonly {
  /** What is said, or `CONNECT host:port > what is said behind it`. */
  readonly said: string;
  readonly why: string;
  readonly to?: string;
}[] = [
  { said: "CONNECT a.example:443", why: "allowed_name" },
  { said: "CONNECT a.example:8443", why: "port_not_allowed" },
  { said: "CONNECT b.example:443", why: "name_not_allowed" },
  { said: "CONNECT bad.example:443", why: "denied_by_rule" },
  { said: "CONNECT 192.0.2.9:443", why: "allowed_address" },
  { said: "CONNECT 192.0.2.1:443", why: "address_not_allowed" },
  { said: "GET a.example:80", why: "allowed_name" },
  { said: "GET b.example:80", why: "name_not_allowed" },
  // Some proxies take the Host field for a target.
  { said: "Host a.example", why: "allowed_name" },
  { said: "Host b.example", why: "name_not_allowed" },
  { said: "Host proxy.example:3128", why: "allowed_name" },
  { said: "Host", why: "name_missing" },
  { said: "tls a.example", why: "name_missing" },
  { said: "other", why: "name_missing" },
  { said: "unreadable", why: "name_unreadable" },
  {
    said: "CONNECT b.example:443",
    why: "name_not_allowed",
    to: "192.0.2.8 8080",
  },
  { said: "CONNECT a.example:443", why: "allowed_name", to: "192.0.2.8 8080" },
  { said: "other", why: "name_missing", to: "192.0.2.8 8080" },

  { said: "CONNECT a.example:443 > tls a.example", why: "allowed_name" },
  { said: "CONNECT a.example:443 > tls b.example", why: "sni_not_allowed" },
  { said: "CONNECT a.example:443 > tls", why: "name_missing" },
  { said: "CONNECT a.example:443 > other", why: "name_missing" },
  { said: "CONNECT a.example:443 > unreadable", why: "name_unreadable" },
  { said: "CONNECT a.example:22 > other", why: "allowed_name" },
  { said: "CONNECT a.example:22 > tls b.example", why: "sni_not_allowed" },
  { said: "CONNECT a.example:80 > Host a.example", why: "allowed_name" },
  { said: "CONNECT a.example:80 > Host b.example", why: "host_not_allowed" },
  // The proxy may have opened no tunnel.
  { said: "CONNECT a.example:80 > GET b.example:80", why: "name_not_allowed" },
  {
    said: "CONNECT a.example:80 > CONNECT b.example:1",
    why: "name_not_allowed",
  },
  { said: "CONNECT a.example:80 > CONNECT a.example:443", why: "allowed_name" },
  { said: "CONNECT b.example:80 > tls a.example", why: "name_not_allowed" },
  { said: "CONNECT 192.0.2.9:443 > tls b.example", why: "allowed_address" },
  { said: "CONNECT 192.0.2.9:443 > tls bad.example", why: "denied_by_rule" },
  { said: "CONNECT 192.0.2.9:443 > other", why: "allowed_address" },
];

for (const { said, why, to = "192.0.2.7 3128" } of CASES) {
  Deno.test(`decideSaid() judges "${said}" to the proxy ${to}`, () => {
    const of = world(to);
    const [outer = "", inner] = said.split(" > ");
    const target = saidBy(outer);
    assert.ok(inner === undefined || target.kind === "http");
    const all: Said = inner === undefined ? target : {
      ...saidBy(inner),
      through: "name" in target && "port" in target
        ? { host: target.name!, port: target.port }
        : { host: "", port: null },
    };
    const decision = decideSaid(of.flow, { ...of.world, said: all });
    assert.equal(decision.why, why);
    assert.equal(decision.decision === "allow", why.startsWith("allowed"));
  });
}

for (
  const [said, why] of [
    ["CONNECT a.example:443", "proxy_not_allowed"],
    ["GET a.example:80", "allowed_name"],
    ["GET a.example:81", "proxy_not_allowed"],
    ["GET b.example:80", "proxy_not_allowed"],
    ["Host a.example:81", "allowed_name"],
  ]
) {
  Deno.test(`decideSaid() takes no server for a proxy: ${said}`, () => {
    const { flow, world: of } = world("192.0.2.1 80");
    const decision = decideSaid(flow, { ...of, said: saidBy(said!) });
    assert.equal(decision.why, why);
  });
}

Deno.test("isListenedTo() always listens to who speaks to a proxy", () => {
  for (
    const [place, asksNames, listens] of [
      ["192.0.2.7 3128", false, true],
      ["192.0.2.8 8080", false, true],
      ["192.0.2.1 443", false, false],
      ["192.0.2.1 443", true, true],
      ["192.0.2.9 443", true, false],
      ["192.0.2.7 80", true, false],
    ] as const
  ) {
    const { flow, world: of } = world(place);
    assert.equal(isListenedTo(flow, { ...of, asksNames }), listens, place);
  }
});

Deno.test("decideSaid() holds a deny entry in audit whoever is asked to go on", () => {
  for (const place of ["192.0.2.1 80", "192.0.2.5 3128"]) {
    const { flow, world: of } = world(place, "audit");
    const said = saidBy("CONNECT bad.example:443");
    const { why, enforced } = decideSaid(flow, { ...of, said });
    assert.deepEqual({ why, enforced }, {
      why: "denied_by_rule",
      enforced: true,
    });
  }
});

for (
  const [said, why] of [
    ["CONNECT a.example:443", "proxy_not_allowed"],
    ["GET a.example:80", "proxy_not_allowed"],
    ["Host a.example", "address_not_allowed"],
    ["other", "address_not_allowed"],
    ["unreadable", "address_not_allowed"],
  ] as const
) {
  Deno.test(`decideSaid() lets go in audit where nothing names a proxy: ${said}`, () => {
    const { flow, world: of } = world("192.0.2.5 3128", "audit");
    assert.ok(isListenedTo(flow, { ...of, asksNames: true }));
    const decision = decideSaid(flow, { ...of, said: saidBy(said) });
    assert.equal(decision.why, why);
    assert.equal(decision.enforced, false);
  });
}

Deno.test("isListenedTo() looks for proxies in audit only, and on their ports", () => {
  for (const [place, egress] of [["3128", "block"], ["3129", "audit"]]) {
    const of = world(`192.0.2.5 ${place}`, egress as "audit" | "block");
    const asked = isListenedTo(of.flow, { ...of.world, asksNames: true });
    assert.equal(asked, false, place);
  }
});
