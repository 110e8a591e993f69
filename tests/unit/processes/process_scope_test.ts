import assert from "node:assert/strict";
import {
  ProcessScope,
  type ScopeRule,
} from "../../../agent/processes/process_scope.ts";
import {
  type ProcessAct,
  ProcessTree,
} from "../../../agent/processes/process_tree.ts";
import { exec, exit, fork } from "./acts.ts";

const AGENT = 100;

function scoped(rule: ScopeRule) {
  const scope = new ProcessScope(rule);
  const tree = new ProcessTree(scope.initial);
  const hear = (...acts: readonly ProcessAct[]) => {
    for (const act of acts) scope.hear(act, { process: tree.take(act), tree });
  };
  const isInside = (pid: number) => tree.find(pid)!.scope.isInside;
  return { scope, tree, hear, isInside };
}

Deno.test("ProcessScope of a host has all inside but the agent's own tools", () => {
  const { hear, isInside } = scoped({ kind: "all", agentPid: AGENT });
  hear(fork(1, 10), exec(10, ["/bin/a"]), fork(AGENT, 20), fork(20, 21));

  assert.deepEqual([10, 20, 21].map(isInside), [true, false, false]);
});

Deno.test("ProcessScope of a command waits until its pid is known", () => {
  let commandPid = 0;
  const { scope, hear, isInside } = scoped({
    ...{ kind: "command", agentPid: AGENT, commandPid: () => commandPid },
  });
  hear(fork(AGENT, 10), fork(10, 11), {
    ...exec(11, ["/bin/a"]),
    parentPid: 10,
  });
  hear(fork(AGENT, 20), fork(1, 30));
  assert.deepEqual([10, 11, 20, 30].map(isInside), [null, null, null, false]);
  commandPid = 10;
  scope.decide();
  assert.deepEqual([10, 11, 20, 30].map(isInside), [true, true, false, false]);
  hear(fork(11, 12), exit(11), fork(AGENT, 21), fork(21, 22));

  assert.deepEqual([12, 21, 22].map(isInside), [true, false, false]);
});

Deno.test("ProcessScope of a command finds it again for a later thread", () => {
  const { scope, tree, hear, isInside } = scoped({
    ...{ kind: "command", agentPid: AGENT, commandPid: () => 10 },
  });
  const above = new Map([[AGENT, 1], [10, AGENT], [11, 10], [20, AGENT]]);
  const found = [...above].map(([pid, parentPid]) => ({
    ...{ pid, parentPid, startTicks: pid, netNamespace: null },
    ...{ exe: "/bin/a", args: [], uid: 0 },
  }));
  tree.meet(found);
  scope.meet(found, tree);
  hear(fork(11, 12));

  const pids = [AGENT, 10, 11, 12, 20];
  assert.deepEqual(pids.map(isInside), [false, true, true, true, false]);
});

Deno.test("ProcessScope of a namespace keeps inside whoever has been there", () => {
  const { scope, tree, hear, isInside } = scoped({
    ...{ kind: "namespace", agentPid: AGENT, inode: 42 },
  });
  const there = { exe: "/bin/a", args: [], uid: 0, netNamespace: 42 };
  const found = { pid: 5, parentPid: 1, startTicks: 1, ...there };
  tree.meet([found, { ...found, pid: 6, netNamespace: 7 }]);
  scope.meet([found], tree);
  hear({ ...exec(10, ["/bin/a"]), netNamespace: 42 }, fork(10, 11));
  hear({ ...exec(11, ["/bin/b"]), netNamespace: 43 }, fork(6, 12));

  hear(fork(AGENT, 20), {
    ...exec(20, ["/bin/a"]),
    ...{ parentPid: AGENT, netNamespace: 42 },
  });

  assert.deepEqual([5, 6, 10, 11, 12, 20].map(isInside), [
    ...[true, false, true, true, false, false],
  ]);
});
