import assert from "node:assert/strict";
import { ProcDescent } from "../../../agent/observe/proc_descent.ts";
import { ProcSnapshots } from "../../../agent/observe/proc_snapshot.ts";
import { Libc } from "../../../ffi/libc.ts";

Deno.test("ProcDescent finds the root above a process, and none without one", () => {
  using libc = new Libc();
  const self = new ProcSnapshots(libc).look(Deno.pid)!;
  const above = new ProcSnapshots(libc).look(self.parentPid)!;
  const { pid, startUs } = above;

  const found = new ProcDescent(
    libc,
    (key) => key.pid === pid && key.startUs === startUs,
  ).find(Deno.pid);
  assert.deepEqual(found?.root, { pid, startUs });
  assert.equal(found?.parentPid, pid);
  assert.equal(new ProcDescent(libc, () => false).find(Deno.pid)?.root, null);
});

Deno.test("ProcDescent takes a process for its own root", () => {
  using libc = new Libc();
  const found = new ProcDescent(libc, () => true).find(Deno.pid);
  assert.equal(found?.root?.pid, Deno.pid);
});

Deno.test("ProcDescent knows nothing of a process that is not there", () => {
  using libc = new Libc();
  const descent = new ProcDescent(libc, () => true);
  assert.equal(descent.find(0), null);
  assert.equal(descent.find(4_194_304), null); // past PID_MAX_LIMIT
});
