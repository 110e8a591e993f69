import assert from "node:assert/strict";
import { ProcLineage } from "../../../agent/observe/proc_lineage.ts";
import { ROLE } from "../../../agent/observe/process_source.ts";

const WORKER = { pid: 100, startUs: 1_000_000, parentPid: 1 };
const STEP = { pid: 200, startUs: 2_000_000, parentPid: 100 };
const CHILD = { pid: 300, startUs: 3_000_000, parentPid: 200 };
const KEY = { pid: 200, startUs: 2_000_000 };

/** A worker and one step of it. */
function stepping(): ProcLineage {
  const lineage = new ProcLineage();
  lineage.fill([WORKER]);
  lineage.setRole(WORKER, ROLE.WORKER);
  lineage.fork(STEP);
  return lineage;
}

Deno.test("ProcLineage begins a tree with each child of a worker", () => {
  const lineage = stepping();
  assert.deepEqual(lineage.find(200), { ...STEP, root: KEY, role: ROLE.PLAIN });
  assert.equal(lineage.find(100)?.root, null);
});

Deno.test("ProcLineage keeps the root of a daemon that forked twice", () => {
  const lineage = stepping();
  lineage.fork(CHILD);
  lineage.fork({ pid: 400, startUs: 4_000_000, parentPid: 300 });
  lineage.exit(300);
  lineage.exit(200);
  lineage.exit(100);
  assert.deepEqual(lineage.find(400)?.root, KEY);
  assert.equal(lineage.find(400)?.parentPid, 300);
  assert.equal(lineage.find(300), null);
});

Deno.test("ProcLineage inherits no role, and an exec takes it away", () => {
  const lineage = stepping();
  assert.equal(lineage.find(200)?.role, ROLE.PLAIN);
  lineage.exec(100);
  lineage.fork({ pid: 201, startUs: 5_000_000, parentPid: 100 });
  assert.equal(lineage.find(201)?.root, null);
});

Deno.test("ProcLineage begins a tree within a tree, for what comes next", () => {
  const lineage = stepping();
  lineage.fork(CHILD);
  lineage.beginTree(CHILD);
  lineage.fork({ pid: 301, startUs: 3_000_000, parentPid: 300 });
  lineage.fork({ pid: 302, startUs: 3_000_000, parentPid: 200 });
  assert.equal(lineage.find(301)?.root?.pid, 300);
  assert.deepEqual(lineage.find(302)?.root, KEY);
});

Deno.test("ProcLineage gives no role to another process with the same pid", () => {
  const lineage = new ProcLineage();
  lineage.fork(WORKER);
  lineage.setRole({ ...WORKER, startUs: 1_500_000 }, ROLE.WORKER);
  lineage.beginTree({ ...WORKER, startUs: 1_500_000 });
  assert.equal(lineage.find(100)?.role, ROLE.PLAIN);
  assert.equal(lineage.find(100)?.root, null);
});

Deno.test("ProcLineage takes a start out of /proc for that of a fork", () => {
  const lineage = new ProcLineage();
  lineage.fork({ ...WORKER, startUs: 1_010_000 });
  lineage.setRole(WORKER, ROLE.WORKER);
  assert.equal(lineage.find(100)?.role, ROLE.WORKER);
});

Deno.test("ProcLineage fills in what it has not heard of, and forgets who is gone", () => {
  const lineage = stepping();
  lineage.fork(CHILD);
  const unheard = { pid: 250, startUs: 2_500_000, parentPid: 200 };
  const below = { pid: 240, startUs: 2_600_000, parentPid: 250 };
  lineage.fill([below, unheard, STEP, WORKER]);
  assert.equal(lineage.find(300), null);
  assert.deepEqual(lineage.find(250)?.root, KEY);
  assert.deepEqual(lineage.find(240)?.root, KEY);
  assert.equal(lineage.find(100)?.role, ROLE.WORKER);
});

Deno.test("ProcLineage knows a pid that is used again as a new process", () => {
  const lineage = stepping();
  lineage.fork({ pid: 200, startUs: 9_000_000, parentPid: 1 });
  assert.equal(lineage.find(200)?.root, null);
  assert.equal(lineage.find(200)?.startUs, 9_000_000);
});
