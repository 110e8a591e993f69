import assert from "node:assert/strict";
import { FileClock } from "../../../agent/files/file_clock.ts";
import { Hands } from "../../../agent/files/hands.ts";
import { ACT } from "../../../agent/observe/files/file_source.ts";
import type { BytePath } from "../../../ffi/byte_path.ts";
import { Libc } from "../../../ffi/libc.ts";

const PATH = "/usr/bin/t" as BytePath;

function handAfter(...acts: readonly [acts: number, pid: number][]) {
  using libc = new Libc();
  const hands = new Hands(new FileClock(libc));
  for (const [each, pid] of acts) {
    const change = { acts: each, pid, path: PATH, isDirectory: false };
    hands.hear({ kind: "change", ...change });
  }
  const pid = hands.take(PATH)?.pid ?? null;
  assert.equal(hands.take(PATH), null);
  return pid;
}

Deno.test("Hands remembers who has written last", () => {
  assert.equal(handAfter([ACT.WRITTEN, 1], [ACT.MOVED_HERE, 2]), 2);
});

Deno.test("Hands does not take who has closed it for who has written", () => {
  assert.equal(handAfter([ACT.WRITTEN, 1], [ACT.CLOSED, 2]), 1);
});

Deno.test("Hands takes who has closed it when nobody was seen to write", () => {
  assert.equal(handAfter([ACT.CLOSED, 2]), 2);
});

for (
  const { name, acts } of [
    { name: "at once", acts: [ACT.ATTRIBUTES | ACT.CLOSED] },
    { name: "one by one", acts: [ACT.ATTRIBUTES, ACT.CLOSED] },
  ]
) {
  Deno.test(`Hands takes nobody who has set back its times, ${name}`, () => {
    const set = acts.map((each) => [each, 3] as [number, number]);
    assert.equal(handAfter([ACT.CLOSED, 2], ...set), 2);
    assert.equal(handAfter(...set), 3);
    assert.equal(handAfter([ACT.CLOSED, 2], ...set, [ACT.CLOSED, 4]), 4);
  });
}

Deno.test("Hands takes nobody who has only looked, or taken it away", () => {
  const acts = ACT.ATTRIBUTES | ACT.REMOVED | ACT.MOVED_AWAY | ACT.OPENED;
  assert.equal(handAfter([acts, 3]), null);
});

Deno.test("Hands forgets the oldest of many files", () => {
  using libc = new Libc();
  const hands = new Hands(new FileClock(libc));
  for (let at = 0; at < 5_000; at++) {
    const path = `/usr/bin/${at}` as BytePath;
    hands.hear({
      ...{ kind: "change", acts: ACT.WRITTEN, path, pid: at },
      isDirectory: false,
    });
  }
  assert.equal(hands.take("/usr/bin/0" as BytePath), null);
  assert.equal(hands.take("/usr/bin/4999" as BytePath)?.pid, 4_999);
});

Deno.test("Hands tells who has merely set the times from who wrote", () => {
  using libc = new Libc();
  const hands = new Hands(new FileClock(libc));
  for (
    const { acts, isSetter } of [
      { acts: ACT.ATTRIBUTES | ACT.CLOSED, isSetter: true },
      { acts: ACT.CLOSED, isSetter: false },
      { acts: ACT.ATTRIBUTES | ACT.WRITTEN, isSetter: false },
    ]
  ) {
    const change = { acts, pid: 3, path: PATH, isDirectory: false };
    hands.hear({ kind: "change", ...change });
    assert.equal(hands.take(PATH)?.isSetter, isSetter, `${acts}`);
  }
});
