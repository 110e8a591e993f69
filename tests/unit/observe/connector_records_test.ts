import assert from "node:assert/strict";
import { ConnectorRecords } from "../../../agent/observe/connector_records.ts";
import type { TimedProcEvent } from "../../../agent/observe/proc_connector.ts";
import { ProcLineage } from "../../../agent/observe/proc_lineage.ts";
import type { Running } from "../../../agent/observe/proc_snapshot.ts";
import { ROLE } from "../../../agent/observe/process_source.ts";

/** What /proc holds in a test. */
class FakeProc {
  readonly running = new Map<number, Running>();

  put(pid: number, what: Partial<Running> = {}): void {
    const process = { pid, startUs: 0, parentPid: 1, isAlive: true, ...what };
    this.running.set(pid, process);
  }

  look(pid: number): Running | null {
    return this.running.get(pid) ?? null;
  }

  list(): Running[] {
    return [...this.running.values()];
  }
}

function setUp() {
  const lineage = new ProcLineage();
  const proc = new FakeProc();
  return { lineage, proc, records: new ConnectorRecords(lineage, proc) };
}

function event(
  kind: TimedProcEvent["kind"],
  what: Partial<TimedProcEvent> & { readonly pid: number },
): TimedProcEvent {
  const counted = { cpu: 0, sequence: 0, monotonicUs: 0 };
  const { pid } = what;
  const none = { threadId: pid, parentPid: 0, status: 0, atUs: 0 };
  return { kind, ...counted, ...none, ...what };
}

Deno.test("ConnectorRecords tells a fork, an exec and an exit of one process", () => {
  const { records } = setUp();
  const fork = { pid: 7, parentPid: 5, atUs: 123_456 };
  const key = { pid: 7, startUs: 120_000 };
  assert.deepEqual(records.take(event("fork", fork)), [
    { kind: "fork", ...key, parentPid: 5, atUs: 123_456 },
  ]);
  assert.deepEqual(records.take(event("exec", { pid: 7, atUs: 130_000 })), [
    { kind: "exec", ...key, parentPid: 5, atUs: 130_000 },
  ]);
  const exit = event("exit", { pid: 7, atUs: 140_000, status: 0x300 });
  const how = { exitCode: 3, signal: null };
  assert.deepEqual(records.take(exit), [
    { kind: "exit", ...key, atUs: 140_000, ...how },
  ]);
  assert.deepEqual(records.take(exit), []);
});

Deno.test("ConnectorRecords is silent about threads", () => {
  const { records } = setUp();
  records.take(event("fork", { pid: 7 }));
  const thread = { pid: 7, threadId: 8 };
  assert.deepEqual(records.take(event("fork", thread)), []);
  assert.deepEqual(records.take(event("exit", thread)), []);
});

Deno.test("ConnectorRecords ends a process with its last thread, not with its first", () => {
  const { records, proc, lineage } = setUp();
  records.take(event("fork", { pid: 7 }));
  proc.put(7);
  assert.deepEqual(records.take(event("exit", { pid: 7 })), []);
  assert.equal(lineage.find(7)?.pid, 7);
  const thread = { pid: 7, threadId: 8, status: 0x700 };
  assert.deepEqual(records.take(event("exit", thread)), []);
  proc.put(7, { isAlive: false });
  const [exit] = records.take(event("exit", { ...thread, threadId: 9 }));
  assert.ok(exit?.kind === "exit");
  assert.equal(exit.exitCode, 7);
  assert.equal(lineage.find(7), null);
});

Deno.test("ConnectorRecords does not take a new process for the one that ended", () => {
  const { records, proc } = setUp();
  records.take(event("fork", { pid: 7, atUs: 100_000 }));
  proc.put(7, { startUs: 500_000 });
  const [exit] = records.take(event("exit", { pid: 7, atUs: 400_000 }));
  assert.ok(exit?.kind === "exit");
});

Deno.test("ConnectorRecords ends a process whose pid is used again", () => {
  const { records } = setUp();
  records.take(event("fork", { pid: 7, atUs: 100_000 }));
  const again = records.take(event("fork", { pid: 7, atUs: 900_000 }));
  assert.deepEqual(again.map(({ kind }) => kind), ["exit", "fork"]);
  const unknown = { exitCode: null, signal: null };
  const exit = { kind: "exit", pid: 7, startUs: 100_000, atUs: 900_000 };
  assert.deepEqual(again[0], { ...exit, ...unknown });
});

Deno.test("ConnectorRecords gives the child of a worker the start that /proc shows", () => {
  const { records, proc, lineage } = setUp();
  records.take(event("fork", { pid: 5, atUs: 100_000 }));
  lineage.setRole({ pid: 5, startUs: 100_000 }, ROLE.WORKER);
  // The connector's time stamp is behind a tick, the start before it.
  proc.put(7, { startUs: 190_000 });
  const fork = { pid: 7, parentPid: 5, atUs: 200_003 };
  const [record] = records.take(event("fork", fork));
  assert.equal(record?.startUs, 190_000);
  assert.deepEqual(lineage.find(7)?.root, { pid: 7, startUs: 190_000 });
});

Deno.test("ConnectorRecords says after a loss who has ended, and knows who lives", () => {
  const { records, proc, lineage } = setUp();
  records.take(event("fork", { pid: 7, atUs: 100_000 }));
  records.take(event("fork", { pid: 8, parentPid: 7, atUs: 200_000 }));
  proc.put(8, { startUs: 200_000, parentPid: 1 });
  proc.put(9, { startUs: 300_000, parentPid: 8 });
  proc.put(10, { startUs: 300_000, isAlive: false });
  const ended = records.fill(900_000);
  assert.deepEqual(ended.map(({ pid }) => pid), [7]);
  assert.equal(lineage.find(8)?.parentPid, 7);
  assert.equal(lineage.find(9)?.parentPid, 8);
  assert.equal(lineage.find(10), null);
});

Deno.test("ConnectorRecords knows by /proc whose fork was lost", () => {
  const { records, proc } = setUp();
  proc.put(7, { startUs: 50_000, parentPid: 3 });
  const [exec] = records.take(event("exec", { pid: 7, atUs: 400_000 }));
  assert.ok(exec?.kind === "exec");
  assert.deepEqual([exec.startUs, exec.parentPid], [50_000, 3]);
});
