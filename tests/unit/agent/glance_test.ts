import assert from "node:assert/strict";
import dnsPacket from "dns-packet";
import { compilePolicy } from "../../../agent/decide/match.ts";
import { NameTable } from "../../../agent/decide/names.ts";
import { HOOK } from "../../../agent/decode/nfqueue.ts";
import { type Packet, PROTOCOL } from "../../../agent/decode/packet.ts";
import { MARK } from "../../../agent/enforce/marks.ts";
import { flowKey } from "../../../agent/flow_key.ts";
import { isRefusedAtAGlance } from "../../../agent/glance.ts";
import type { Place } from "../../../agent/inside.ts";
import { scopesOf } from "../../../agent/scopes.ts";
import { addressOf, policyOf, type PolicyTexts } from "../decide/policies.ts";
import { datagram, queued } from "./clients.ts";

const RESOLVER = "198.51.100.53";
const DNS_QUEUE = 2;
const POLICY: PolicyTexts = { allow: ["a.example", "203.0.113.7:443"] };

interface Case {
  readonly name: string;
  readonly policy?: PolicyTexts;
  readonly to: string;
  readonly port?: number;
  readonly protocol?: number;
  readonly fragment?: boolean;
  readonly ask?: string | Uint8Array;
  readonly queue?: number;
  readonly hook?: number;
  readonly mark?: number;
  readonly from?: number;
  readonly place?: Place["kind"];
  readonly known?: "watched" | "open";
}

const REFUSED: readonly Case[] = [
  { name: "an address that no entry names", to: "203.0.113.66" },
  { name: "another port of an allowed address", to: "203.0.113.7", port: 80 },
  { name: "ICMP", to: "203.0.113.66", protocol: PROTOCOL.ICMP, port: 0 },
  {
    name: "what a deny entry names",
    ...{ to: "203.0.113.7", policy: { ...POLICY, deny: ["203.0.113.7"] } },
  },
  {
    name: "what a deny entry names while the policy audits",
    ...{ to: "203.0.113.7" },
    policy: { egress: "audit", deny: ["203.0.113.7"] },
  },
  { name: "a look-up that is not allowed", to: RESOLVER, ask: "evil.example" },
  { name: "a stranger's resolver", to: "203.0.113.53", ask: "a.example" },
  {
    name: "an address that no entry names while others are for a program",
    ...{ to: "203.0.113.66" },
    policy: { allow: [{ text: "203.0.113.7:443", process: "/usr/bin/cat" }] },
  },
];

const LOOKED_AT: readonly Case[] = [
  { name: "an allowed address", to: "203.0.113.7" },
  { name: "the address of an allowed name", to: "203.0.113.1" },
  { name: "an allowed look-up", to: RESOLVER, ask: "a.example" },
  { name: "the probe's look-up", to: RESOLVER, ask: "probe.invalid" },
  { name: "what is no look-up", to: RESOLVER, ask: new Uint8Array(30) },
  {
    name: "what is not carried out",
    ...{ to: "203.0.113.66", policy: { ...POLICY, egress: "audit" } },
  },
  {
    name: "what another program may",
    ...{ to: "203.0.113.7" },
    policy: { allow: [{ text: "203.0.113.7:443", process: "/usr/bin/cat" }] },
  },
  {
    name: "what another program may not",
    ...{ to: "203.0.113.7" },
    policy: {
      ...POLICY,
      deny: [{ text: "203.0.113.7", process: "/usr/bin/cat" }],
    },
  },
  { name: "DNS over TCP", to: RESOLVER, port: 53, protocol: PROTOCOL.TCP },
  { name: "UDP to port 53 by the other queue", to: RESOLVER, port: 53 },
  { name: "a fragment", to: "203.0.113.66", fragment: true },
  { name: "an answer", to: "203.0.113.66", hook: HOOK.LOCAL_IN },
  { name: "a forged source", to: "203.0.113.66", hook: HOOK.PRE_ROUTING },
  { name: "a source marked as forged", to: "203.0.113.66", mark: MARK.DENY },
  { name: "a flow that was let go", to: "203.0.113.66", mark: MARK.OPEN },
  { name: "what stays inside", to: "203.0.113.66", place: "inside" },
  { name: "a forged container", to: "203.0.113.66", place: "forged" },
  { name: "a flow that is watched", to: "203.0.113.66", known: "watched" },
  { name: "a flow that was open before", to: "203.0.113.66", known: "open" },
  {
    name: "DHCP of the system",
    ...{ to: "255.255.255.255", protocol: PROTOCOL.UDP, from: 68, port: 67 },
  },
];

for (const one of REFUSED) {
  Deno.test(`isRefusedAtAGlance() refuses ${one.name}`, () => {
    assert.equal(glance(one), true);
  });
}

for (const one of LOOKED_AT) {
  Deno.test(`isRefusedAtAGlance() leaves ${one.name} to a closer look`, () => {
    assert.equal(glance(one), false);
  });
}

function glance(one: Case): boolean {
  const policy = policyOf(one.policy ?? POLICY);
  const names = new NameTable();
  names.learn("a.example", addressOf("203.0.113.1"), {
    ttlSeconds: 60,
    nowMs: 0,
  });
  const packet = packetOf(one);
  const key = flowKey(packet);
  const { queue = one.ask === undefined ? 1 : DNS_QUEUE } = one;
  const place = one.place ?? "outside";
  return isRefusedAtAGlance({
    queued: {
      ...queued(packet, { id: 1, nowMs: 1 }).queued,
      queue,
      hook: one.hook ?? HOOK.LOCAL_OUT,
      uid: 0,
      mark: one.mark ?? 0,
    },
    packet,
    nowMs: 1,
  }, {
    policy: compilePolicy(policy),
    isScoped: scopesOf(policy).isAny,
    names,
    resolvers: new Set([RESOLVER]),
    probeName: "probe.invalid",
    dnsQueue: DNS_QUEUE,
    openFlows: new Set(one.known === "open" ? [key] : []),
    placeOf: () =>
      place === "inside" ? { kind: place, mark: 0 } : { kind: place },
    isWatched: (asked) => one.known === "watched" && asked === key,
  });
}

function packetOf(one: Case): Packet {
  const isDns = one.ask !== undefined;
  const payload = typeof one.ask === "string"
    ? dnsPacket.encode({
      type: "query",
      id: 7,
      flags: dnsPacket.RECURSION_DESIRED,
      questions: [{ type: "A", name: one.ask }],
    })
    : one.ask ?? new Uint8Array(0);
  return {
    ...datagram(new Uint8Array(payload)),
    destination: addressOf(one.to),
    destinationPort: one.port ?? (isDns ? 53 : 443),
    sourcePort: one.from ?? 40_000,
    protocol: one.protocol ??
      (isDns || one.port === 53 ? PROTOCOL.UDP : PROTOCOL.TCP),
    fragment: one.fragment ?? false,
  };
}
