import assert from "node:assert/strict";
import type { WorkerLogEntry } from "../../../agent/decode/worker_log.ts";
import { LoggedSteps } from "../../../agent/processes/logged_steps.ts";

function after(...entries: readonly WorkerLogEntry[]): LoggedSteps {
  const steps = new LoggedSteps(true);
  for (const entry of entries) steps.apply(entry);
  return steps;
}

Deno.test("LoggedSteps begins with the setting up, and ends with the end", () => {
  assert.equal(after().current?.step, "Set up job");
  const ended = after({ kind: "step", name: "a" }, { kind: "stepsEnded" });
  assert.equal(ended.current?.step, "Complete job");
  assert.equal(new LoggedSteps(false).current, null);
});

Deno.test("take() gives what was worked at when a process was started", () => {
  const steps = after(
    { kind: "step", name: "a" },
    { kind: "substep", name: "b" },
    { kind: "started", pid: 1 },
    { kind: "substepEnded" },
    { kind: "started", pid: 2 },
    { kind: "step", name: "c" },
  );

  assert.deepEqual(steps.take(1), { step: "a", substep: "b" });
  assert.deepEqual(steps.take(2), { step: "a", substep: null });
  assert.equal(steps.take(1), undefined);
  assert.equal(steps.take(3), undefined);
});

Deno.test("take() gives the later of two processes that had one pid", () => {
  const steps = after(
    { kind: "step", name: "a" },
    { kind: "started", pid: 1 },
    { kind: "step", name: "b" },
    { kind: "started", pid: 1 },
  );

  assert.equal(steps.take(1)?.step, "b");
});

Deno.test("take() gives null for a step whose name was not read", () => {
  const steps = after({ kind: "step", name: null }, {
    kind: "started",
    pid: 1,
  });

  assert.equal(steps.take(1), null);
});

Deno.test("beside() tells steps apart that go on beside each other", () => {
  const steps = after(
    { kind: "step", name: "Serve" },
    { kind: "background", action: "__run" },
    { kind: "step", name: "Test" },
    { kind: "substep", name: "whose?" },
    { kind: "started", pid: 1 },
  );

  assert.equal(steps.beside("__run")?.step, "Serve");
  assert.equal(steps.beside("__run_2"), null);
  assert.equal(steps.beside(null), null);
  assert.deepEqual(steps.take(1), { step: "Test", substep: null });
});

Deno.test("LoggedSteps keeps no more processes than a bound", () => {
  const steps = after({ kind: "step", name: "a" });
  for (let pid = 1; pid <= 5_000; pid++) steps.apply({ kind: "started", pid });

  assert.equal(steps.take(1), undefined);
  assert.equal(steps.take(5_000)?.step, "a");
});

Deno.test("forget() leaves nothing that is worked at", () => {
  const steps = after({ kind: "step", name: "a" });
  steps.forget();

  assert.equal(steps.current, null);
});
