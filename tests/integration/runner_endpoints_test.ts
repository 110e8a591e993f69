/** What a runner needs is for its own processes, and for nobody in its steps. */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../lab/frame.ts";
import { Lab } from "../lab/lab.ts";
import type { JobStep } from "../lab/runner/job.ts";
import type { FakeRunner } from "../lab/runner/runner.ts";
import { ADDRESSES, SITES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { Guarding } from "./guarding.ts";
import { holdUntil, letGo, withRunner } from "./with_runner.ts";

const { name: HOST, addresses: [{ ipv4: ADDRESS } = ADDRESSES.run] } = SITES
  .find(({ name }) => name === "github.com")!;
const ASK = ["ask", ADDRESSES.resolver.ipv4, HOST];
const GET = ["get", ADDRESS, "443", HOST];
/** What `lend` opens: a worker's own sockets. */
const [DATAGRAM, STREAM] = ["8", "9"];
/** A worker is known for what it is long before it has loaded a real job. */
const LOADED = ["sleep", "1000"];

Deno.test("block lets a runner reach its own endpoints, and no step of it", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "block" });

  await using before = await lab.capture();
  assert.equal(await runner.use(...ASK), "ok");
  assert.equal(await runner.use(...GET), "ok");
  assert.ok(hasAsked(await before.stop()));

  await using worker = await lab.capture();
  const pid = await runner.begin({
    steps: [
      {
        name: "Fetch",
        action: "__run",
        acts: [LOADED, ASK, GET],
        script: holdUntil(lab, "step") + asStep(runner, ASK, GET) +
          holdUntil(lab, "after"),
      },
      { name: "Next", action: "__run_2", acts: [ASK, GET], script: "true\n" },
    ],
  });
  await said(runner, "worker get");
  const own = await worker.stop();
  assert.ok(hasAsked(own) && hasConnected(own));

  await using step = await lab.capture();
  await letGo(lab, "step");
  await said(runner, "step get");
  assert.deepEqual(meant(await step.stop()), []);
  await letGo(lab, "after");
  await runner.ended(pid);

  assert.deepEqual(results(runner), [
    ...["listener ask ok", "listener get ok"],
    ...["worker ask ok", "worker get ok"],
    ...["step ask NXDOMAIN", "step get ECONNREFUSED"],
    ...["worker ask ok", "worker get ok"],
  ]);
  assert.deepEqual(await told(guard, 3), [
    ...["Runner.Listener allow null", "Runner.Listener allow null"],
    ...["Runner.Worker allow null", "Runner.Worker allow null"],
    ...["net deny Fetch", "net deny Fetch"],
    ...["Runner.Worker allow null", "Runner.Worker allow null"],
  ]);
  await guard.stop();
});

Deno.test("a policy without the runner's endpoints refuses them to the runner too", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const policy = `${lab.directory}/policy.yml`;
  const lines = ["version: 1", "egress: block", "runner: deny", ""];
  await Deno.writeTextFile(policy, lines.join("\n"));
  const guard = await Guarding.arm(lab, {
    egress: "block",
    more: ["--policy", policy],
  });
  await using capture = await lab.capture();
  assert.equal(await runner.use(...ASK), "NXDOMAIN");
  assert.equal(await runner.use(...GET), "ECONNREFUSED");
  const acts = [LOADED, ASK, GET];
  const script = asStep(runner, ASK, GET);
  await runner.run({
    steps: [{ name: "Fetch", action: "__run", acts, script }],
  });
  assert.deepEqual(meant(await capture.stop()), []);
  assert.deepEqual(
    results(runner),
    ["listener", "worker", "step"].flatMap((who) => [
      `${who} ask NXDOMAIN`,
      `${who} get ECONNREFUSED`,
    ]),
  );
  await guard.stop();
});

Deno.test("block does not lend a worker's endpoints by a socket that its step has from it", async () => {
  await using lab = await Lab.up();
  await using runner = await withRunner(lab);
  const guard = await Guarding.arm(lab, { egress: "block" });
  const lent = { ask: [...ASK, DATAGRAM], get: [...GET, STREAM] };
  const steal: JobStep = {
    name: "Steal",
    action: "__run",
    // The very socket that the worker is known by when the step uses it.
    acts: [LOADED, ["lend"], lent.ask],
    script: holdUntil(lab, "step") + asStep(runner, lent.ask, lent.get) +
      holdUntil(lab, "after"),
  };
  const own: JobStep = {
    name: "Own",
    action: "__run_2",
    acts: [ASK, GET],
    script: "true\n",
  };
  const pid = await runner.begin({ steps: [steal, own] });
  await said(runner, "worker ask");
  await using capture = await lab.capture();
  await letGo(lab, "step");
  await said(runner, "step get");
  assert.deepEqual(meant(await capture.stop()), []);
  await letGo(lab, "after");
  await runner.ended(pid);

  assert.deepEqual(results(runner), [
    "worker ask ok",
    ...["step ask NXDOMAIN", "step get ECONNREFUSED"],
    ...["worker ask ok", "worker get ok"],
  ]);
  const decisions = (await told(guard, 1)).map((line) => line.split(" ")[1]);
  assert.deepEqual(decisions, ["allow", "deny", "deny", "allow", "allow"]);
  await guard.stop();
});

/** Shell lines in which a step does the same as the runner. */
function asStep(
  runner: FakeRunner,
  ...acts: readonly (readonly string[])[]
): string {
  return acts.map((act) => `${runner.net} step ${act.join(" ")}\n`).join("");
}

async function said(runner: FakeRunner, what: string): Promise<void> {
  await waitUntil(() => runner.said.includes(what), {
    what: `"${what}"`,
    timeoutMs: 20_000,
  });
}

/** What came of each act, in order. */
function results(runner: FakeRunner): string[] {
  return [...runner.said.matchAll(/^(\w+ (?:ask|get)) \S+ (\w+)$/gm)]
    .map(([, act, result]) => `${act} ${result}`);
}

/** Questions and connections in the journal: whose, what, and in which step. */
async function told(guard: Guarding, connections: number): Promise<string[]> {
  await guard.waitFor({ decision: "allow", kind: "connection" }, connections);
  return (await guard.verdicts()).map(({ process, decision, step }) =>
    `${process?.exe?.split("/").at(-1)} ${decision} ${step}`
  );
}

/** All packets that ask for the host, or go there. */
function meant(packets: readonly CapturedPacket[]): CapturedPacket[] {
  return packets.filter(({ destination, text }) =>
    destination === ADDRESS || text.includes("github")
  );
}

function hasAsked(packets: readonly CapturedPacket[]): boolean {
  return packets.some(({ destinationPort, text }) =>
    destinationPort === 53 && text.includes("github")
  );
}

function hasConnected(packets: readonly CapturedPacket[]): boolean {
  return packets.some(({ destination, text }) =>
    destination === ADDRESS && text.includes(HOST)
  );
}
