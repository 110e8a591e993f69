/** Job after job on one machine, by the program in one file. */
import assert from "node:assert/strict";
import { lookUntil } from "../lab/wait.ts";
import { runContained } from "./contained.ts";
import { ABROAD, FAILURES } from "./failures.ts";
import { difference, footprint } from "./footprint.ts";
import { guardStep, Machine } from "./machine.ts";
import {
  ALL_WAYS,
  BY_CONTAINER,
  BY_RUNTIME,
  openWays,
  TRY_WAYS,
} from "./ways_to_root.ts";
import { findStep, type JobRun, type WorkflowStep } from "./workflow.ts";

let machine: Machine;

Deno.test.beforeAll(async () => {
  machine = await Machine.up();
});

Deno.test.afterAll(async () => {
  await machine?.[Symbol.asyncDispose]();
});

Deno.test("a machine's ways to root are open to a job that is not guarded", async () => {
  assert.deepEqual(openWays(await run([TRY_WAYS])), ALL_WAYS);
});

/** What is asked for, and the ways that stay. */
const LOCKDOWNS: readonly {
  readonly inputs: Readonly<Record<string, string>>;
  readonly open: readonly string[];
}[] = [
  { inputs: { "disable-sudo": "true" }, open: BY_RUNTIME },
  { inputs: { "disable-sudo-and-containers": "true" }, open: [] },
  {
    inputs: { "disable-sudo": "true", containers: "filter" },
    open: BY_CONTAINER,
  },
];

for (const { inputs, open } of LOCKDOWNS) {
  Deno.test(`a job takes the ways to root that it names, and gives them back: ${JSON.stringify(inputs)}`, async () => {
    const before = await footprint(machine.ground);
    const job = await run([guardStep(inputs), TRY_WAYS]);
    assert.deepEqual(openWays(job), open, text(job));
    await assertWell(job, before);
  });
}

Deno.test("a job whose worker or guard is killed is red, and the next finds the machine as it was", async () => {
  const before = await footprint(machine.ground);
  const guard = guardStep({
    "disable-sudo": "true",
    "allowed-endpoints": "allowed.test:443",
  });
  const hit = { name: "Hit", run: "kill -9 $PPID; sleep 9" };
  const first = await run([guard, hit]);
  assert.equal(findStep(first, "Guard").exitCode, 0, text(first));
  assert.equal(first.isWorkerLost, true, text(first));

  // As the kernel does that has no memory left: no step has the right to.
  const pid = `sed 's/.*"pid":\\([0-9]*\\).*/\\1/' /run/sluice/guard.json`;
  const kill = () => asRoot(`kill -9 $(${pid})`);
  const go = { name: "Go", before: kill, run: "sleep 1; ! sudo -n true" };
  const second = await run([guard, go]);
  assert.equal(findStep(second, "Go").exitCode, 0, text(second));
  assert.match(findStep(second, "Post Guard").log, /its guard is gone/);
  assert.equal(second.conclusion, "failure", text(second));

  const get = "curl -sS --max-time 5 https://allowed.test/ > /dev/null\n" +
    "echo ${{ steps.guard.outputs.guarded }} ${{ steps.guard.outputs.mode }}";
  const path = "/run/sluice/journal.ndjson";
  const fetch = { name: "Fetch", before: () => asRoot(`test -s ${path}`) };
  const third = await run([guard, { ...fetch, run: get }]);
  assert.equal(findStep(third, "Fetch").log, "true block\n", text(third));
  assert.equal(findStep(third, "Guard").outputs.journal, path);
  await assertWell(third, before);
});

const BLOCK = { "egress-policy": "block" };
const AUDIT = { "egress-policy": "audit" };
const GO_ON = { ...BLOCK, "on-failure": "continue" };
const TELL = "echo ${{ steps.guard.outputs.guarded }}:" +
  "${{ steps.guard.outputs.mode }}${{ steps.guard.outputs.journal }}";

for (const { name, broken, mended, says, job: more, isShown } of FAILURES) {
  Deno.test(`a job that cannot be guarded is red and says why: ${name}`, async () => {
    const { ground } = machine;
    await asRoot(broken ?? ":");
    try {
      const before = await footprint(ground);
      for (const inputs of isShown ? [BLOCK, AUDIT, GO_ON] : [BLOCK]) {
        const isRed = inputs === BLOCK;
        const steps = [guardStep(inputs), { name: "Work", run: TELL }];
        const job = await ground.run({ ...more, steps });
        assertUnguarded(findStep(job, "Pre Guard"), { isRed, says });
        const told = text(job);
        assert.equal(job.conclusion, isRed ? "failure" : "success", told);
        const { conclusion, log } = findStep(job, "Work");
        if (!isRed) assert.equal(log, "false:\n", told);
        assert.equal(conclusion, isRed ? "skipped" : "success", told);
      }
      await assertAsBefore(before);
    } finally {
      await asRoot(mended ?? ":");
    }
  });
}

Deno.test("a job is red on a runner that is a container itself", async () => {
  const before = await footprint(machine.ground);
  const pre = await runContained(machine.ground, BLOCK);
  assertUnguarded(pre, { isRed: true, says: ABROAD });
  await assertAsBefore(before);
});

function assertUnguarded(
  { log, exitCode }: { readonly log: string; readonly exitCode: number | null },
  of: { readonly isRed: boolean; readonly says: RegExp },
): void {
  const { isRed, says } = of;
  assert.equal(exitCode, isRed ? 1 : 0, log);
  assert.match(log, says);
  const title = isRed
    ? /^::error title=Sluice cannot guard this job::/m
    : /^::warning title=.*NOT guarded%2C nothing is watched::/m;
  assert.match(log, title);
}

async function run(steps: readonly WorkflowStep[]): Promise<JobRun> {
  return await machine.ground.run({ steps });
}

async function assertWell(
  job: JobRun,
  before: readonly string[],
): Promise<void> {
  assert.equal(job.conclusion, "success", text(job));
  assert.equal(findStep(job, "Post Guard").exitCode, 0, text(job));
  await assertAsBefore(before);
}

/** The guard stays until it has seen that the worker ended. */
async function assertAsBefore(before: readonly string[]): Promise<void> {
  const look = async () => difference(before, await footprint(machine.ground));
  const isGood = (left: readonly string[]) => left.length === 0;
  assert.deepEqual(await lookUntil(look, { isGood }), []);
}

async function asRoot(script: string): Promise<void> {
  const { code, stderr } = await machine.ground.in(["sh", "-euc", script]);
  assert.equal(code, 0, stderr);
}

function text(job: JobRun): string {
  return job.steps.map(({ name, exitCode, log }) =>
    `${name}: ${exitCode}\n${log}`
  ).join("\n");
}
