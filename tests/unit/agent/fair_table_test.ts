import assert from "node:assert/strict";
import fc from "fast-check";
import { FairTable, type Weighed } from "../../../agent/fair_table.ts";

function item(key: string, user: string, weight = 1): Weighed {
  return { key, user, weight };
}

function keysOf(items: readonly Weighed[]): string {
  return items.map(({ key }) => key).join("");
}

Deno.test("FairTable takes the oldest of who has most", () => {
  const table = new FairTable<Weighed>({ count: 3, weight: 100 });
  for (const [key, user] of ["a1", "b2", "c2", "d2"].map((each) => [...each])) {
    table.add(item(key!, user!));
  }

  assert.equal(keysOf(table.takeExcess()), "b");
  assert.equal(keysOf(table.values()), "acd");
  assert.equal(table.get("b"), undefined);
});

Deno.test("FairTable asks who has most by weight, not by count", () => {
  const table = new FairTable<Weighed>({ count: 9, weight: 10 });
  const heavy = item("a", "1");
  table.add(heavy);
  table.add(item("b", "2"));
  table.add(item("c", "2"));
  table.weigh(heavy, 9);

  assert.equal(keysOf(table.takeExcess()), "a");
});

Deno.test("FairTable keeps what was touched last", () => {
  const table = new FairTable<Weighed>({ count: 2, weight: 9 });
  const first = item("a", "1");
  table.add(first);
  table.add(item("b", "1"));
  table.add(item("c", "1"));
  table.weigh(first, 1);

  assert.equal(keysOf(table.takeExcess()), "b");
});

Deno.test("FairTable leaves what took another's place", () => {
  const table = new FairTable<Weighed>({ count: 2, weight: 9 });
  const before = item("a", "1");
  table.add(before);
  table.delete(before);
  const after = item("a", "1");
  table.add(after);
  table.delete(before);

  assert.equal(table.get("a"), after);
});

Deno.test("FairTable is never over its limits, and forgets no sum", () => {
  const act = fc.record({
    key: fc.nat(20).map(String),
    user: fc.nat(3).map(String),
    weight: fc.nat(9),
  });
  fc.assert(fc.property(fc.array(act), (acts) => {
    const table = new FairTable<Weighed>({ count: 5, weight: 20 });
    for (const { key, user, weight } of acts) {
      const there = table.get(key);
      if (there === undefined) table.add(item(key, user, weight));
      else if (weight === 0) table.delete(there);
      else table.weigh(there, weight);
      table.takeExcess();
      const items = table.values();
      assert.ok(items.length <= 5);
      assert.ok(items.reduce((sum, each) => sum + each.weight, 0) <= 20);
    }
    for (const each of table.values()) table.delete(each);
    table.add(item("last", "1", 20));
    assert.equal(keysOf(table.takeExcess()), "");
  }));
});
