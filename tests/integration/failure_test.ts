/** What goes wrong with the agent: egress stays closed, and comes back. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, ECHO } from "../lab/topology.ts";
import type { Guarding } from "./guarding.ts";
import { assertRefused, attemptsOf, Probe, REFUSALS } from "./probing.ts";
import {
  armBlocking,
  assertAllowed,
  assertClosed,
  ofAgent,
  verdictOf,
  waitForAgent,
} from "./tampering.ts";

const { attacker } = ADDRESSES;

Deno.test("block stays closed while the agent is stopped, and goes on with it", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const allow = ["allowed.test", `${ECHO.ipv4}:443`];
  const guard = await armBlocking(lab, { allow });
  const { pid } = guard.started;
  await using capture = await lab.capture(`host ${attacker.ipv4}`);
  Deno.kill(pid, "SIGSTOP");
  // They wait for the agent, and are answered when it goes on.
  await using waiting = lab.spawn("run", [
    ...[probe.path, "wait", "10000", "tcp", attacker.ipv4, "4444", "stolen"],
  ]);
  await using honest = lab.spawn("run", [
    ...[probe.path, "wait", "10000", "tcp", ECHO.ipv4, "443"],
  ]);
  await sleep(3_000);
  Deno.kill(pid, "SIGCONT");
  for (const attempt of attemptsOf(await waiting.finished(10_000))) {
    assert.ok(REFUSALS.has(attempt.result), attempt.result);
  }
  const [late] = attemptsOf(await honest.finished(15_000));
  assert.equal(late?.result, "ok");
  assert.deepEqual(await capture.stop(), []);

  const event = await waitForAgent(guard, "impaired");
  const gapMs = Date.parse(event.to!) - Date.parse(event.from!);
  assert.ok(gapMs > 2_000, JSON.stringify(event));
  await assertClosed(lab, probe);
  const { code, status } = await verdictOf(lab);
  assert.equal(code, 0);
  assert.deepEqual(status.lost, []);
});

Deno.test("sluice stop ends an agent that is stopped", async () => {
  await using lab = await Lab.up();
  const guard = await armBlocking(lab);
  Deno.kill(guard.started.pid, "SIGSTOP");
  const { code, status } = await verdictOf(lab);
  assert.equal(code, 0);
  assert.equal(status.state, "stopped");
});

Deno.test("a packet thread that ends is followed by another", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const guard = await armBlocking(lab);
  await assertAllowed(lab);
  // poll(2) refuses three descriptors where there may be two: it throws.
  await limitDescriptors(guard, 2);
  const loss = await waitForAgent(guard, "coverage_lost");
  assert.match(loss.message!, /the packet thread ended: .*poll/);
  assert.equal(loss.to, undefined);
  await using capture = await lab.capture();
  for (const address of Object.values(attacker)) {
    assertRefused(await probe.one("run", `tcp ${address} 4444 stolen`));
  }
  const evil: string[] = Object.values(attacker);
  const packets = await capture.stop();
  assert.deepEqual(packets.filter((p) => evil.includes(p.destination)), []);

  await limitDescriptors(guard, 1_024);
  await guardsAgain(guard);
  await assertClosed(lab, probe);
  const { code, status, said } = await verdictOf(lab);
  assert.equal(code, 0, said);
  assert.equal(status.lost.length, 1);
  assert.equal(status.lost[0]!.from, loss.from);
  assert.equal(status.coverage.length, 2);
});

Deno.test("verdicts go on when no descriptor is left", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const guard = await armBlocking(lab);
  const { pid } = guard.started;
  const open = [...Deno.readDirSync(`/proc/${pid}/fd`)].length;
  assert.ok(open > 10);
  await limitDescriptors(guard, 8);
  await assertClosed(lab, probe);
  // A change of the rules wakes the watch, which cannot read them now.
  await lab.in("run", ["iptables", "-A", "INPUT", "-j", "ACCEPT"]);
  const event = await waitForAgent(guard, "impaired");
  assert.match(event.message!, /cannot be read back/);
  await limitDescriptors(guard, 1_024);
  await sleep(1_500);
  await assertClosed(lab, probe);
  assert.deepEqual(ofAgent(await guard.events(), "tampered"), []);
  assert.equal((await verdictOf(lab)).code, 0);
});

/** Changes how many descriptors the agent may have, while it runs. */
async function limitDescriptors(
  { started }: Guarding,
  count: number,
): Promise<void> {
  const args = ["--pid", String(started.pid), `--nofile=${count}:`];
  const { success } = await new Deno.Command("prlimit", { args }).output();
  assert.ok(success);
}

/** Waits until the journal says from when to when nobody judged. */
async function guardsAgain(guard: Guarding): Promise<void> {
  for (let round = 0; round < 100; round++) {
    const losses = ofAgent(await guard.events(), "coverage_lost");
    const isBack = losses.some(({ to, what }) =>
      to !== undefined && what !== "processes"
    );
    if (isBack) return;
    await sleep(100);
  }
  assert.fail("no new packet thread");
}

function sleep(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
