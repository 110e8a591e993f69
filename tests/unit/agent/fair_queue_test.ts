import assert from "node:assert/strict";
import fc from "fast-check";
import { FairQueue, Lane } from "../../../agent/fair_queue.ts";

const LIMITS = { items: 64, bytes: 6_400 };

interface Item {
  readonly lane: number;
  readonly flow: string | null;
  readonly number: number;
}

/** Puts items of so many lanes into a queue; what is full is left out. */
function filled(
  arrivals: readonly { lane: number; flow: string | null; bytes: number }[],
): { queue: FairQueue<Item>; lanes: Lane<Item>[]; kept: Item[] } {
  const queue = new FairQueue<Item>(LIMITS);
  const lanes = Array.from({ length: 5 }, () => new Lane<Item>());
  const kept: Item[] = [];
  for (const [number, { lane, flow, bytes }] of arrivals.entries()) {
    const item = { lane, flow, number };
    if (queue.add(lanes[lane]!, { item, bytes, flow })) kept.push(item);
  }
  return { queue, lanes, kept };
}

const arrivals = fc.array(
  fc.record({
    lane: fc.nat({ max: 4 }),
    flow: fc.option(fc.constantFrom("a", "b", "c")),
    bytes: fc.nat({ max: 400 }),
  }),
  { maxLength: 200 },
);

Deno.test("next() gives back each item that was kept, once", () => {
  fc.assert(fc.property(arrivals, (list) => {
    const { queue, kept } = filled(list);
    const served: Item[] = [];
    for (let turn = queue.next(); turn !== null; turn = queue.next()) {
      served.push(turn.item);
      queue.charge(turn.lane, 1);
    }
    served.sort((a, b) => a.number - b.number);
    assert.deepEqual(served, kept);
    assert.deepEqual([queue.size, queue.bytes], [0, 0]);
  }));
});

Deno.test("next() keeps the order of a lane, and of a flow over lanes", () => {
  fc.assert(fc.property(arrivals, fc.array(fc.nat()), (list, costs) => {
    const { queue } = filled(list);
    const lastOf = new Map<unknown, number>();
    let at = 0;
    for (let turn = queue.next(); turn !== null; turn = queue.next()) {
      const { lane, flow, number } = turn.item;
      // Of a lane only what has no flow: a flow may wait in another lane.
      const key = flow ?? lane;
      assert.ok((lastOf.get(key) ?? -1) < number, `${number} of ${key}`);
      lastOf.set(key, number);
      queue.charge(turn.lane, costs[at++] ?? 0);
    }
  }));
});

Deno.test("add() keeps to both bounds, and leaves room for a newcomer", () => {
  fc.assert(fc.property(arrivals, (list) => {
    const { queue } = filled(list);
    assert.ok(queue.size <= LIMITS.items, `${queue.size} items`);
    assert.ok(queue.bytes <= LIMITS.bytes, `${queue.bytes} bytes`);
    const item = { lane: 9, flow: null, number: 999 };
    const isKept = queue.add(new Lane<Item>(), { item, bytes: 1, flow: null });
    assert.ok(isKept);
  }));
});

Deno.test("add() lets a lane fill half of what is free", () => {
  const { queue } = filled(
    Array.from({ length: 200 }, () => ({ lane: 0, flow: null, bytes: 1 })),
  );

  assert.equal(queue.size, LIMITS.items / 2);
});

Deno.test("next() gives lanes equal time, whatever an item costs", () => {
  fc.assert(
    fc.property(
      fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 2, maxLength: 4 }),
      (costs) => {
        const queue = new FairQueue<number>({ items: 100_000, bytes: 1 });
        const lanes = costs.map(() => new Lane<number>());
        const used = costs.map(() => 0);
        for (let count = 0; count < 200; count++) {
          for (const [at, lane] of lanes.entries()) {
            queue.add(lane, { item: at, bytes: 0, flow: null });
          }
        }
        for (let turns = 0; turns < 200; turns++) {
          const { lane, item } = queue.next()!;
          queue.charge(lane, costs[item]!);
          used[item]! += costs[item]!;
        }
        // Nobody is ahead of another by more than one item.
        const ahead = Math.max(...used) - Math.min(...used);
        assert.ok(ahead <= Math.max(...costs), `${used}`);
      },
    ),
  );
});

Deno.test("next() serves who comes before who has cost much, for as long", () => {
  const queue = new FairQueue<string>(LIMITS);
  const [costly, cheap] = [new Lane<string>(), new Lane<string>()];
  const put = (lane: Lane<string>, item: string) =>
    queue.add(lane, { item, bytes: 1, flow: null });
  put(costly, "costly");
  queue.charge(queue.next()!.lane, 20);
  for (const item of ["costly", "costly"]) put(costly, item);
  for (let at = 0; at < 4; at++) put(cheap, "cheap");

  const served: string[] = [];
  for (let turn = queue.next(); turn !== null; turn = queue.next()) {
    served.push(turn.item);
    queue.charge(turn.lane, turn.item === "cheap" ? 9 : 20);
  }

  assert.deepEqual(served.join(" "), "cheap cheap cheap costly cheap costly");
});

Deno.test("charge() lets nobody save up time by being idle", () => {
  const queue = new FairQueue<string>(LIMITS);
  const [busy, idle] = [new Lane<string>(), new Lane<string>()];
  for (let at = 0; at < 1_000; at++) queue.charge(busy, 10);
  for (let at = 0; at < 4; at++) {
    queue.add(busy, { item: "busy", bytes: 1, flow: null });
    queue.add(idle, { item: "idle", bytes: 1, flow: null });
  }

  const served: string[] = [];
  for (let turn = queue.next(); turn !== null; turn = queue.next()) {
    served.push(turn.item);
    queue.charge(turn.lane, 10);
  }

  assert.equal(served.filter((item) => item === "idle").length, 4);
  assert.ok(served.slice(0, 4).includes("busy"), served.join(" "));
});

Deno.test("isSquare() holds for a lane that owes nothing and has nothing", () => {
  const queue = new FairQueue<string>(LIMITS);
  const [lane, other] = [new Lane<string>(), new Lane<string>()];
  assert.ok(queue.isSquare(lane));

  queue.add(lane, { item: "", bytes: 1, flow: null });
  assert.ok(!queue.isSquare(lane));
  queue.next();
  queue.charge(lane, 5);
  assert.ok(!queue.isSquare(lane));
  queue.charge(other, 5);
  queue.charge(other, 5);
  assert.ok(queue.isSquare(lane));
});
