import assert from "node:assert/strict";
import fc from "fast-check";
import type { FoundProcess } from "../../../agent/observe/process_list.ts";
import { ROLE } from "../../../agent/observe/process_source.ts";
import { ProcessTree } from "../../../agent/processes/process_tree.ts";
import { exec, exit, fork, keyOf } from "./acts.ts";

const SCOPE = { isInside: true };

function found(pid: number, parentPid: number, exe: string): FoundProcess {
  const startTicks = Math.floor(keyOf(pid).startUs / 10_000);
  const more = { args: [exe], uid: 0, netNamespace: null };
  return { pid, parentPid, startTicks, exe, ...more };
}

Deno.test("ProcessTree names what was above a process when it was made", () => {
  const tree = new ProcessTree(SCOPE);
  tree.meet([found(1, 0, "/sbin/init"), found(2, 1, "/bin/bash")]);
  tree.take(fork(2, 10));
  tree.take(exec(10, ["/bin/make"]));
  tree.take(fork(10, 11));
  // The parent goes on to something else, and then ends.
  tree.take(exec(10, ["/bin/other"]));
  tree.take(fork(10, 12));
  tree.take(exit(10));

  const above = [{ pid: 2, exe: "/bin/bash" }, { pid: 1, exe: "/sbin/init" }];
  assert.deepEqual(tree.find(11)!.above, [
    { pid: 10, exe: "/bin/make" },
    ...above,
  ]);
  assert.deepEqual(tree.find(12)!.above[0], { pid: 10, exe: "/bin/other" });
  assert.equal(tree.find(11)!.exe, "/bin/make");
  assert.equal(tree.find(10), null);
});

Deno.test("ProcessTree gives all children of one process the same list", () => {
  const tree = new ProcessTree(SCOPE);
  tree.take(fork(1, 10));
  tree.take(fork(10, 11));
  tree.take(fork(10, 12));

  assert.equal(tree.find(11)!.above, tree.find(12)!.above);
});

Deno.test("ProcessTree keeps a daemon's dead parents and its tree", () => {
  const tree = new ProcessTree(SCOPE);
  tree.meet([found(1, 0, "/sbin/init"), found(5, 1, "/runner/Runner.Worker")]);
  tree.setRole(tree.find(5)!, ROLE.WORKER);
  tree.take(fork(5, 10));
  tree.take(exec(10, ["/bin/bash"]));
  for (const pid of [11, 12, 13]) tree.take(fork(pid - 1, pid));
  for (const pid of [10, 11, 12]) tree.take(exit(pid));
  tree.take({ ...exec(13, ["/bin/daemon"]), parentPid: 1 });

  const { root, above } = tree.find(13)!;
  assert.deepEqual(root, keyOf(10));
  assert.deepEqual(above.map(({ pid }) => pid), [12, 11, 10, 5, 1]);
  assert.equal(tree.size, 3);
});

Deno.test("ProcessTree tells no more than 32 of 10,000 above a process", () => {
  const tree = new ProcessTree(SCOPE);
  for (let pid = 2; pid <= 10_000; pid++) {
    tree.take(fork(pid - 1, pid));
    if (pid > 3) tree.take(exit(pid - 2));
  }

  const pids = tree.find(10_000)!.above.map(({ pid }) => pid);
  assert.deepEqual(pids, Array.from({ length: 32 }, (_, at) => 9_999 - at));
  assert.ok(tree.size <= 3);
});

Deno.test("ProcessTree tells a process from a later one with its pid", () => {
  const tree = new ProcessTree(SCOPE);
  tree.take(fork(1, 10));
  tree.take(exec(10, ["/bin/first"]));
  const first = tree.find(10)!;
  const next = { ...keyOf(10), startUs: keyOf(10).startUs + 1 };
  tree.take({ ...fork(7, 10), ...next });

  const second = tree.find(10)!;
  assert.notEqual(first, second);
  assert.deepEqual([second.exe, second.parentPid], [null, 7]);
  tree.setRole(keyOf(10), ROLE.WORKER);
  assert.equal(second.role, ROLE.PLAIN, "a role of the first one's");
});

Deno.test("ProcessTree begins a tree with a process, from its next child on", () => {
  const tree = new ProcessTree(SCOPE);
  tree.take(fork(1, 10));
  tree.take(fork(10, 11));
  tree.beginTree(keyOf(10));
  tree.take(fork(10, 12));

  assert.equal(tree.find(11)!.root, null);
  assert.deepEqual(tree.find(12)!.root, keyOf(10));
});

Deno.test("ProcessTree knows a process that it met again when it is heard of", () => {
  const tree = new ProcessTree(SCOPE);
  tree.meet([found(1, 0, "/sbin/init"), found(9, 1, "/bin/bash")]);
  const met = tree.find(9)!;
  tree.take(fork(9, 10));
  tree.take(exec(9, ["/bin/other"]));

  assert.equal(tree.find(9), met);
  assert.equal(met.startUs, keyOf(9).startUs);
  assert.deepEqual(met.above, [{ pid: 1, exe: "/sbin/init" }]);
});

Deno.test("ProcessTree forgets what a later look does not find", () => {
  const tree = new ProcessTree(SCOPE);
  for (const pid of [10, 11, 12]) tree.take(fork(1, pid));
  const kept = tree.find(11);
  tree.meet([found(11, 1, "/bin/a"), found(20, 11, "/bin/b")]);

  assert.equal(tree.find(10), null);
  assert.equal(tree.find(11), kept);
  assert.equal(tree.find(20)!.above[0]!.pid, 11);
});

Deno.test("ProcessTree stands any order of acts, with bounded memory", () => {
  const pid = fc.integer({ min: 1, max: 8 });
  const act = fc.oneof(
    fc.tuple(pid, pid).map(([parent, child]) => fork(parent, child)),
    pid.map((each) => exec(each, ["/bin/a"])),
    pid.map((each) => exit(each)),
  );
  fc.assert(fc.property(fc.array(act), (acts) => {
    const tree = new ProcessTree(SCOPE);
    for (const each of acts) {
      assert.equal(tree.take(each).pid, each.pid);
      assert.ok(tree.size <= 8);
    }
  }));
});
