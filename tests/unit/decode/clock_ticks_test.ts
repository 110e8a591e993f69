import assert from "node:assert/strict";
import {
  microsecondsOf,
  TICK_US,
  ticksOf,
} from "../../../agent/decode/clock_ticks.ts";

const MOMENTS: readonly { readonly us: number; readonly ticks: number }[] = [
  { us: 0, ticks: 0 },
  { us: 9_999, ticks: 0 },
  { us: 10_000, ticks: 1 },
  { us: 10_001, ticks: 1 },
  { us: 1_046_179_999, ticks: 104_617 },
  { us: -1, ticks: -1 },
  { us: Infinity, ticks: Infinity },
  { us: NaN, ticks: NaN },
];

for (const { us, ticks } of MOMENTS) {
  Deno.test(`ticksOf() puts ${us} us into tick ${ticks}`, () => {
    assert.equal(ticksOf(us), ticks);
  });
}

Deno.test("microsecondsOf() gives the first moment of a tick", () => {
  // As long as a machine can run: a hundred years have 3.2e11 ticks.
  for (const ticks of [0, 1, 104_617, 315_360_000_000]) {
    const us = microsecondsOf(ticks);
    assert.equal(ticksOf(us), ticks);
    assert.equal(ticksOf(us - 1), ticks - 1);
    assert.equal(ticksOf(us + TICK_US), ticks + 1);
  }
  assert.equal(microsecondsOf(NaN), NaN);
});
