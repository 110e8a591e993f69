import assert from "node:assert/strict";
import fc from "fast-check";
import type { EventBody } from "../../../agent/record/event.ts";
import {
  encodeEvent,
  numberLine,
  WallClock,
} from "../../../agent/record/line.ts";
import { readJournal } from "../../../agent/record/read.ts";
import { anyEvent, STARTED } from "./events.ts";

const TIME = "2026-01-02T03:04:05.678901Z";
const STAMP = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/;

/** A clock is looked at once a second, so within this it only counts. */
const SYNC_MS = 1000;

Deno.test("numberLine() completes what encodeEvent() began", () => {
  assert.equal(
    numberLine(encodeEvent(STARTED, TIME), 17),
    `{"version":1,"seq":17,"time":"${TIME}","kind":"agent","event":"armed"}\n`,
  );
});

Deno.test("encodeEvent() and numberLine() write what readJournal() reads back", () => {
  fc.assert(
    fc.property(fc.array(anyEvent, { maxLength: 5 }), (bodies) => {
      const lines = bodies.map((body, index) =>
        numberLine(encodeEvent(body, TIME), index + 1)
      );
      for (const line of lines) {
        assert.equal(line.indexOf("\n"), line.length - 1);
      }
      const { events, problems } = readJournal(lines.join(""));
      assert.deepEqual(problems, []);
      assert.deepEqual(
        events,
        // Plain objects, which the arbitrary ones are not.
        structuredClone(bodies).map((body, index) => ({
          ...{ version: 1, seq: index + 1, time: TIME },
          ...body,
        })),
      );
    }),
    { numRuns: 500 },
  );
});

Deno.test("encodeEvent() writes a process that is said twice the same both times", () => {
  const process = { pid: 1, exe: "/a", args: ["é"], uid: 0, ancestors: [] };
  const judged = {
    ...{ decision: "deny", enforced: true, why: "not_allowed" } as const,
    ...{ rule: null, step: null, process, container: null },
  };
  const dns: EventBody = {
    ...{ kind: "dns", ...judged, name: "a.example", type: "A" } as const,
    ...{ server: { address: "192.0.2.1", port: 53 }, answers: null },
  };
  const other: EventBody = { ...dns, process: { ...process, pid: 2 } };
  const pids = [dns, other, dns, { ...dns, process: null }].map((body) =>
    JSON.parse(numberLine(encodeEvent(body, TIME), 1)).process?.pid
  );
  assert.deepEqual(pids, [1, 2, 1, undefined]);
});

Deno.test("WallClock tells the time of day", () => {
  const text = new WallClock().format();
  assert.match(text, STAMP);
  const apartMs = Math.abs(Date.parse(text) - Date.now());
  assert.ok(apartMs < 5_000, `${apartMs} ms`);
});

Deno.test("WallClock counts microseconds, across the ends of seconds", () => {
  const clock = new WallClock();
  const startMs = performance.now();
  const first = microsOf(clock.format(startMs));
  for (let stepMs = 0.001; stepMs < SYNC_MS; stepMs *= 1.7) {
    const text = clock.format(startMs + stepMs);
    assert.match(text, STAMP);
    const apart = microsOf(text) - first - stepMs * 1000;
    assert.ok(Math.abs(apart) <= 1.5, `${text}: ${apart}`);
  }
});

Deno.test("WallClock never goes back between two looks at the system's clock", () => {
  const clock = new WallClock();
  const startMs = performance.now();
  let last = clock.format(startMs);
  for (let at = 0; at < SYNC_MS; at += 0.07) {
    const text = clock.format(startMs + at);
    // Text order is time order: that is why it has a fixed width.
    assert.ok(text >= last, `${text} after ${last}`);
    last = text;
  }
});

Deno.test("WallClock takes on a new time of day after a second, not before", () => {
  const clock = new WallClock();
  const startMs = performance.now();
  const first = microsOf(clock.format(startMs));
  const realNow = Date.now;
  const stepMs = 3_600_000;
  try {
    // As a step of NTP does it.
    Date.now = () => realNow() + stepMs;
    const held = microsOf(clock.format(startMs + SYNC_MS));
    assert.ok(Math.abs(held - first - SYNC_MS * 1000) <= 1.5);
    const stepped = microsOf(clock.format(startMs + SYNC_MS + 1));
    const apartMs = (stepped - first) / 1000 - stepMs;
    assert.ok(Math.abs(apartMs) < 60_000, `${apartMs} ms`);
  } finally {
    Date.now = realNow;
  }
});

/** Microseconds since 1970. */
function microsOf(text: string): number {
  return Date.parse(`${text.slice(0, 19)}Z`) * 1000 +
    Number(text.slice(20, 26));
}
