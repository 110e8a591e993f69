import assert from "node:assert/strict";
import type { ProcessAct } from "../../../agent/processes/process_tree.ts";
import { ProcessTree } from "../../../agent/processes/process_tree.ts";
import { Programs } from "../../../agent/processes/programs.ts";

const SHELL = { pid: 10, startUs: 1_000_000 };
const CHILD = { pid: 11, startUs: 2_000_000 };

function made(): { tree: ProcessTree; programs: Programs } {
  const tree = new ProcessTree({ isInside: true });
  const programs = new Programs();
  const hear = (act: ProcessAct) => programs.hear(act, tree.take(act));
  const exec = (
    of: typeof SHELL,
    parentPid: number,
    exe: string,
    atUs: number,
  ) =>
    hear({
      ...{ kind: "exec", ...of, parentPid, atUs, uid: 0, exe, args: [exe] },
      ...{ cwd: "/", netNamespace: null, environment: null },
    });
  exec(SHELL, 1, "/bin/sh", 1_000_500);
  hear({ kind: "fork", ...CHILD, parentPid: 10, atUs: 2_000_000 });
  exec(CHILD, 10, "/tmp/writer", 2_001_000);
  exec(CHILD, 10, "/usr/bin/git", 2_002_000);
  return { tree, programs };
}

const ROWS = [
  { atUs: 2_000_500, exe: "/bin/sh" },
  { atUs: 2_001_500, exe: "/tmp/writer" },
  { atUs: 2_002_500, exe: "/usr/bin/git" },
] as const;

for (const { atUs, exe } of ROWS) {
  Deno.test(`Programs.find() finds ${exe} at its time`, () => {
    const { tree, programs } = made();
    const now = tree.find(11);
    assert.equal(programs.find(11, { atUs, now })?.exe, exe);
  });
}

Deno.test("Programs.between() gives all, the last first", () => {
  const { tree, programs } = made();
  const now = tree.find(11);
  const between = (fromUs: number, untilUs: number) =>
    programs.between(11, { fromUs, untilUs, now })?.map(({ exe }) => exe);
  assert.deepEqual(between(2_001_500, 2_002_500), [
    "/usr/bin/git",
    "/tmp/writer",
  ]);
  assert.deepEqual(between(2_001_500, 2_001_900), ["/tmp/writer"]);
  // A tick of the clock before it was forked, it was not there.
  assert.deepEqual(between(1_996_000, 2_000_500), ["/bin/sh"]);
});

Deno.test("Programs.between() is null when somebody may be forgotten", () => {
  const { tree, programs } = made();
  const now = tree.find(10);
  const span = { fromUs: 900_000, untilUs: 1_000_600, now };
  assert.equal(programs.between(10, span), null);
});

Deno.test("Programs remembers a process that has ended", () => {
  const { tree, programs } = made();
  const exit: ProcessAct = {
    kind: "exit",
    ...{ ...CHILD, atUs: 2_003_000 },
    ...{ exitCode: 0, signal: null },
  };
  programs.hear(exit, tree.take(exit));
  const found = programs.between(11, {
    ...{ fromUs: 2_001_500, untilUs: 2_001_900, now: null },
  });
  assert.deepEqual(found?.map(({ exe }) => exe), ["/tmp/writer"]);
});

Deno.test("Programs.bornUs() says when a process was made, also one that has ended", () => {
  const { tree, programs } = made();
  assert.equal(programs.bornUs(11, 2_002_500), 2_000_000);
  assert.equal(programs.bornUs(10, 2_002_500), -Infinity);
  const hear = (act: ProcessAct) => programs.hear(act, tree.take(act));
  hear({ kind: "exit", ...CHILD, atUs: 3_000_000, exitCode: 0, signal: null });
  const again = { pid: 11, startUs: 4_000_000 };
  hear({ kind: "fork", ...again, parentPid: 10, atUs: 4_000_000 });
  assert.equal(programs.bornUs(11, 2_500_000), 2_000_000);
  assert.equal(programs.bornUs(11, 5_000_000), 4_000_000);
});
