/** Root takes the packet queues out of the agent's hands. */
import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { slotOf } from "../../agent/enforce/marks.ts";
import type { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { PYTHON } from "./escape/attack.ts";
import type { Guarding } from "./guarding.ts";
import { Probe } from "./probing.ts";
import {
  armBlocking,
  assertAllowed,
  assertClosed,
  verdictOf,
  waitForAgent,
} from "./tampering.ts";

const SCRIPT = fileURLToPath(new URL("./take_queue.py", import.meta.url));
const { flowQueue, dnsQueue } = slotOf(0);

Deno.test("a guard whose queues were unbound binds them again", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const guard = await armBlocking(lab);
  await assertAllowed(lab);
  await using _taker = await take(lab, guard);
  const event = await waitForAgent(guard, "tampered");
  assert.equal(event.what, "queue");
  const loss = await waitForAgent(guard, "coverage_lost");
  assert.equal(loss.from, event.from);
  await assertClosed(lab, probe);

  const { code, status, said } = await verdictOf(lab);
  assert.equal(code, 4, said);
  assert.equal(status.tampered, true);
  assert.deepEqual(status.lost, [{ from: loss.from, to: loss.to }]);
  assert.equal(status.coverage.length, 2);
});

Deno.test("a guard whose queues are answered by somebody else moves to others", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const guard = await armBlocking(lab);
  await using taker = await take(lab, guard, "hold");
  await taker.waitFor("held");
  await waitForAgent(guard, "tampered");
  await waitForAgent(guard, "coverage_lost");
  await assertClosed(lab, probe);
  const { stdout: rules } = await lab.in("run", ["iptables-save"]);
  assert.match(rules, new RegExp(`--queue-num ${slotOf(1).flowQueue} `));
  assert.doesNotMatch(rules, new RegExp(`--queue-num ${flowQueue} `));

  const { code, said } = await verdictOf(lab);
  assert.equal(code, 4, said);
  const after = await lab.in("run", ["iptables-save"]);
  assert.doesNotMatch(after.stdout, /SLUICE/);
  const free = `tcp ${ADDRESSES.attacker.ipv4} 4444 stolen`;
  assert.equal((await probe.one("run", free)).result, "ok");
});

async function take(
  lab: Lab,
  { started }: Guarding,
  ...more: string[]
): Promise<LabProcess> {
  const queues = `${flowQueue},${dnsQueue}`;
  const command = [PYTHON, "-I", SCRIPT, String(started.pid), queues, ...more];
  const taker = lab.spawn("run", command);
  await taker.waitFor("taken");
  return taker;
}
