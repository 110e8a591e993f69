/** A job that cannot be guarded, or whose guard is killed. */
import assert from "node:assert/strict";
import type { ActionReply } from "../../agent/action/protocol.ts";
import { Lab } from "../lab/lab.ts";
import { ActionGround, step } from "./action_ground.ts";

const BLOCK = { "egress-policy": "block", "on-denied": "fail" };

Deno.test("a job whose guard is killed is red, its remains are told, and the next is guarded", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const { net } = ground.runner;
  const state = `${ground.state}/guard.json`;
  const course = await ground.run({
    inputs: BLOCK,
    steps: [
      step("Kill", `kill -9 $(sed 's/.*"pid":\\([0-9]*\\).*/\\1/' ${state})`),
      step("Leave", `sleep 1; ${net} step get 203.0.113.40 443 evil.test; :`),
      step("Ask", ground.agentScript("post", await ground.request("post"))),
    ],
  });

  assert.notEqual(course.postCode, 0);
  assert.match(ground.runner.said, /^step get evil\.test ECONNREFUSED$/m);

  assert.equal(course.last?.exitCode, 1);
  assert.match(
    course.last!.lines.join("\n"),
    /guard was killed during the job/,
  );
  const next = await ground.run({ inputs: BLOCK, steps: [] });
  assert.equal(next.pre?.isArmed, true, next.pre?.lines.join("\n"));
  assert.equal(next.postCode, 0);
});

const PLACELESS: readonly {
  readonly name: string;
  readonly inputs: Readonly<Record<string, string>>;
  readonly exitCode: number;
  readonly level: string;
}[] = [
  { name: "block", inputs: BLOCK, exitCode: 1, level: "error" },
  {
    name: "block that asks to go on",
    inputs: { ...BLOCK, "on-failure": "continue" },
    exitCode: 0,
    level: "warning",
  },
  {
    name: "audit",
    inputs: { "egress-policy": "audit" },
    exitCode: 0,
    level: "warning",
  },
];

for (const { name, inputs, exitCode, level } of PLACELESS) {
  Deno.test(`where no runner is, ${name} ends with ${exitCode} and a ${level}`, async () => {
    await using lab = await Lab.up();
    await using ground = await ActionGround.build(lab);
    const reply: ActionReply = await ground.ask("pre", inputs);

    assert.equal(reply.exitCode, exitCode);
    assert.equal(reply.isArmed, false);
    assert.match(reply.lines.join("\n"), new RegExp(`^::${level} `));
    assert.match(reply.lines.join("\n"), /no runner's worker is above/);
    const isUnguarded = /NOT guarded/.test(reply.lines.join("\n"));
    assert.equal(isUnguarded, exitCode === 0);
  });
}

Deno.test("a command in a step cannot have the job guarded", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const request = await ground.request("pre", BLOCK);
  const worker = await ground.runner.begin({
    steps: [step("Ask", ground.agentScript("pre", request))],
  });
  const course = await ground.course(worker);

  assert.equal(course.last?.exitCode, 1);
  assert.match(course.last!.lines.join("\n"), /by a command in a step/);
});

Deno.test("a policy file is read by the main step from the work space, and from nowhere else", async () => {
  await using lab = await Lab.up();
  await using ground = await ActionGround.build(lab);
  const { net, root } = ground.runner;
  const inputs = { ...BLOCK, "policy-file": "egress.yml" };
  const work = `${root}/_work/repo/repo`;
  const policy = "version: 1\nallow: [203.0.113.10]\non: { denied: fail }\n";
  const checkout = step("Check out", `printf '${policy}' > ${work}/egress.yml`);
  const leave = step("Leave", `${net} step get 203.0.113.40 443 evil.test; :`);
  const course = await ground.run({
    inputs,
    before: [checkout],
    steps: [leave],
  });

  assert.equal(course.pre?.isArmed, false);
  assert.equal(course.main?.isArmed, true, course.main?.lines.join("\n"));
  assert.equal(course.postCode, 1);

  const link = step("Link", `ln -sf /etc/shadow ${work}/egress.yml`);
  const linked = await ground.run({ inputs, before: [link], steps: [] });
  assert.equal(linked.main?.exitCode, 1);
  assert.match(linked.main!.lines.join("\n"), /no file of the work space/);
  assert.doesNotMatch(linked.main!.lines.join("\n"), /root:/);
});
