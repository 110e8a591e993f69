import assert from "node:assert/strict";
import fc from "fast-check";
import { addressKey } from "../../../agent/decide/address_key.ts";
import { GRACE_SECONDS, NameTable } from "../../../agent/decide/names.ts";
import { addressOf } from "./policies.ts";

const ADDRESS = "192.0.2.1";
const GRACE_MS = GRACE_SECONDS * 1000;

/** A minute, learned at the time 0. */
const LIFE = { ttlSeconds: 60, nowMs: 0 };

Deno.test("NameTable gives the names of an address, the newest first", () => {
  const table = new NameTable();
  table.learn("a.example", ADDRESS, LIFE);
  table.learn("b.example", ADDRESS, LIFE);
  table.learn("c.example", "192.0.2.2", LIFE);
  assert.deepEqual(table.namesOf(ADDRESS, 1), ["b.example", "a.example"]);
});

Deno.test("NameTable puts a name that is learned again in front", () => {
  const table = new NameTable();
  table.learn("a.example", ADDRESS, LIFE);
  table.learn("b.example", ADDRESS, LIFE);
  table.learn("a.example", ADDRESS, LIFE);
  assert.deepEqual(table.namesOf(ADDRESS, 1), ["a.example", "b.example"]);
  assert.equal(table.size, 2);
});

Deno.test("NameTable takes bytes and their key for the same address", () => {
  const table = new NameTable();
  table.learn("a.example", addressOf("2001:db8::1"), LIFE);
  assert.deepEqual(table.namesOf("2001:db8::1", 1), ["a.example"]);
});

Deno.test("NameTable takes a mapped address for the IPv4 address", () => {
  const table = new NameTable();
  const mapped = addressOf("::ffff:192.0.2.1");
  table.learn("a.example", mapped, LIFE);
  assert.equal(addressKey(mapped), ADDRESS);
  assert.deepEqual(table.namesOf(ADDRESS, 1), ["a.example"]);
});

Deno.test("NameTable keeps ::192.0.2.1 apart from 192.0.2.1", () => {
  const table = new NameTable();
  table.learn("a.example", addressOf("::192.0.2.1"), LIFE);
  assert.deepEqual(table.namesOf(ADDRESS, 1), []);
});

const LIVES: readonly {
  name: string;
  ttlSeconds: number;
  endsMs: number;
}[] = [
  { name: "its TTL and the grace", ttlSeconds: 60, endsMs: 60_000 + GRACE_MS },
  { name: "the grace for TTL 0", ttlSeconds: 0, endsMs: GRACE_MS },
  {
    name: "the longest TTL",
    ttlSeconds: 0x7fff_ffff,
    endsMs: 0x7fff_ffff * 1000 + GRACE_MS,
  },
  {
    name: "the grace for a TTL with its top bit set",
    ttlSeconds: 0x8000_0000,
    endsMs: GRACE_MS,
  },
  {
    name: "the grace for the largest TTL",
    ttlSeconds: 0xffff_ffff,
    endsMs: GRACE_MS,
  },
];

for (const { name, ttlSeconds, endsMs } of LIVES) {
  Deno.test(`NameTable keeps a name for ${name}`, () => {
    const table = new NameTable();
    table.learn("a.example", ADDRESS, { ttlSeconds, nowMs: 5 });
    assert.deepEqual(table.namesOf(ADDRESS, 5 + endsMs - 1), ["a.example"]);
    assert.deepEqual(table.namesOf(ADDRESS, 5 + endsMs), []);
  });
}

Deno.test("NameTable does not shorten a life by a later answer", () => {
  const table = new NameTable();
  table.learn("a.example", ADDRESS, { ttlSeconds: 600, nowMs: 0 });
  table.learn("a.example", ADDRESS, { ttlSeconds: 1, nowMs: 1000 });
  assert.equal(table.namesOf(ADDRESS, 600_000 + GRACE_MS - 1).length, 1);
});

Deno.test("NameTable keeps a pinned name for good", () => {
  const table = new NameTable();
  table.learn("a.example", ADDRESS, LIFE);
  table.pin("a.example", ADDRESS);
  table.pin("b.example", ADDRESS);
  table.learn("b.example", ADDRESS, LIFE);
  table.pin("b.example", ADDRESS);
  assert.equal(table.namesOf(ADDRESS, 1e15).length, 2);
  assert.equal(table.size, 2);
});

Deno.test("NameTable lets the oldest pair go for a new one", () => {
  const table = new NameTable(2);
  table.learn("a.example", "192.0.2.1", LIFE);
  table.learn("b.example", "192.0.2.2", LIFE);
  table.learn("a.example", "192.0.2.1", LIFE);
  table.learn("c.example", "192.0.2.3", LIFE);
  assert.deepEqual(table.namesOf("192.0.2.1", 1), ["a.example"]);
  assert.deepEqual(table.namesOf("192.0.2.2", 1), []);
  assert.deepEqual(table.namesOf("192.0.2.3", 1), ["c.example"]);
  assert.equal(table.lost, 1);
});

Deno.test("NameTable does not count an expired pair as lost", () => {
  const table = new NameTable(1);
  table.learn("a.example", "192.0.2.1", LIFE);
  table.learn("b.example", "192.0.2.2", { ttlSeconds: 1, nowMs: 1e9 });
  assert.equal(table.lost, 0);
});

Deno.test("NameTable never lets a pinned pair go", () => {
  const table = new NameTable(1);
  table.pin("a.example", "192.0.2.1");
  table.learn("b.example", "192.0.2.2", LIFE);
  table.pin("c.example", "192.0.2.3");
  assert.deepEqual(table.namesOf("192.0.2.1", 1), ["a.example"]);
  assert.equal(table.size, 1);
  assert.equal(table.lost, 2);
});

Deno.test("NameTable bounds the names of one address", () => {
  const table = new NameTable();
  table.pin("pinned.example", ADDRESS);
  for (let at = 0; at < 1000; at++) {
    table.learn(`n${at}.example`, ADDRESS, LIFE);
  }
  const names = table.namesOf(ADDRESS, 1);
  assert.equal(names.length, 256);
  assert.equal(names[0], "n999.example");
  assert.equal(names.at(-1), "pinned.example");
  assert.equal(table.size, 256);
  assert.equal(table.lost, 1001 - 256);
});

Deno.test("NameTable never holds more than its bound, nor loses count", () => {
  const act = fc.record({
    pin: fc.boolean(),
    name: fc.constantFrom("a", "b", "c", "d"),
    address: fc.constantFrom("192.0.2.1", "192.0.2.2", "192.0.2.3"),
    ttlSeconds: fc.nat(1000),
    afterMs: fc.nat(400_000),
  });
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(act, { maxLength: 60 }),
      (bound, acts) => {
        const table = new NameTable(bound);
        let nowMs = 0;
        for (const { pin, name, address, ttlSeconds, afterMs } of acts) {
          nowMs += afterMs;
          const lost = table.lost;
          if (pin) table.pin(name, address);
          else table.learn(name, address, { ttlSeconds, nowMs });
          assert.ok(table.size <= bound);
          const names = table.namesOf(address, nowMs);
          if (table.lost === lost) assert.equal(names[0], name);
          assert.equal(new Set(names).size, names.length);
        }
        // Every pair is reachable: none is kept where nobody finds it.
        const all = ["192.0.2.1", "192.0.2.2", "192.0.2.3"]
          .flatMap((address) => table.namesOf(address, -Infinity));
        assert.equal(all.length, table.size);
      },
    ),
    { numRuns: 1000 },
  );
});
