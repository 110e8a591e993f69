import assert from "node:assert/strict";
import {
  isHeard,
  type Look,
  lookBy,
  parentOf,
  processAt,
  processOf,
} from "../../../agent/job/process_id.ts";
import { readText } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { spawn, waitForExitBlocking } from "../../../ffi/spawn.ts";
import { waitUntil } from "../../lab/wait.ts";

Deno.test("parentOf() finds who has started a process, until that has ended", async () => {
  using libc = new Libc();
  const look = lookBy(libc);
  const args = ["sleep", "100"];
  const pid = spawn(libc, { path: "/bin/sleep", args, environment: [] });
  const child = processAt(look, pid)!;
  assert.deepEqual(parentOf(look, child), processAt(look, Deno.pid));
  const former = { pid, startTicks: child.startTicks - 1 };
  assert.equal(parentOf(look, former), null);

  libc.symbols.kill(pid, 9);
  await waitUntil(() => readText(libc, `/proc/${pid}/stat`).includes(") Z "), {
    what: `the end of ${pid}`,
  });
  assert.equal(processAt(look, pid), null);
  assert.equal(parentOf(look, child), null);
  waitForExitBlocking(libc, pid);
  assert.equal(processAt(look, pid), null);
});

/** Says of a pid what was prepared, one after the other. */
function prepared(
  answers: Readonly<Record<number, (ReturnType<Look>)[]>>,
): Look {
  return (pid) => answers[pid]?.shift() ?? null;
}

const CHILD = { pid: 20, startTicks: 7 };

Deno.test("parentOf() takes no process that got the parent's pid between two looks", () => {
  const look = prepared({
    20: [{ parentPid: 10, startTicks: 7 }, { parentPid: 1, startTicks: 7 }],
    // In the same tick: its start alone would not tell.
    10: [{ parentPid: 1, startTicks: 7 }],
  });
  assert.equal(parentOf(look, CHILD), null);
});

Deno.test("parentOf() takes no process that got the child's pid between two looks", () => {
  const look = prepared({
    20: [{ parentPid: 10, startTicks: 7 }, { parentPid: 10, startTicks: 8 }],
    10: [{ parentPid: 1, startTicks: 5 }],
  });
  assert.equal(parentOf(look, CHILD), null);
});

Deno.test("processOf() tells by a record what /proc tells", () => {
  assert.deepEqual(processOf({ pid: 20, startUs: 79_999 }), CHILD);
});

const HEARD: readonly { readonly startTicks: number; readonly is: boolean }[] =
  [
    { startTicks: 6, is: false },
    { startTicks: 7, is: true },
    { startTicks: 8, is: true },
    { startTicks: 9, is: false },
  ];

for (const { startTicks, is } of HEARD) {
  Deno.test(`isHeard() is ${is} of tick 7 when tick ${startTicks} was heard of`, () => {
    assert.equal(isHeard({ pid: 20, startTicks }, CHILD), is);
    assert.equal(isHeard({ pid: 21, startTicks }, CHILD), false);
  });
}
