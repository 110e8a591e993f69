import assert from "node:assert/strict";
import type { ProcessRecord } from "../../../agent/decode/process_record.ts";
import { HookedWorkers } from "../../../agent/service/hooked_workers.ts";
import { HOOKS } from "../../../agent/service/places.ts";

const ROOT = "/home/runner/actions";
const WORKER = exec(10, 1, [`${ROOT}/bin.2.333.1/Runner.Worker`]);
const SCRIPT = ["/usr/bin/bash", "-e", `${ROOT}/_work/_temp/a.sh`];
const NODE = [`${ROOT}/externals/node24/bin/node`, "/action/pre.ts"];

function exec(
  pid: number,
  parentPid: number,
  args: readonly string[],
): ProcessRecord {
  return {
    ...{ kind: "exec", pid, parentPid, startUs: pid * 20_000, atUs: 0 },
    ...{ uid: 1, exe: args[0]!, args, cwd: "/", netNamespace: null },
    environment: null,
  };
}

function unletOf(
  records: readonly ProcessRecord[],
  letTicks: number | null = null,
): readonly number[] {
  const told: number[] = [];
  const workers = new HookedWorkers({
    workOf: (root) => root === ROOT ? `${root}/_work` : null,
    onUnlet: ({ process, worker }) => {
      assert.deepEqual(worker, { pid: 10, startTicks: 20 });
      assert.equal(process.startTicks, process.pid * 2);
      told.push(process.pid);
    },
  });
  for (const record of records) {
    workers.hear(record);
    if (letTicks === null) continue;
    const process = { pid: 10, startTicks: letTicks };
    workers.let(process);
    assert.equal(workers.isLet(process), letTicks === 20);
  }
  return told;
}

const ROWS: readonly {
  readonly name: string;
  readonly step: readonly string[];
  readonly isStep: boolean;
}[] = [
  { name: "a script", step: SCRIPT, isStep: true },
  { name: "an action", step: NODE, isStep: true },
  { name: "a container", step: ["/usr/bin/docker", "run"], isStep: true },
  {
    name: "what unpacks actions",
    step: ["/usr/bin/tar", "xzf", `${ROOT}/_work/_actions/_temp_1/a.tar.gz`],
    isStep: false,
  },
  {
    name: "the first hook",
    step: ["/usr/bin/bash", "-e", HOOKS.started],
    isStep: false,
  },
  {
    name: "the first hook's path before a script",
    step: ["/usr/bin/bash", HOOKS.started, SCRIPT[2]!],
    isStep: true,
  },
];

for (const { name, step, isStep } of ROWS) {
  const what = isStep ? "tells of" : "takes for no step";
  Deno.test(`HookedWorkers ${what} ${name}`, () => {
    const told = unletOf([WORKER, exec(20, 10, step)]);
    assert.deepEqual(told, isStep ? [20] : []);
  });
}

Deno.test("HookedWorkers tells nothing of a worker that was let", () => {
  assert.deepEqual(unletOf([WORKER, exec(20, 10, SCRIPT)], 20), []);
});

Deno.test("HookedWorkers tells of a worker whose pid one had that was let", () => {
  assert.deepEqual(unletOf([WORKER, exec(20, 10, SCRIPT)], 10), [20]);
});

Deno.test("HookedWorkers tells nothing of other runners and other children", () => {
  const other = exec(10, 1, ["/other/bin/Runner.Worker"]);
  assert.deepEqual(unletOf([other, exec(20, 10, SCRIPT)]), []);
  assert.deepEqual(unletOf([WORKER, exec(30, 20, SCRIPT)]), []);
});

Deno.test("HookedWorkers takes no worker of a step's for another job", () => {
  const own = exec(20, 10, [`${ROOT}/bin/Runner.Worker`]);
  assert.deepEqual(unletOf([WORKER, own, exec(30, 20, SCRIPT)]), []);
});

Deno.test("HookedWorkers forgets a worker that has ended", () => {
  const end: ProcessRecord = {
    ...{ kind: "exit", pid: 10, startUs: 200_000, atUs: 0 },
    ...{ exitCode: 0, signal: null },
  };
  assert.deepEqual(unletOf([WORKER, end, exec(20, 10, SCRIPT)]), []);
});
