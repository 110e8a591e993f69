import assert from "node:assert/strict";
import { AgentError } from "../../../agent/errors.ts";
import { findJobPlace } from "../../../agent/job/job_place.ts";
import type { FoundProcess } from "../../../agent/observe/process_list.ts";
import { Libc } from "../../../ffi/libc.ts";

const ROOT = "/nowhere/runner";
const NODE = `${ROOT}/externals/node24/bin/node`;
/** More than any kernel gives: nobody has them. */
const PIDS = { listener: 5_000_001, worker: 5_000_002, entry: 5_000_003 };
const ENTRY = { pid: PIDS.entry, startTicks: 30 };

/** A listener, its worker, and the entry that the worker has started. */
function running(workerTicks = 20): readonly FoundProcess[] {
  const own = { uid: 1001, netNamespace: null };
  const program = (name: string) => {
    const exe = `${ROOT}/bin/${name}`;
    return { ...own, exe, args: [exe] };
  };
  return [
    {
      ...program("Runner.Listener"),
      ...{ pid: PIDS.listener, parentPid: 1, startTicks: 10 },
    },
    {
      ...program("Runner.Worker"),
      ...{ pid: PIDS.worker, parentPid: PIDS.listener },
      startTicks: workerTicks,
    },
    {
      ...{ ...own, ...ENTRY, parentPid: PIDS.worker },
      ...{ exe: NODE, args: [NODE, "/action/pre.ts"] },
    },
  ];
}

function isUnsupported(error: unknown): boolean {
  return error instanceof AgentError && error.code === "job_unsupported";
}

Deno.test("findJobPlace() finds the job above who asks", () => {
  using libc = new Libc();
  const { worker, post, root } = findJobPlace(libc, running(), {
    ...{ asker: ENTRY, environment: {} },
  });
  assert.deepEqual(worker, { pid: PIDS.worker, startTicks: 20 });
  assert.deepEqual([root, post.script], [ROOT, "/action/post.ts"]);
});

Deno.test("findJobPlace() finds none for one that had the pid of who asks", () => {
  using libc = new Libc();
  const asker = { ...ENTRY, startTicks: 29 };
  assert.throws(
    () => findJobPlace(libc, running(), { asker, environment: {} }),
    isUnsupported,
  );
});

Deno.test("findJobPlace() finds none above who asks that is younger", () => {
  using libc = new Libc();
  const of = { asker: ENTRY, environment: {} };
  findJobPlace(libc, running(30), of);
  assert.throws(() => findJobPlace(libc, running(31), of), isUnsupported);
});
