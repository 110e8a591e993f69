import assert from "node:assert/strict";
import type { Event } from "../../../agent/record/event.ts";
import { coverageOf, type Interval } from "../../../agent/report/coverage.ts";
import { agent, at, connection } from "./samples.ts";

const CASES: readonly {
  readonly name: string;
  readonly events: readonly Event[];
  readonly coverage: readonly Interval[];
  readonly lost: readonly Interval[];
}[] = [
  { name: "nothing in an empty journal", events: [], coverage: [], lost: [] },
  {
    name: "an interval from armed to stopped",
    events: [
      agent("armed", { second: 0 }),
      connection({ time: at(3) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 9)],
    lost: [],
  },
  {
    name: "the end that stopped names",
    events: [
      agent("armed", { second: 0 }),
      agent("stopped", { second: 9, to: at(8) }),
    ],
    coverage: [between(0, 8)],
    lost: [],
  },
  {
    name: "an open interval while the agent runs",
    events: [agent("armed", { second: 0 }), connection({ time: at(3) })],
    coverage: [{ from: at(0), to: null }],
    lost: [],
  },
  {
    name: "a hole that was mended",
    events: [
      agent("armed", { second: 0 }),
      agent("coverage_lost", { second: 5, from: at(2), to: at(4) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 2), between(4, 9)],
    lost: [between(2, 4)],
  },
  {
    name: "a hole that lasts until stopped",
    events: [
      agent("armed", { second: 0 }),
      agent("coverage_lost", { second: 5, from: at(4) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 4)],
    lost: [between(4, 9)],
  },
  {
    name: "a hole that has not ended",
    events: [
      agent("armed", { second: 0 }),
      agent("coverage_lost", { second: 5 }),
    ],
    coverage: [between(0, 5)],
    lost: [{ from: at(5), to: null }],
  },
  {
    name: "the gap that stop reports for a killed agent",
    events: [
      agent("armed", { second: 0 }),
      agent("coverage_lost", { second: 9, from: at(4), to: at(9) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 4)],
    lost: [between(4, 9)],
  },
  {
    name: "the last sign of life of an agent that was killed and started anew",
    events: [
      agent("armed", { second: 0 }),
      connection({ time: at(3) }),
      agent("armed", { second: 7 }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 3), between(7, 9)],
    lost: [between(3, 7)],
  },
  {
    name: "two runs in one journal, and no hole between them",
    events: [
      agent("armed", { second: 0 }),
      agent("stopped", { second: 2 }),
      agent("armed", { second: 5 }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 2), between(5, 9)],
    lost: [],
  },
  {
    name: "a hole without an end that a later one ends",
    events: [
      agent("armed", { second: 0 }),
      agent("coverage_lost", { second: 3, from: at(2) }),
      agent("coverage_lost", { second: 5, from: at(3), to: at(5) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 2), between(5, 9)],
    lost: [between(2, 5)],
  },
  {
    name: "the time in which rules were not ours",
    events: [
      agent("armed", { second: 0 }),
      agent("tampered", { second: 4, from: at(3), to: at(4), held: false }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 3), between(4, 9)],
    lost: [between(3, 4)],
  },
  {
    name: "rules that could not be put back for a while",
    events: [
      agent("armed", { second: 0 }),
      agent("tampered", { second: 4, from: at(3), held: false }),
      agent("coverage_lost", { second: 6, from: at(3), to: at(6) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 3), between(6, 9)],
    lost: [between(3, 6)],
  },
  {
    name: "no hole where nothing could leave",
    events: [
      agent("armed", { second: 0 }),
      agent("tampered", { second: 4, held: true }),
      agent("impaired", { second: 6, from: at(4), to: at(6) }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 9)],
    lost: [],
  },
  {
    name: "nothing about tampering",
    events: [
      agent("armed", { second: 0 }),
      agent("tampered", { second: 4 }),
      agent("stopped", { second: 9 }),
    ],
    coverage: [between(0, 9)],
    lost: [],
  },
];

for (const { name, events, coverage, lost } of CASES) {
  Deno.test(`coverageOf() finds ${name}`, () => {
    assert.deepEqual(coverageOf(events), { coverage, lost });
  });
}

function between(from: number, to: number): Interval {
  return { from: at(from), to: at(to) };
}
