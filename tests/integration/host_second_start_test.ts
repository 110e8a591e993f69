/** A second guard, and a guard over what a dead one has left. */
import assert from "node:assert/strict";
import { stepSocketPath } from "../../agent/processes/step_place.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { waitUntil } from "../lab/wait.ts";
import { type GuardFlags, Guarding, sluice, startArgs } from "./guarding.ts";
import { assertRefused, Probe } from "./probing.ts";

const { attacker } = ADDRESSES;
const FLAGS = { egress: "block", allow: ["203.0.113.10"] } as const;
const CANNOT_ARM = 3;
const LISTEN_AND_END = `
import os, socket, sys
os.makedirs(os.path.dirname(sys.argv[1]), exist_ok=True)
listener = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
listener.bind(sys.argv[1])
listener.listen()
`;

/** What is done to the first guard's state, and where the second one has its. */
const SECONDS: readonly { name: string; other: boolean; lose: boolean }[] = [
  { name: "with the same state", other: false, lose: false },
  { name: "with another state", other: true, lose: false },
  { name: "after its state was lost", other: false, lose: true },
  { name: "with another state after its was lost", other: true, lose: true },
];

for (const { name, other, lose } of SECONDS) {
  Deno.test(`a second start ${name} is refused and disturbs nothing`, async () => {
    await using lab = await Lab.up();
    const probe = await Probe.compile(lab);
    const first = await Guarding.arm(lab, FLAGS);
    const state = `${lab.directory}/state`;
    if (lose) await Deno.remove(state, { recursive: true });
    const rules = await saveRules(lab);

    const again: GuardFlags = {
      egress: "audit",
      ...(other ? { state: `${lab.directory}/other` } : {}),
    };
    const refused = await sluice(startArgs(lab, again));
    assert.equal(refused.code, CANNOT_ARM);
    assert.equal(refused.stdout, "");
    const more = ["--on-failure", "continue"];
    const coded = await sluice(startArgs(lab, { ...again, more }));
    assert.equal(coded.code, 0, coded.stderr);
    assert.deepEqual(JSON.parse(coded.stdout), {
      armed: false,
      code: "already_guarded",
    });

    assert.equal(await saveRules(lab), rules);
    await assertGuarded(lab, probe);
    if (lose) return;
    const { state: now, pid } = await first.status();
    assert.deepEqual([now, pid], ["armed", first.started.pid]);
    await first.events();
    assert.equal((await first.stop()).state, "stopped");
    assert.equal((await saveRules(lab)).includes("SLUICE"), false);
  });
}

Deno.test("a start over a dead guard takes away where that one listened", async () => {
  await using lab = await Lab.up();
  const socket = stepSocketPath(`${lab.directory}/state`);
  const dead = await Guarding.arm(lab, FLAGS);
  await waitUntil(() => exists(socket), { what: "the socket of steps" });
  await dead.kill();
  const more = ["--watch", "network"];
  const next = await Guarding.arm(lab, { ...FLAGS, more });

  assert.equal(await exists(socket), false);
  await next.stop();
});

Deno.test("a start takes away where guards listened whose state is gone", async () => {
  await using lab = await Lab.up();
  const state = `${lab.directory}/other`;
  const socket = stepSocketPath(state);
  const dead = await Guarding.arm(lab, { ...FLAGS, state });
  await waitUntil(() => exists(socket), { what: "the socket of steps" });
  await dead.kill();
  await dead.stop();
  const listener = new Deno.Command("python3", {
    args: ["-c", LISTEN_AND_END, socket],
  });
  assert.equal((await listener.output()).code, 0);
  assert.equal(await exists(socket), true);
  const next = await Guarding.arm(lab, FLAGS);

  await waitUntil(async () => !await exists(socket), { what: "its end" });
  await next.stop();
});

Deno.test("stop of a dead guard leaves the rules of the one that took over", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const dead = await Guarding.arm(lab, FLAGS);
  await dead.kill();
  const state = `${lab.directory}/other`;
  const live = await Guarding.arm(lab, { ...FLAGS, state });
  const rules = await saveRules(lab);

  assert.equal((await dead.stop()).state, "stopped");
  assert.equal(await saveRules(lab), rules);
  await assertGuarded(lab, probe);
  assert.equal((await live.status()).state, "armed");
  assert.equal((await live.stop()).state, "stopped");
  assert.equal((await saveRules(lab)).includes("SLUICE"), false);
});

Deno.test("start clears up after an agent that was killed and whose state was lost", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const dead = await Guarding.arm(lab, FLAGS);
  await Deno.remove(`${lab.directory}/state`, { recursive: true });
  await dead.kill();
  assertRefused(await probe.one("run", "tcp 203.0.113.10 443"));
  const second = await Guarding.arm(lab, FLAGS);
  await assertGuarded(lab, probe);
  await second.stop();
  assert.equal((await saveRules(lab)).includes("SLUICE"), false);
  const free = await probe.one("run", `tcp ${attacker.ipv4} 4444 x`);
  assert.equal(free.result, "ok");
});

Deno.test("start over the remains of a dead agent continues its journal", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const dead = await Guarding.arm(lab, FLAGS);
  await probe.one("run", `tcp ${attacker.ipv4} 4444`);
  await dead.waitFor({ kind: "connection", decision: "deny" });
  await dead.kill();

  const second = await Guarding.arm(lab, FLAGS);
  assert.equal(second.started.journal, dead.started.journal);
  await assertGuarded(lab, probe);
  // Reading it asserts that no number is missing.
  await second.waitFor({ kind: "connection", decision: "deny" }, 2);
  const agent = (await second.events()).flatMap((event) =>
    event.kind === "agent" ? [event.event] : []
  );
  assert.deepEqual(agent, ["armed", "coverage_lost", "stopped", "armed"]);
  const stopped = await second.stop();
  assert.equal(stopped.coverage.length, 2, JSON.stringify(stopped.coverage));
  assert.equal(stopped.lost.length, 1, JSON.stringify(stopped.lost));
  const [one, two] = stopped.coverage;
  const [gap] = stopped.lost;
  assert.ok(one!.to! <= gap!.from && gap!.from < gap!.to!);
  assert.ok(gap!.to! <= two!.from && two!.from < two!.to!);
});

Deno.test("start continues a journal whose last line a kill has cut", async () => {
  await using lab = await Lab.up();
  const dead = await Guarding.arm(lab, FLAGS);
  await dead.kill();
  const { journal } = dead.started;
  await Deno.writeTextFile(journal, '{"version":1,"seq":2,"ti', {
    append: true,
  });
  const second = await Guarding.arm(lab, FLAGS);
  const seqs = (await second.events()).map(({ seq }) => seq);
  assert.deepEqual(seqs, seqs.map((_, index) => index + 1));
  await second.stop();
});

Deno.test("stop says so when nothing is guarded, and status too", async () => {
  await using lab = await Lab.up();
  const state = `${lab.directory}/state`;
  const { code, stdout } = await sluice(["stop", "--state", state]);
  assert.deepEqual([code, stdout], [CANNOT_ARM, ""]);
  const status = await sluice(["status", "--state", state]);
  assert.equal(JSON.parse(status.stdout).state, "stopped");
  const guard = await Guarding.arm(lab, FLAGS);
  await guard.stop();
  const again = await sluice(["stop", "--state", state]);
  assert.deepEqual([again.code, again.stdout], [CANNOT_ARM, ""]);
});

/** The attack leaves no trace, and the allowed way works. */
async function assertGuarded(lab: Lab, probe: Probe): Promise<void> {
  await using capture = await lab.capture(`host ${attacker.ipv4}`);
  assertRefused(await probe.one("run", `tcp ${attacker.ipv4} 4444 stolen`));
  assert.deepEqual(await capture.stop(), []);
  const allowed = await probe.one("run", "tcp 203.0.113.10 443");
  assert.equal(allowed.result, "ok");
}

async function saveRules(lab: Lab): Promise<string> {
  const save = ["sh", "-c", "iptables-save; ip6tables-save"];
  const { stdout } = await lab.in("run", save);
  return stdout.replace(/^#.*\n/gm, "").replace(/\[\d+:\d+\]/g, "[]");
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
