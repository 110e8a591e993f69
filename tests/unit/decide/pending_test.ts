import assert from "node:assert/strict";
import fc from "fast-check";
import {
  ANSWER_LIMIT_MS,
  PendingQueries,
  type QueryKey,
} from "../../../agent/decide/pending.ts";

const KEY: QueryKey = {
  client: { address: "192.0.2.10", port: 40000 },
  server: { address: "192.0.2.53", port: 53 },
  id: 7,
  name: "a.example",
  type: 1,
  class: 1,
};

Deno.test("PendingQueries gives a query to its answer, once", () => {
  const pending = new PendingQueries<string>();
  assert.equal(pending.add(KEY, "first", 0), null);
  assert.equal(pending.take(KEY, 1), "first");
  assert.equal(pending.take(KEY, 1), null);
});

const FORGED: readonly { name: string; key: QueryKey }[] = [
  {
    name: "to another address",
    key: { ...KEY, client: { ...KEY.client, address: "192.0.2.11" } },
  },
  {
    name: "to another port",
    key: { ...KEY, client: { ...KEY.client, port: 40001 } },
  },
  {
    name: "from another address",
    key: { ...KEY, server: { ...KEY.server, address: "192.0.2.54" } },
  },
  {
    name: "from another port",
    key: { ...KEY, server: { ...KEY.server, port: 5353 } },
  },
  { name: "with another id", key: { ...KEY, id: 8 } },
  { name: "to another name", key: { ...KEY, name: "b.example" } },
  { name: "of another type", key: { ...KEY, type: 28 } },
  { name: "of another class", key: { ...KEY, class: 3 } },
];

for (const { name, key } of FORGED) {
  Deno.test(`PendingQueries knows no query for an answer ${name}`, () => {
    const pending = new PendingQueries<string>();
    pending.add(KEY, "first", 0);
    assert.equal(pending.take(key, 1), null);
    assert.equal(pending.take(KEY, 1), "first");
  });
}

Deno.test("PendingQueries keeps the first of a query sent twice", () => {
  const pending = new PendingQueries<string>();
  pending.add(KEY, "first", 0);
  assert.equal(pending.add(KEY, "again", 5000), null);
  assert.equal(pending.size, 1);
  assert.equal(pending.take(KEY, 5000 + ANSWER_LIMIT_MS - 1), "first");
  assert.deepEqual(pending.expire(Infinity), []);
});

Deno.test("PendingQueries gives a query sent twice to expire() once", () => {
  const pending = new PendingQueries<string>();
  pending.add(KEY, "first", 0);
  pending.add(KEY, "again", 5000);
  assert.deepEqual(pending.expire(ANSWER_LIMIT_MS), []);
  assert.deepEqual(pending.expire(5000 + ANSWER_LIMIT_MS), ["first"]);
});

Deno.test("PendingQueries takes a query sent after its answer as new", () => {
  const pending = new PendingQueries<string>();
  pending.add(KEY, "first", 0);
  pending.take(KEY, 1);
  pending.add(KEY, "again", 2);
  assert.equal(pending.take(KEY, 3), "again");
});

Deno.test("PendingQueries leaves a query that is too old to expire()", () => {
  const pending = new PendingQueries<string>();
  pending.add(KEY, "first", 0);
  assert.equal(pending.take(KEY, ANSWER_LIMIT_MS), null);
  assert.deepEqual(pending.expire(ANSWER_LIMIT_MS), ["first"]);
});

Deno.test("PendingQueries gives back the oldest when it is full", () => {
  const pending = new PendingQueries<string>(2);
  pending.add({ ...KEY, id: 1 }, "first", 0);
  pending.add({ ...KEY, id: 2 }, "second", 1);
  assert.equal(pending.add({ ...KEY, id: 3 }, "third", 2), "first");
  assert.equal(pending.size, 2);
  assert.deepEqual(pending.expire(Infinity), ["second", "third"]);
});

Deno.test("PendingQueries holds 4,096 queries and no more", () => {
  const pending = new PendingQueries<number>();
  for (let id = 0; id < 4096; id++) {
    assert.equal(pending.add({ ...KEY, id }, id, 0), null);
  }
  assert.equal(pending.add({ ...KEY, id: 4096 }, 4096, 0), 0);
});

Deno.test("PendingQueries gives each value back exactly once", () => {
  const act = fc.record({
    take: fc.boolean(),
    id: fc.nat(6),
    afterMs: fc.nat(4000),
  });
  fc.assert(fc.property(fc.array(act), (acts) => {
    const pending = new PendingQueries<number>(4);
    const waiting = new Set<number>();
    const end = (value: number | null) => {
      if (value !== null) assert.equal(waiting.delete(value), true);
    };
    let nowMs = 0;
    for (const [value, { take, id, afterMs }] of acts.entries()) {
      nowMs += afterMs;
      for (const expired of pending.expire(nowMs)) end(expired);
      const key = { ...KEY, id };
      if (take) end(pending.take(key, nowMs));
      else {
        const before = pending.size;
        const evicted = pending.add(key, value, nowMs);
        end(evicted);
        // Not a retransmission, whose value is dropped.
        if (evicted !== null || pending.size > before) waiting.add(value);
      }
      assert.ok(pending.size <= 4);
      assert.equal(pending.size, waiting.size);
    }
    for (const value of pending.expire(Infinity)) end(value);
    assert.equal(waiting.size, 0);
  }));
});
