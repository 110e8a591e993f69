import assert from "node:assert/strict";
import {
  aggregate,
  countsOf,
  hasRefusal,
} from "../../../agent/report/aggregate.ts";
import { floodsOf, floodText } from "../../../agent/report/flood.ts";
import type { AgentEvent, Event } from "../../../agent/record/event.ts";
import { cautionsOf } from "../../../agent/report/words.ts";
import { agent, connection } from "./samples.ts";

const USER = { uid: 1001, address: null };
const FLOOD: readonly Event[] = [
  agent("flood", { second: 1, ...USER, refused: { tcp: 5, dns: 2 } }),
  agent("flood", { second: 2, uid: null, address: "192.0.2.2", unjudged: 9 }),
  agent("flood", { second: 3, ...USER, refused: { tcp: 1 }, unjudged: 4 }),
];

Deno.test("floodsOf() adds up each sender, the sender of most first", () => {
  const events = [...FLOOD, agent("armed", { second: 4 })] as AgentEvent[];
  assert.deepEqual(floodsOf(events), [
    { ...USER, refused: 8, unjudged: 4 },
    { uid: null, address: "192.0.2.2", refused: 0, unjudged: 9 },
  ]);
});

Deno.test("countsOf() counts refusals that have no event each", () => {
  assert.deepEqual(countsOf([...FLOOD, connection()]), {
    connection: { allow: 0, deny: 7 },
    dns: { allow: 0, deny: 2 },
    exec: 0,
    step: 0,
    privilege: { seen: 0, denied: 0 },
    file: { seen: 0, overwritten: 0 },
  });
});

Deno.test("hasRefusal() sees a refusal without an event of its own", () => {
  assert.equal(hasRefusal(aggregate(FLOOD)), true);
  assert.equal(hasRefusal(aggregate([FLOOD[1]!])), false);
  assert.equal(hasRefusal(aggregate([connection()])), false);
  assert.equal(hasRefusal(aggregate([connection({ enforced: true })])), true);
});

Deno.test("cautionsOf() says what no row tells", () => {
  const cautions = cautionsOf(aggregate(FLOOD));
  assert.ok(cautions.includes(
    "User 1001 sent more than is told one by one: 8 packets were refused " +
      "that have no event of their own, and 4 were dropped before anything " +
      "was decided.",
  ));
  assert.ok(cautions.includes(
    "192.0.2.2 sent faster than Sluice can judge: 9 packets were dropped " +
      "before anything was decided, to be sent again.",
  ));
  const text = floodText({ uid: null, address: null, refused: 1, unjudged: 0 });
  assert.match(text, /^More than one sender sent .* of their own\.$/);
});
