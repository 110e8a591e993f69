import assert from "node:assert/strict";
import { endure } from "../endurance/endurance.ts";
import { findGrowth, type Vitals } from "../endurance/vitals.ts";

const LIMITS = { bytes: 1_000, bytesPerHour: 50, descriptors: 2 };

/** Much less than `deno task endurance`, which is an hour of 500. */
const LOAD = { seconds: 20, rate: 100 };

Deno.test("a guard holds steady traffic without leak, gap or mistake", async () => {
  const { connections, lookUps, found } = await endure(LOAD);

  assert.deepEqual(found, []);
  const wanted = LOAD.seconds * LOAD.rate;
  assert.equal(connections.right, wanted);
  assert.equal(lookUps.right, wanted);
});

const GROWTHS: readonly {
  name: string;
  looks: readonly (readonly [atSeconds: number, bytes: number, fds: number])[];
  found: readonly RegExp[];
}[] = [
  {
    name: "nothing before a guard is warm",
    looks: [[5, 0, 3], [10, 5_000, 50], [20, 5_100, 50], [30, 5_000, 51]],
    found: [],
  },
  {
    name: "memory that stays",
    looks: [[5, 0, 3], [10, 5_000, 3], [20, 5_500, 3], [30, 6_001, 3]],
    found: [/^memory grew by /],
  },
  {
    name: "descriptors that stay",
    looks: [[10, 0, 3], [20, 0, 5], [30, 0, 6]],
    found: [/^3 more descriptors/],
  },
  {
    name: "a slow leak in a long run",
    looks: [[0, 0, 3], [3600, 100, 3], [7200, 200, 3], [10_800, 300, 3]],
    found: [/^memory grows by .* an hour$/],
  },
];

for (const { name, looks, found } of GROWTHS) {
  Deno.test(`findGrowth() finds ${name}`, () => {
    const vitals: Vitals[] = looks.map((
      [atSeconds, residentBytes, descriptors],
    ) => ({ atSeconds, residentBytes, descriptors, cpuSeconds: 0 }));
    const sentences = findGrowth(vitals, LIMITS);

    assert.equal(sentences.length, found.length, String(sentences));
    for (const [index, pattern] of found.entries()) {
      assert.match(sentences[index]!, pattern);
    }
  });
}
