import assert from "node:assert/strict";
import { ExecBudget } from "../../../agent/processes/exec_budget.ts";
import type { EventBody } from "../../../agent/record/event.ts";
import type { ExecEvent } from "../../../agent/record/process_event.ts";

const EVENT: ExecEvent = {
  ...{ kind: "exec", event: "finished", step: null, container: null },
  process: { pid: 7, exe: "/bin/a\n", args: [], uid: 0, ancestors: [] },
  ...{ cwd: "/", start: "then", end: "later", exitCode: 0, signal: null },
};

Deno.test("ExecBudget sums up what is too much, and tells again later", () => {
  const told: EventBody[] = [];
  const budget = new ExecBudget((event) => told.push(event), {
    burst: 3,
    perSecond: 0.1,
  });
  for (let count = 0; count < 10; count++) budget.tell(EVENT, 1_000);
  budget.attend(2_000);
  assert.equal(told.length, 3);
  budget.attend(6_500);
  budget.tell(EVENT, 20_000);
  budget.sumUp();

  assert.deepEqual(told.slice(3), [
    {
      kind: "agent",
      event: "coverage_lost",
      what: "processes",
      from: "then",
      to: "later",
      message: "7 events about programs were left out, to keep room for " +
        'others; the last was about "/bin/a\\n"',
    },
    EVENT,
  ]);
});
