import assert from "node:assert/strict";
import { saidUdpPorts } from "../../../agent/decide/policy.ts";
import { policyOf } from "./policies.ts";

const PORTS: readonly {
  readonly allow: readonly string[];
  readonly ports: readonly number[] | null;
}[] = [
  { allow: [], ports: [] },
  { allow: ["a.example", "192.0.2.1:443/udp", "a.example/dns"], ports: [] },
  {
    allow: ["a.example:8443/udp", "*.b.example/udp", "c.example/udp"],
    ports: [443, 8443],
  },
  { allow: ["a.example/udp", "b.example:*/udp"], ports: null },
];

for (const { allow, ports } of PORTS) {
  Deno.test(`saidUdpPorts() finds those of ${allow.join(", ") || "nothing"}`, () => {
    assert.deepEqual(saidUdpPorts(policyOf({ allow })), ports);
  });
}

Deno.test("saidUdpPorts() finds none where no name is asked for", () => {
  const policy = policyOf({ allow: ["a.example/udp"] });
  assert.deepEqual(saidUdpPorts({ ...policy, names: "answered" }), []);
});
