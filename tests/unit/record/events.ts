/**
 * Events, by hand and by chance.
 *
 * @module
 */
import fc from "fast-check";
import type {
  AgentEvent,
  ConnectionEvent,
  DnsEvent,
  EventBody,
} from "../../../agent/record/event.ts";

/** The shortest event there is. */
export const STARTED: AgentEvent = { kind: "agent", event: "armed" };

/** Text that breaks line formats, terminals and careless parsers. */
const HOSTILE = [
  "",
  '"',
  "\\",
  "\n",
  "\r\n",
  '"}\n{"version":1,"seq":1,',
  "\0",
  "\u2028\u2029",
  "\ud800",
  "\udfff\ud800",
  "\ufeff",
  "__proto__",
  "é€😀",
  "\x1b[31m",
];

const text = fc.oneof(
  fc.constantFrom(...HOSTILE),
  fc.string({ unit: "binary" }),
  fc.string({ unit: "grapheme" }),
);
const nullable = fc.option(text);
const count = fc.maxSafeNat();
const endpoint = fc.record({
  address: text,
  port: fc.integer({ min: 0, max: 65_535 }),
});

const judged = {
  decision: fc.constantFrom("allow" as const, "deny" as const),
  enforced: fc.boolean(),
  why: text,
  rule: nullable,
  step: nullable,
  process: fc.option(fc.record({
    pid: count,
    exe: nullable,
    args: fc.array(text),
    uid: count,
    ancestors: fc.array(fc.record({ pid: count, exe: nullable })),
  })),
  container: nullable,
};

const connection: fc.Arbitrary<ConnectionEvent> = fc.record({
  ...judged,
  kind: fc.constant("connection" as const),
  protocol: text,
  direction: fc.constantFrom("output" as const, "forward" as const),
  source: endpoint,
  destination: endpoint,
  names: fc.array(text),
  sni: nullable,
});

const dns: fc.Arbitrary<DnsEvent> = fc.record({
  ...judged,
  kind: fc.constant("dns" as const),
  name: text,
  type: text,
  server: endpoint,
  answers: fc.option(fc.array(text)),
});

const agent: fc.Arbitrary<AgentEvent> = fc.record({
  kind: fc.constant("agent" as const),
  event: fc.constantFrom(
    ...[
      "armed",
      "stopped",
      "coverage_lost",
      "tampered",
      "impaired",
      "flood",
      "tunnel",
    ] as const,
  ),
  egress: fc.constantFrom("audit" as const, "block" as const),
  scope: fc.constantFrom("host" as const, "command" as const),
  pid: count,
  from: fc.constant("2026-01-02T03:04:05.678901Z"),
  message: text,
  packets: count,
  lost: count,
  uid: fc.option(count),
  address: nullable,
  refused: fc.dictionary(fc.constantFrom("tcp", "udp", "dns", "47"), count),
  unjudged: count,
  domain: text,
  sign: fc.constantFrom(
    ...["nameBytes", "names", "longNames", "freeTypes"] as const,
  ),
  names: count,
  nameBytes: count,
}, { requiredKeys: ["kind", "event"] });

/** Any event. */
export const anyEvent: fc.Arbitrary<EventBody> = fc.oneof(
  connection,
  dns,
  agent,
);
