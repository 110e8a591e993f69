/** A job that uses the action: armed before its steps, judged at its end. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import {
  ActionGround,
  type GuardedJob,
  type JobCourse,
  reportIn,
  step,
} from "./action_ground.ts";

const BLOCK = {
  "egress-policy": "block",
  "allowed-endpoints": "203.0.113.10:443",
};
const FAIL = { ...BLOCK, "on-denied": "fail" };
/** What the network's tool is told, by a step. */
const STEAL = "step get 203.0.113.40 443 evil.test";

/** Runs a job of one step, on a ground of its own. */
async function runBuild(
  told: string,
  more: Partial<GuardedJob> = {},
): Promise<JobCourse> {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const { net } = ground.runner;
  const steps = [step("Build", `${net} ${told}; :`)];
  return await ground.run({ inputs: FAIL, steps, ...more });
}

Deno.test("a job is guarded from its first step on, and is green when all was allowed", async () => {
  const course = await runBuild("step get 203.0.113.10 443 allowed.test");

  assert.equal(course.pre?.isArmed, true);
  assert.equal(course.post?.exitCode, 0);
  assert.equal(reportIn(course.post).counts.connection.allow, 1);
  assert.deepEqual(
    course.post?.files.map(({ name }) => name),
    ["journal.ndjson", "report.md", "report.json", "policy.yml"],
  );
  assert.equal(course.isDone, true);
  assert.equal(course.postCode, 0);
});

Deno.test("a job whose connection was refused is red by its post step, which names all", async () => {
  const course = await runBuild(STEAL);
  const said = course.post?.lines.join("\n") ?? "";

  assert.match(
    said,
    /::error .*203\.0\.113\.40:443 by .*net.* in step "Build"/,
  );
  assert.match(said, /add: 203\.0\.113\.40/);
  assert.equal(course.postCode, 1);
  assert.equal(course.isDone, true, "the worker goes on when its step fails");
});

Deno.test("a red job whose post step ends with 0 all the same has no worker any more", async () => {
  const course = await runBuild(STEAL, { postCode: 0 });

  assert.equal(course.post?.exitCode, 1);
  assert.equal(course.isDone, false);
});

Deno.test("a red job whose post step never asks has no worker any more", async () => {
  const course = await runBuild(STEAL, {
    // The worker still has its time: it tells GitHub over the network.
    post: "exit 0",
    after: [["sleep", "1000"]],
  });

  assert.equal(course.post, null);
  assert.equal(course.isDone, false);
});

Deno.test("a green job whose post step never asks is left alone, and the guard ends", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const course = await ground.run({
    inputs: FAIL,
    steps: [step("Build", ":")],
    post: "exit 0",
    after: [["sleep", "500"]],
  });

  assert.equal(course.isDone, true);
  await ground.ended();
});

Deno.test("a worker that is killed takes its guard with it, and the next job is guarded", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const worker = await ground.begin({
    inputs: FAIL,
    steps: [step("Build", "echo building; sleep 60")],
  });
  await ground.said(/^building$/m);
  Deno.kill(worker, "SIGKILL");
  const next = await ground.run({ inputs: FAIL, steps: [step("Build", ":")] });

  assert.equal(next.pre?.isArmed, true, next.pre?.lines.join("\n"));
  assert.equal(next.postCode, 0);
  await ground.ended();
});

Deno.test("a job that is guarded cannot be guarded twice, nor another one beside it", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  await using other = await ActionGround.build(lab, "other");
  const worker = await ground.begin({
    inputs: FAIL,
    steps: [step("Build", "echo building; sleep 4")],
  });
  await ground.said(/^building$/m);
  const course = await other.run({ inputs: FAIL, steps: [] });

  assert.equal(course.pre?.exitCode, 1);
  assert.match(course.pre!.lines.join("\n"), /this machine is guarded already/);
  assert.equal((await ground.course(worker)).postCode, 0);
});

Deno.test("a mode that is misspelt is an error that names it, and nothing is armed", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const course = await ground.run({
    inputs: { "egress-policy": "blok" },
    steps: [],
  });

  assert.equal(course.pre?.exitCode, 1);
  assert.match(course.pre!.lines.join("\n"), /::error .*egress-policy.*blok/);
});
