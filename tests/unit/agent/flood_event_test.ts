import assert from "node:assert/strict";
import { floodEvents, refusedProtocol } from "../../../agent/flood_event.ts";
import { agent, connection, lookUp } from "../report/samples.ts";

const WHEN = {
  from: "2026-01-02T03:04:05.000000Z",
  to: "2026-01-02T03:04:06.000000Z",
};
const UNTOLD = {
  label: { uid: 1001, address: null },
  fromMs: 1,
  refused: { tcp: 20, dns: 1 },
  unjudged: 3,
};

Deno.test("floodEvents() sums up what a sender was refused and dropped", () => {
  assert.deepEqual(floodEvents(UNTOLD, { isLetGo: false, ...WHEN }), [{
    kind: "agent",
    event: "flood",
    ...WHEN,
    message: "user 1001 sent more than is told one by one: 21 packets were " +
      "refused without an event each, 3 were dropped unjudged",
    uid: 1001,
    address: null,
    refused: { tcp: 20, dns: 1 },
    unjudged: 3,
  }]);
});

Deno.test("floodEvents() says that coverage is lost where unjudged packets went", () => {
  const events = floodEvents(UNTOLD, { isLetGo: true, ...WHEN });

  assert.deepEqual(events.map(({ event }) => event), [
    "coverage_lost",
    "flood",
  ]);
  assert.deepEqual(events.map(({ unjudged }) => unjudged), [undefined, 0]);
  const quiet = { ...UNTOLD, refused: {} };
  assert.equal(floodEvents(quiet, { isLetGo: true, ...WHEN }).length, 1);
});

Deno.test("floodEvents() names containers, and those that it cannot name", () => {
  const messageOf = (address: string | null) => {
    const untold = { ...UNTOLD, label: { uid: null, address } };
    return floodEvents(untold, { isLetGo: false, ...WHEN })[0]!.message!;
  };
  assert.match(messageOf("192.0.2.2"), /^192\.0\.2\.2 sent/);
  assert.match(messageOf(null), /^senders that cannot be told apart sent/);
});

Deno.test("refusedProtocol() counts what was refused, and nothing else", () => {
  const refused = { decision: "deny", enforced: true } as const;
  assert.equal(refusedProtocol(connection({ ...refused })), "tcp");
  assert.equal(refusedProtocol(lookUp({ ...refused })), "dns");
  assert.equal(refusedProtocol(connection()), null);
  assert.equal(refusedProtocol(lookUp({ decision: "allow" })), null);
  assert.equal(refusedProtocol(agent("armed", { second: 0 })), null);
});
