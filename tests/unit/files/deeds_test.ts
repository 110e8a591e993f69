import assert from "node:assert/strict";
import { deedOf, spanBefore } from "../../../agent/files/deeds.ts";
import type { FileClock } from "../../../agent/files/file_clock.ts";
import { ACT } from "../../../agent/observe/files/file_source.ts";
import type { BytePath } from "../../../ffi/byte_path.ts";
import { PendingLooks } from "../../../agent/files/pending_looks.ts";
import type { Stamp } from "../../../agent/files/stamp.ts";

/** The machine was started when time began. */
const CLOCK: FileClock = Object.assign(Object.create(null), {
  toBoot: (us: number) => us,
  bootUs: () => performance.now() * 1000,
});

const SECOND_US = 1e6;
const HEARD_US = 7 * SECOND_US + 200_000;

const ROWS: readonly {
  readonly name: string;
  /** When the file was changed, by its own time; null for none. */
  readonly ctimeUs: number | null;
  /** In which it was done. */
  readonly span: readonly [fromUs: number, untilUs: number];
}[] = [
  {
    name: "a tick of its own time",
    ctimeUs: HEARD_US - 50_000,
    span: [HEARD_US - 50_000, HEARD_US - 40_000],
  },
  {
    name: "no time after it was heard of",
    ctimeUs: HEARD_US - 3_000,
    span: [HEARD_US - 3_000, HEARD_US],
  },
  {
    name: "any time since a second that has no parts",
    ctimeUs: 7 * SECOND_US,
    span: [7 * SECOND_US, HEARD_US],
  },
  {
    name: "the time in which the thread can have been held up",
    ctimeUs: 6 * SECOND_US,
    span: [HEARD_US - 250_000, HEARD_US],
  },
  {
    name: "a moment ago when its own time is younger",
    ctimeUs: HEARD_US + 3_000,
    span: [HEARD_US - 20_000, HEARD_US],
  },
  {
    name: "a moment ago when its own time is old",
    ctimeUs: 6 * SECOND_US + 1,
    span: [HEARD_US - 20_000, HEARD_US],
  },
  {
    name: "a moment ago when there is no file",
    ctimeUs: null,
    span: [HEARD_US - 20_000, HEARD_US],
  },
];

for (const { name, ctimeUs, span } of ROWS) {
  Deno.test(`spanBefore() gives a change ${name}`, () => {
    const stamp = ctimeUs === null ? null : stampAt(ctimeUs);
    const { fromUs, untilUs } = spanBefore(HEARD_US, { stamp, clock: CLOCK });
    assert.deepEqual([fromUs, untilUs], span);
  });
}

Deno.test("deedOf() goes no further back than to when nothing had come", () => {
  const looks = new PendingLooks();
  const nowMs = performance.now();
  const path = "/a" as BytePath;
  const act = { acts: ACT.WRITTEN, pid: 7, heardAtMs: nowMs };
  looks.add(path, { ...act, sinceMs: nowMs - 150 });
  looks.add(path, { ...act, sinceMs: nowMs - 50 });
  const stamp = stampAt(Math.floor((nowMs - 155) * 1000));
  const pending = looks.take(nowMs)!;
  const { pid, pids, fromUs } = deedOf(pending, { stamp, clock: CLOCK });
  assert.deepEqual([pid, pids], [7, [7]]);
  // The clocks are read one after the other.
  const errorMs = nowMs - 150 - fromUs / 1000;
  assert.ok(errorMs >= -0.01 && errorMs < 4, `${errorMs}`);
});

function stampAt(ctimeUs: number): Stamp {
  return {
    ...{ device: 1, inode: 2, bytes: 3, mode: 0o100644 },
    ...{ ctimeUs, mtimeUs: ctimeUs, isSure: true },
  };
}
