/** What happens to traffic when the agent is killed while others are at work. */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../lab/frame.ts";
import type { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ECHO, type Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import {
  assertRefused,
  type Attempt,
  attemptsOf,
  encodeQuery,
  Probe,
  REFUSALS,
} from "./probing.ts";

const { attacker, resolver, run, box } = ADDRESSES;
const LOAD_MS = 3_000;
const BEFORE_KILL_MS = 1_200;
const OWN: ReadonlySet<string> = new Set([
  ...Object.values(run),
  ...Object.values(box),
]);

/** A conversation that is open before the kill and says a word every 50 ms. */
const TALK = `
  exec 3<>/dev/tcp/${ECHO.ipv4}/7
  for word in $(seq 1 400); do
    echo $word >&3; read -r -u 3 -t 2 echoed || exit 1
    echo "[$echoed]"; sleep 0.05
  done
`;

Deno.test("block stays closed when the agent is killed under load", async () => {
  await using lab = await Lab.up({ container: true });
  const probe = await Probe.compile(lab);
  const open = await probe.run("box", `load 50 ${attacker.ipv4} 4444`);
  assert.ok(open.some(({ result }) => result === "ok"));

  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: [`${ECHO.ipv4}:7`, ECHO.ipv4, `[${ECHO.ipv6}]:443`, "allowed.test"],
  });
  await using talk = lab.spawn("run", ["bash", "-c", TALK]);
  await talk.waitFor("[2]");
  await using capture = await lab.capture();
  const loads = startLoads(lab, probe);
  await sleep(BEFORE_KILL_MS);
  const goneSeconds = await guard.kill();
  const said = countWords(talk);
  const late = await tryAll(probe);
  const attempts = await finish(loads);
  const packets = await capture.stop();

  late.forEach(assertRefused);
  const [before, after] = split(attempts, goneSeconds);
  assert.ok(before.some(({ result }) => result === "ok"));
  assert.ok(after.length > 200, `${after.length} attempts after the kill`);
  for (const { result, ms, to } of after) {
    assert.ok(REFUSALS.has(result) && ms < 1_000, `${to}: ${result} ${ms} ms`);
  }
  const slowest = Math.max(...after.map(({ ms }) => ms));
  console.log(
    `${after.length} attempts after the kill refused, the slowest after ` +
      `${slowest.toFixed(2)} ms`,
  );
  const opened = packets.filter(isOpening);
  assert.ok(opened.length > 0);
  assert.deepEqual(opened.filter(({ seconds }) => seconds > goneSeconds), []);
  const evil: string[] = Object.values(attacker);
  assert.deepEqual(packets.filter((p) => evil.includes(p.destination)), []);
  assert.ok(countWords(talk) > said + 10, "what was open goes on");

  assert.equal((await guard.status()).state, "lost");
  const stopped = await guard.stop();
  assert.equal(stopped.state, "stopped");
  assert.equal(stopped.lost.length, 1);
  const [gap] = stopped.lost;
  assert.ok(gap!.from < gap!.to!, JSON.stringify(gap));
  assert.ok(Math.abs(Date.parse(gap!.from) / 1000 - goneSeconds) < 1.5);
  assert.equal(stopped.coverage.length, 1);
  assert.equal(stopped.coverage[0]!.to, gap!.from);
  assert.match(stopped.said, /not watching|gap|nobody|coverage/i);
  const free = await probe.one("run", `tcp ${attacker.ipv4} 4444 stolen`);
  assert.equal(free.result, "ok");
});

Deno.test("audit lets everything go on when the agent is killed under load", async () => {
  await using lab = await Lab.up({ container: true });
  const probe = await Probe.compile(lab);
  const guard = await Guarding.arm(lab, { egress: "audit" });
  const loads = startLoads(lab, probe);
  await sleep(BEFORE_KILL_MS);
  const goneSeconds = await guard.kill();
  const attempts = await finish(loads);
  const [before, after] = split(attempts, goneSeconds);
  assert.ok(before.length > 50 && after.length > 200);
  assert.deepEqual(before.filter(isFailure).slice(0, 3), []);
  assert.deepEqual(after.filter(isFailure).slice(0, 3), []);
  const slowest = Math.max(...after.map(({ ms }) => ms));
  assert.ok(slowest < 1_000, `${slowest} ms`);
  assert.equal((await guard.status()).state, "lost");
  const stopped = await guard.stop();
  assert.equal(stopped.state, "stopped");
  assert.equal(stopped.lost.length, 1);
});

/** Connections over and over, to what is allowed and to the attacker. */
function startLoads(lab: Lab, probe: Probe): LabProcess[] {
  const start = (side: Side, family: "ipv4" | "ipv6") =>
    lab.spawn(side, [
      ...[probe.path, "load", String(LOAD_MS)],
      ...[ECHO[family], "443", attacker[family], "4444"],
    ]);
  return (["run", "box"] as const).flatMap((side) => [
    start(side, "ipv4"),
    start(side, "ipv6"),
  ]);
}

async function finish(loads: LabProcess[]): Promise<Attempt[]> {
  const done = await Promise.all(loads.map((load) => load.finished(20_000)));
  return done.flatMap(attemptsOf);
}

/** Attempts of every kind, to what is allowed and what is not. */
async function tryAll(probe: Probe): Promise<Attempt[]> {
  const question = encodeQuery({ name: "allowed.test" });
  const attempts: Attempt[] = [];
  for (const address of [ECHO.ipv4, ECHO.ipv6, ...Object.values(attacker)]) {
    for (const way of ["tcp @ 443", "udp @ 7 6869", "icmp @"]) {
      // Nobody is there to judge: no mark may pass for a verdict.
      for (const mark of ["", "mark 0x10000000 ", "mark 0x20000000 "]) {
        const args = mark + way.replace("@", address);
        attempts.push(await probe.one("run", args));
      }
    }
  }
  for (const side of ["run", "box"] as const) {
    const args = `udp ${resolver.ipv4} 53 ${question}`;
    attempts.push(await probe.one(side, args));
  }
  return attempts;
}

function split(
  attempts: readonly Attempt[],
  seconds: number,
): [before: Attempt[], after: Attempt[]] {
  // What was under way when the queue went away is lost with it, and sent
  // again by TCP after a second.
  const before = attempts.filter(({ at, ms }) => at + ms / 1000 < seconds);
  return [before, attempts.filter(({ at }) => at > seconds)];
}

function isFailure({ result }: Attempt): boolean {
  return result !== "ok";
}

/** The first packet of something new from the guarded side. */
function isOpening({ source, protocol, flags }: CapturedPacket): boolean {
  return OWN.has(source) && (protocol !== "tcp" || flags === "SYN");
}

function countWords({ stdout }: LabProcess): number {
  return stdout.split("]").length - 1;
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
