import assert from "node:assert/strict";
import { ROLE } from "../../../agent/observe/process_source.ts";
import { ExecEvents } from "../../../agent/processes/exec_events.ts";
import { KnownSecrets } from "../../../agent/processes/known_secrets.ts";
import {
  type ProcessAct,
  ProcessTree,
  type Scope,
} from "../../../agent/processes/process_tree.ts";
import type { ExecEvent } from "../../../agent/record/process_event.ts";
import { exec, exit, fork, keyOf } from "./acts.ts";

/** Later than any program may be untold. */
const LATER_MS = 1_000;

function telling(scope: Scope = { isInside: true }) {
  const pending = new Set<number>();
  const told: ExecEvent[] = [];
  const tree = new ProcessTree(scope);
  const events = new ExecEvents({
    tell: (event) => {
      if (event.kind === "exec") told.push(event);
    },
    format: (atUs) => `at ${atUs}`,
    containers: { containerOf: (pid) => pid === 12 ? "4f5e1a0b" : null },
    steps: {
      isPending: ({ pid }) => pending.has(pid),
      find: ({ pid }) =>
        pid === 10 ? { step: "Build", substep: "compile" } : null,
    },
    secrets: new KnownSecrets(),
  });
  const hear = (...acts: readonly ProcessAct[]) => {
    for (const act of acts) events.hear(act, tree.take(act));
  };
  const wait = () => events.attend(performance.now() + LATER_MS);
  return { told, tree, events, hear, wait, pending };
}

Deno.test("ExecEvents tells a short program in one event", () => {
  const { told, hear, wait } = telling();
  hear(fork(1, 10), exec(10, ["/bin/true", "-x"]), exit(10, 3));
  wait();

  const { startUs } = keyOf(10);
  assert.deepEqual(told, [{
    kind: "exec",
    event: "finished",
    step: null,
    process: {
      pid: 10,
      exe: "/bin/true",
      args: ["/bin/true", "-x"],
      uid: 1001,
      ancestors: [],
    },
    container: null,
    cwd: "/work",
    start: `at ${startUs + 100}`,
    end: `at ${startUs + 900}`,
    exitCode: 3,
    signal: null,
  }]);
});

Deno.test("ExecEvents tells a longer program when it starts and when it ends", () => {
  const { told, hear, wait } = telling();
  hear(fork(1, 10), exec(10, ["/bin/sleep"]));
  wait();
  wait();
  hear({ ...exit(10, null), signal: 9 });

  const [started, finished] = told;
  assert.equal(told.length, 2);
  assert.deepEqual(
    { ...finished, event: "started", end: null, signal: null },
    started,
  );
  assert.deepEqual([finished!.exitCode, finished!.signal], [null, 9]);
  assert.equal(finished!.process, started!.process, "encoded once");
});

Deno.test("ExecEvents ends a program when its process executes another", () => {
  const { told, hear } = telling();
  hear(fork(1, 10), exec(10, ["/bin/sh"]));
  hear({ ...exec(10, ["/bin/make"]), atUs: 7 }, exit(10, 0));

  assert.deepEqual(
    told.map(({ process, event, end, exitCode, signal }) => [
      ...[process!.exe, event, end, exitCode, signal],
    ]),
    [
      ["/bin/sh", "finished", "at 7", null, null],
      ["/bin/make", "finished", `at ${keyOf(10).startUs + 900}`, 0, null],
    ],
  );
});

Deno.test("ExecEvents tells nothing of a process that executes nothing", () => {
  const { told, hear, wait } = telling();
  hear(fork(1, 10), exit(10));
  wait();

  assert.equal(told.length, 0);
});

Deno.test("ExecEvents does not end a program by a later process's end", () => {
  const { told, hear, wait } = telling();
  hear(fork(1, 10), exec(10, ["/bin/lost"]));
  wait();
  const next = { startUs: keyOf(10).startUs + 1 };
  hear({ ...fork(1, 10), ...next }, { ...exit(10, 7), ...next });

  assert.deepEqual(told.map(({ event }) => event), ["started"]);
});

Deno.test("ExecEvents names the step by the tree's first process", () => {
  const { told, tree, hear } = telling();
  hear(fork(1, 5));
  tree.setRole(keyOf(5), ROLE.WORKER);
  hear(fork(5, 10), fork(10, 11), exit(10), exec(11, ["/bin/a"]), exit(11));

  const [{ step, substep }] = told as [ExecEvent];
  assert.deepEqual({ step, substep }, { step: "Build", substep: "compile" });
});

Deno.test("ExecEvents masks what a step was given in its environment", () => {
  const { told, hear } = telling();
  const environment = ["DEPLOY_TOKEN=opensesame", "HOME=/root"];
  hear({ ...exec(10, ["/bin/sh"]), environment }, exit(10));
  hear(exec(11, ["/bin/say", "opensesame", "--password", "x"]), exit(11));

  assert.deepEqual(told[1]!.process!.args, [
    ...["/bin/say", "***", "--password", "***"],
  ]);
});

Deno.test("ExecEvents waits until it is known whether a program is to be told", () => {
  const scope: Scope = { isInside: null };
  const { told, hear, wait } = telling(scope);
  hear(exec(10, ["/bin/a"]), exit(10), exec(11, ["/bin/b"]));
  wait();
  assert.equal(told.length, 0);
  scope.isInside = true;
  wait();

  assert.deepEqual(
    told.map(({ process, event }) => [process!.exe, event]),
    [["/bin/a", "finished"], ["/bin/b", "started"]],
  );
});

Deno.test("ExecEvents tells nothing from outside", () => {
  const { told, hear, wait, events } = telling({ isInside: false });
  hear(exec(10, ["/bin/a"]), exit(10), exec(11, ["/bin/b"]));
  wait();
  events.end();

  assert.equal(told.length, 0);
});

Deno.test("ExecEvents tells at the end what runs still", () => {
  const { told, hear, events } = telling();
  hear(exec(10, ["/bin/a"]));
  events.end();

  assert.deepEqual(told.map(({ event }) => event), ["started"]);
});

Deno.test("ExecEvents waits for the name of a step that has just begun", () => {
  const { told, tree, hear, wait, pending } = telling();
  hear(fork(1, 10));
  tree.beginTree(keyOf(10));
  pending.add(10);
  hear(exec(10, ["/bin/true"]), exit(10));
  wait();
  assert.deepEqual(told, []);

  pending.clear();
  wait();
  assert.deepEqual(told.map(({ event, step }) => [event, step]), [
    ["finished", "Build"],
  ]);
});
