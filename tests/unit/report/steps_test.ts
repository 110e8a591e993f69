import assert from "node:assert/strict";
import { aggregate, countsOf } from "../../../agent/report/aggregate.ts";
import { privilegeText, sudoText } from "../../../agent/report/privilege.ts";
import { stepsOf } from "../../../agent/report/steps.ts";
import { stepText } from "../../../agent/report/words.ts";
import {
  agent,
  at,
  connection,
  CURL,
  execution,
  fileChange,
  lookUp,
  privilege,
  step,
  summaryOf,
} from "./samples.ts";

const BUILD = { step: "Build" };

Deno.test("stepsOf() counts what each step did, in their order", () => {
  const rows = stepsOf([
    connection({ decision: "allow" }),
    step("Build", { time: at(1), source: "environment" }),
    execution({ ...BUILD, event: "started" }),
    execution(BUILD),
    execution({ ...BUILD, start: at(2) }),
    lookUp({ ...BUILD, decision: "allow" }),
    connection({ ...BUILD, time: at(2) }),
    privilege({ ...BUILD, rule: "sudo-used" }),
    fileChange(BUILD),
    fileChange({ ...BUILD, overwritten: false, change: "rewritten" }),
    fileChange({ ...BUILD, overwritten: false, rule: "path: a" }),
    step("Build", { event: "finished", time: at(3), exitCode: 7 }),
    step("Publish", { time: at(4) }),
  ]);

  assert.deepEqual(rows.map((row) => row.step), ["Build", "Publish", null]);
  assert.deepEqual(rows[0], {
    step: "Build",
    source: "log",
    first: at(0),
    last: at(3),
    exitCode: 7,
    programs: 2,
    allowed: 1,
    denied: 1,
    privileges: 1,
    sudo: 1,
    files: 1,
  });
  assert.equal(rows[1]!.programs, 0);
  assert.equal(rows[2]!.allowed, 1);
});

Deno.test("stepsOf() says nothing where no step is known", () => {
  assert.deepEqual(stepsOf([connection(), execution()]), []);
});

Deno.test("stepsOf() takes the exit code of a step from no part of it", () => {
  const [row] = stepsOf([
    step("Build", { event: "finished", exitCode: 0 }),
    step("Build", { event: "finished", substep: "Inner", exitCode: 3 }),
  ]);
  assert.equal(row!.exitCode, 0);
});

Deno.test("countsOf() counts a program once that is told of twice", () => {
  const counts = countsOf([
    execution({ event: "started" }),
    execution(),
    execution({ start: at(5) }),
    // The pid is the same, but another program has it.
    execution({ start: at(6), event: "started" }),
    execution({ start: at(7), event: "started" }),
    execution({ process: null, event: "started" }),
    execution({ process: null }),
    step("Build"),
    step("Build", { event: "finished" }),
    privilege({ denied: true }),
    privilege(),
  ]);
  assert.equal(counts.exec, 5);
  assert.equal(counts.step, 1);
  assert.deepEqual(counts.privilege, { seen: 2, denied: 1 });
});

Deno.test("aggregate() groups what was done to rights, sudo last", () => {
  const { privileges } = aggregate([
    privilege({ rule: "sudo-used" }),
    privilege({ denied: true }),
    privilege({ reason: "again", denied: true }),
    privilege(),
    privilege({ step: "Build" }),
    privilege({ process: { ...CURL, exe: "/usr/bin/dd" } }),
  ]);

  assert.deepEqual(
    privileges.map(({ rule, step, denied, times }) => ({
      ...{ rule, step, denied, times },
    })),
    [
      { rule: "runner-memory", step: null, denied: false, times: 1 },
      { rule: "runner-memory", step: "Build", denied: false, times: 1 },
      { rule: "runner-memory", step: null, denied: false, times: 1 },
      { rule: "runner-memory", step: null, denied: true, times: 2 },
      { rule: "sudo-used", step: null, denied: false, times: 1 },
    ],
  );
});

Deno.test("privilegeText() says by whom, where, how often and whether it came to something", () => {
  const [row] = aggregate([
    privilege({ step: "Build", path: "/proc/9/mem", denied: true }),
    privilege({ step: "Build", path: "/proc/9/mem", denied: true }),
  ]).privileges;
  assert.equal(
    privilegeText(row!),
    "runner-memory: the runner's memory was read, /proc/9/mem, by /usr/bin/curl, " +
      'in step "Build", 2 times, and it was prevented.',
  );
});

const SUDO = { rule: "sudo-used" };

// What is said of sudo, with processes heard of by BPF unless it says otherwise.
const SAID: readonly {
  name: string;
  steps: readonly (string | null)[];
  processes?: "bpf" | null;
  text: string | null;
}[] = [
  {
    name: "none",
    steps: [],
    text: "sudo was not used: it can be taken from this build.",
  },
  {
    name: "none, with nobody listening",
    steps: [],
    processes: null,
    text: null,
  },
  { name: "one, in no step", steps: [null], text: "sudo was used." },
  {
    name: "two in one step",
    steps: ["A", "A"],
    text: 'sudo was used in step "A".',
  },
  {
    name: "two in two steps",
    steps: ["A", "B"],
    text: 'sudo was used in steps "A", "B".',
  },
  {
    name: "one in a step and one in none",
    steps: ["A", null],
    text: 'sudo was used in step "A" and outside of steps.',
  },
];

for (const { name, steps, processes = "bpf", text } of SAID) {
  Deno.test(`sudoText() tells of ${name}`, () => {
    const summary = aggregate([
      agent("armed", { second: 0, processes }),
      ...steps.map((step) => privilege({ ...SUDO, step })),
    ]);
    assert.equal(sudoText(summary), text);
  });
}

const LOST: readonly {
  name: string;
  processes?: "connector" | "audit";
  event?: ReturnType<typeof agent>;
}[] = [
  { name: "the proc connector tells of them", processes: "connector" },
  {
    name: "some were not heard of",
    event: agent("coverage_lost", { second: 1, what: "processes" }),
  },
  {
    name: "events could not be written",
    event: agent("stopped", { second: 1, lost: 2 }),
  },
  {
    name: "somebody tampered with the agent",
    event: agent("tampered", { second: 1 }),
  },
];

for (const { name, processes = "audit", event } of LOST) {
  Deno.test(`sudoText() does not say that sudo was not used when ${name}`, () => {
    const armed = agent("armed", { second: 0, processes });
    const summary = aggregate(event === undefined ? [armed] : [armed, event]);
    assert.match(sudoText(summary)!, /^sudo was not seen, but not all/);
  });
}

Deno.test("stepText() says in few words what a step did", () => {
  const { steps } = summaryOf("steps");
  assert.deepEqual(steps.map(stepText), [
    "Build (4 programs, 2 allowed, 1 not allowed)",
    "Publish (1 program, 2 allowed)",
    "outside of steps (2 allowed)",
  ]);
});
