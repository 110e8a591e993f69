import assert from "node:assert/strict";
import {
  PendingLooks,
  sessionsOf,
} from "../../../agent/files/pending_looks.ts";
import { ACT } from "../../../agent/observe/files/file_source.ts";
import { bytePathOf } from "../../../ffi/byte_path.ts";

const A = bytePathOf("/w/a");
const B = bytePathOf("/w/b");

function act(acts: number, pid: number | null = 7, heardAtMs = 100) {
  return { acts, pid, heardAtMs };
}

Deno.test("PendingLooks.take() gives the oldest first, each once", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN));
  looks.add(B, act(ACT.CLOSED));
  looks.add(A, act(ACT.CLOSED));
  assert.deepEqual([looks.take(100)?.path, looks.take(100)?.path], [A, B]);
  assert.equal(looks.take(100), null);
});

Deno.test("PendingLooks names who has written and not who has closed", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN, 7));
  looks.add(A, act(ACT.CLOSED, 8));
  looks.add(A, act(ACT.ATTRIBUTES, 9));
  const look = looks.take(100)!;
  assert.equal(look.writer, 7);
  assert.deepEqual([...look.pids!], [7, 8, 9]);
});

Deno.test("PendingLooks names who has written last, in whatever order it hears", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN, 8, 120));
  looks.add(A, act(ACT.WRITTEN | ACT.CLOSED, 7, 100));
  const { writer, writtenAtMs, heardAtMs, pids } = looks.take(130)!;
  assert.deepEqual([writer, writtenAtMs, heardAtMs], [8, 120, 120]);
  assert.deepEqual([...pids!], [8, 7]);
});

Deno.test("PendingLooks keeps nobody apart when there are too many", () => {
  const looks = new PendingLooks();
  for (let pid = 1; pid < 40; pid++) looks.add(A, act(ACT.WRITTEN, pid));
  assert.equal(looks.take(100)!.pids, null);
});

for (
  const { name, all, sessions, isOpen } of [
    { name: "a writing that goes on", all: [2, 1], sessions: 1, isOpen: true },
    { name: "one to its end", all: [1, 2], sessions: 1, isOpen: false },
    { name: "two", all: [1, 2, 1, 2], sessions: 2, isOpen: false },
    { name: "a new file", all: [8, 4, 1, 2], sessions: 1, isOpen: false },
    { name: "a renamed one", all: [16], sessions: 1, isOpen: false },
    { name: "two that were merged", all: [3], sessions: 1, isOpen: false },
    { name: "attributes", all: [64], sessions: 0, isOpen: false },
  ]
) {
  Deno.test(`sessionsOf() counts ${name}`, () => {
    const looks = new PendingLooks();
    for (const acts of all) looks.add(A, act(acts));
    const look = looks.take(100)!;
    assert.equal(sessionsOf(look), sessions);
    assert.equal(look.isOpen, isOpen);
  });
}

Deno.test("PendingLooks waits for what was put back, unless it has ended", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN));
  looks.putBack(looks.take(100)!, 150);
  assert.equal(looks.take(149), null);
  looks.add(A, act(ACT.WRITTEN, 7, 120));
  assert.equal(looks.take(149), null);
  looks.add(A, act(ACT.CLOSED, 7, 130));
  assert.equal(looks.take(149)?.path, A);
});

Deno.test("PendingLooks takes whoever closes what was parked for its writer", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN, 7));
  looks.park(looks.take(100)!);
  assert.equal(looks.isDue(1e9), false);
  looks.add(A, act(ACT.CLOSED, 8));
  const { acts, other, writer } = looks.take(100)!;
  assert.equal(acts, ACT.WRITTEN | ACT.CLOSED);
  assert.deepEqual([writer, other], [undefined, 8]);
});

Deno.test("PendingLooks.catchUp() adds what was done during the look", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.CREATED, 7));
  const look = looks.take(100)!;
  looks.add(A, act(ACT.WRITTEN | ACT.CLOSED, 8));
  looks.catchUp(look);
  assert.equal(look.writer, 8);
  assert.equal(looks.take(100), null);
});

Deno.test("PendingLooks.hold() keeps what was done, and asks for more looks", () => {
  const looks = new PendingLooks();
  looks.add(A, act(ACT.WRITTEN, 7));
  looks.hold(looks.take(100)!, 125);
  assert.equal(looks.take(124), null);
  const held = looks.take(125)!;
  assert.deepEqual([held.recent, held.acts], [0, ACT.WRITTEN]);
  looks.hold(held, 150);
  looks.add(A, act(ACT.CLOSED, 8));
  const { holds, recent, acts } = looks.take(130)!;
  assert.deepEqual([holds, recent], [2, ACT.CLOSED]);
  assert.equal(acts, ACT.WRITTEN | ACT.CLOSED);
});
