import assert from "node:assert/strict";
import type { AuditExec } from "../../../agent/decode/audit_events.ts";
import {
  ExecJoiner,
  type SeenExec,
  UNKNOWN_USER,
} from "../../../agent/observe/exec_joiner.ts";
import { NOTHING } from "../../../agent/observe/process_details.ts";

function execAt(pid: number, atUs: number): SeenExec {
  const key = { pid, startUs: 1_000, parentPid: 1, atUs };
  return {
    ...{ kind: "exec", ...key },
    ...{ netNamespace: null, environment: null, seen: null },
  };
}

function forkOf(pid: number) {
  return { kind: "fork", pid, startUs: 1, parentPid: 1, atUs: 1 } as const;
}

function detailsOf(pid: number, exe: string): AuditExec {
  return {
    pid,
    parentPid: 7,
    uid: 1001,
    exe,
    args: [exe],
    cwd: "/",
    calledMs: 0,
  };
}

/** A joiner that finds nothing in /proc. */
function blind(): ExecJoiner {
  return new ExecJoiner({ look: () => NOTHING, isBehind: () => false });
}

Deno.test("ExecJoiner holds back what came after an exec until it is told", () => {
  const joiner = blind();
  joiner.add(forkOf(5), 0);
  joiner.add(execAt(5, 100), 0);
  joiner.add(forkOf(6), 0);
  assert.deepEqual(joiner.take(0), [forkOf(5)]);
  assert.equal(joiner.detail(detailsOf(5, "/a"), 90), true);
  const [exec, fork, ...rest] = joiner.take(0);
  assert.ok(exec?.kind === "exec");
  assert.equal(exec.exe, "/a");
  assert.equal(exec.uid, 1001);
  assert.equal(exec.parentPid, 7);
  assert.deepEqual([fork, rest], [forkOf(6), []]);
  assert.equal(joiner.size, 0);
  assert.equal(joiner.takeMissing(), 0);
});

Deno.test("ExecJoiner gives two execs of one process their own programs", () => {
  const joiner = blind();
  joiner.add(execAt(5, 100), 0);
  joiner.add(execAt(5, 200), 0);
  joiner.detail(detailsOf(5, "/first"), 90);
  joiner.detail(detailsOf(5, "/second"), 190);
  const programs = joiner.take(0).map((record) =>
    record.kind === "exec" && record.exe
  );
  assert.deepEqual(programs, ["/first", "/second"]);
});

Deno.test("ExecJoiner does not give a later program to an earlier exec", () => {
  const joiner = blind();
  joiner.add(execAt(5, 100), 0);
  joiner.add(execAt(5, 5_000_000), 0);
  joiner.detail(detailsOf(5, "/second"), 4_999_000);
  const [first, second] = joiner.take(5000);
  assert.ok(first?.kind === "exec" && second?.kind === "exec");
  assert.deepEqual([first.exe, second.exe], [null, "/second"]);
  assert.equal(joiner.takeMissing(), 1);
});

Deno.test("ExecJoiner says so when nobody told in time", () => {
  const joiner = blind();
  joiner.add(execAt(5, 100), 0);
  assert.deepEqual(joiner.take(999), []);
  const [exec] = joiner.take(1000);
  assert.ok(exec?.kind === "exec");
  assert.deepEqual([exec.exe, exec.args, exec.cwd], [null, [], null]);
  assert.equal(exec.uid, UNKNOWN_USER);
  assert.equal(joiner.takeMissing(), 1);
  assert.equal(joiner.takeMissing(), 0);
  assert.equal(joiner.detail(detailsOf(5, "/late"), 90), false);
});

Deno.test("ExecJoiner asks /proc where nobody told", () => {
  const seen = { uid: 5, parentPid: 6, exe: "/seen", args: ["x"], cwd: "/" };
  const joiner = new ExecJoiner({ look: () => seen, isBehind: () => false });
  joiner.add(execAt(5, 100), 0);
  joiner.add({ ...execAt(6, 100), seen: { ...seen, exe: "/once" } }, 0);
  assert.deepEqual(joiner.take(100), []);
  const programs = joiner.take(1000).map((record) =>
    record.kind === "exec" && record.exe
  );
  assert.deepEqual(programs, ["/seen", "/once"]);
  assert.equal(joiner.takeMissing(), 0);
});

Deno.test("ExecJoiner does not wait with more than 131,072 records", () => {
  const joiner = blind();
  joiner.add(execAt(5, 100), 0);
  for (let pid = 0; pid < 131_072; pid++) joiner.add(forkOf(pid), 0);
  assert.equal(joiner.take(0).length, 131_073);
});

Deno.test("ExecJoiner waits longer for somebody who is behind, but not for ever", () => {
  let asked = 0;
  const isBehind = () => ++asked > 0;
  const joiner = new ExecJoiner({ look: () => NOTHING, isBehind });
  joiner.add(execAt(5, 100), 0);
  joiner.add(execAt(6, 100), 0);
  assert.deepEqual([joiner.take(999).length, asked], [0, 0]);
  assert.deepEqual([joiner.take(29_999).length, asked], [0, 1]);
  assert.equal(joiner.take(30_000).length, 2);
});
