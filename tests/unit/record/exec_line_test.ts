import assert from "node:assert/strict";
import { readExecLine } from "../../../agent/record/exec_line.ts";
import { JournalReader, readJournal } from "../../../agent/record/read.ts";
import { stepsOf } from "../../../agent/report/steps.ts";

const TIME = "2026-01-02T03:04:05.678901Z";

/** A line as the agent's writer writes it. */
function lineOf(
  { step, seq = 1, pid = 7, event = "finished", cwd = "/work" }: {
    readonly step: string | null;
    readonly seq?: number;
    readonly pid?: number;
    readonly event?: string;
    readonly cwd?: string;
  },
): string {
  return JSON.stringify({
    ...{ version: 1, seq, time: TIME, kind: "exec", event, step },
    ...{ container: null, cwd, start: TIME },
    ...{ end: event === "started" ? null : TIME, exitCode: null, signal: null },
    process: { pid, exe: "/bin/a", args: ["a"], uid: 1, ancestors: [] },
  });
}

for (
  const step of [null, "Build", 'a "b" \\', '","kind":"dns', "\u2028\n", "é😀"]
) {
  Deno.test(`readExecLine() reads the step ${JSON.stringify(step)}`, () => {
    const line = lineOf({ step, cwd: '/","process":{"pid":9,' });
    const read = readExecLine(line, new Map());

    assert.equal(read?.step, step);
    assert.equal(read.process?.pid, 7);
    assert.deepEqual(read.process.args, []);
  });
}

for (
  const [name, line] of [
    ["another kind", lineOf({ step: "a" }).replace("exec", "dns")],
    ["another event", lineOf({ step: "a", event: "paused" })],
    ["a step that is no JSON", lineOf({ step: "a" }).replace('"a"', '"\\x"')],
    ["a line that is cut", lineOf({ step: "a" }).slice(0, -1)],
  ] as const
) {
  Deno.test(`readExecLine() leaves ${name} to others`, () => {
    assert.equal(readExecLine(line, new Map()), null);
  });
}

Deno.test("a journal read in brief has as many programs in each step", () => {
  const lines = [
    lineOf({ step: "Build", seq: 1, event: "started" }),
    lineOf({ step: "Build", seq: 2 }),
    lineOf({ step: "Build", seq: 3, pid: 8 }),
    lineOf({ step: "Test", seq: 4, pid: 9, event: "started" }),
  ];
  const reader = new JournalReader({ isBrief: true });
  for (const line of lines) reader.add(line);
  const brief = reader.finish("");
  const whole = readJournal(lines.join("\n") + "\n");

  assert.deepEqual(stepsOf(brief.events), stepsOf(whole.events));
  assert.deepEqual(
    stepsOf(brief.events).map(({ programs }) => programs),
    [2, 1],
  );
  assert.deepEqual(brief.problems, []);
});
