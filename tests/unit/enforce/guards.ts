/**
 * Guards and packets, by hand and by chance.
 *
 * @module
 */
import fc from "fast-check";
import { SLOT_COUNT, slotOf } from "../../../agent/enforce/marks.ts";
import { type Guarded, PROBE_ADDRESS } from "../../../agent/enforce/rule.ts";
import type { Passing } from "./rule_machine.ts";

/** Enough ports for two rules. */
export const LISTENING = {
  tcp: [22, 80, 443, ...Array.from({ length: 14 }, (_, at) => 8000 + at)],
  udp: [53, 68],
};

/** The guard of a whole host, or of one command. */
export function guardOf(
  scope: "host" | "command",
  egress: "audit" | "block",
): Guarded {
  return {
    slot: slotOf(scope === "host" ? 0 : 3),
    egress,
    inbound: "listening",
    cgroup: scope === "host" ? null : "sluice/run-4711",
    listening: LISTENING,
    saidPorts: [443],
  };
}

/** Any guard. */
export const anyGuard: fc.Arbitrary<Guarded> = fc.record({
  slot: fc.integer({ min: 0, max: SLOT_COUNT - 1 }).map((n) => slotOf(n)),
  egress: fc.constantFrom("audit" as const, "block" as const),
  inbound: fc.constantFrom(
    ...["listening" as const, "allow" as const, "deny" as const],
  ),
  cgroup: fc.constantFrom(null, "sluice/run-4711"),
  listening: fc.constantFrom(LISTENING, { tcp: [], udp: [] }),
  saidPorts: fc.constantFrom(null, [], [443, 8010]),
});

/** Marks with and without bits of ours and of others. */
const anyMark = fc.tuple(
  fc.integer({ min: 0, max: 15 }),
  fc.constantFrom(0, 0x1, 0x4000, 0x0fff_ffff),
).map(([ours, others]) => ((ours << 28) | others) >>> 0);

/** Any packet, the values that rules look for among others. */
export const anyPacket: fc.Arbitrary<Passing> = fc.record({
  protocol: fc.constantFrom(
    ...["tcp", "udp", "icmp", "ipv6-icmp", "igmp", "gre"] as const,
  ),
  sourcePort: fc.constantFrom(22, 53, 68, 8010, 40_000),
  destinationPort: fc.constantFrom(22, 53, 443, 8010),
  mayOpen: fc.boolean(),
  icmpType: fc.constantFrom(1, 128, 131, 133, 134, 135, 136, 137, 143),
  outInterface: fc.constantFrom("lo", "eth0"),
  destination: fc.constantFrom(PROBE_ADDRESS.join("."), "127.0.0.1"),
  isLocal: fc.boolean(),
  isUnspecified: fc.boolean(),
  isExpected: fc.boolean(),
  direction: fc.constantFrom("ORIGINAL", "REPLY"),
  state: fc.constantFrom(
    ...["NEW", "ESTABLISHED", "RELATED", "INVALID", "UNTRACKED"] as const,
  ),
  isSyn: fc.boolean(),
  isHelped: fc.boolean(),
  confirmed: fc.boolean(),
  byKernel: fc.boolean(),
  byRoot: fc.boolean(),
  cgroup: fc.constantFrom(
    ...["", "sluice/run-4711", "sluice/run-4711/inner", "sluice/run-47111"],
  ),
  mark: anyMark,
  connmark: anyMark,
});
