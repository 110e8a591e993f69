/** A socket in two hands: an entry's program does not lend what it may do. */
import assert from "node:assert/strict";
import type { CapturedPacket } from "../../lab/frame.ts";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES } from "../../lab/topology.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Guarding } from "../guarding.ts";
import { assertRefused, Probe } from "../probing.ts";
import {
  NOBODY,
  PYTHON,
  runScript,
  SECRET,
  SECRET_HEX,
  startScript,
} from "./attack.ts";

const ALLOWED = { ipv4: "203.0.113.10", ipv6: "2001:db8:2::10" } as const;
const CAT = "/usr/bin/cat";
const PORT = 6543;

const WAYS: readonly { way: string; name: string }[] = [
  { way: "stream", name: "a connection" },
  { way: "datagram", name: "a datagram" },
  { way: "query", name: "a question" },
];

for (const [at, family] of (["ipv4", "ipv6"] as const).entries()) {
  for (const { way, name } of WAYS) {
    Deno.test(`block does not lend over ${family} the scope of a program that holds the socket of ${name}`, async () => {
      await using lab = await Lab.up();
      const attack = (turn: number) =>
        runScript(lab, `lent_socket ${way} ${at} ${turn}`, { user: NOBODY });
      assert.notDeepEqual(await secretsOf(lab, () => attack(0)), []);
      const guard = await armFor(lab, CAT);
      assert.deepEqual(await secretsOf(lab, () => attack(1)), []);
      await guard.waitFor({
        kind: way === "query" ? "dns" : "connection",
        decision: "deny",
        enforced: true,
        why: "process_not_allowed",
      });
      await guard.stop();
      // The same by the program itself: alone, it may.
      await armFor(lab, await Deno.realPath(PYTHON));
      const line = `lone ${way} ${at}`;
      const said = await runScript(lab, line, { user: NOBODY });
      assert.equal(said, "answered\n");
    });
  }

  Deno.test(`block does not lend over ${family} the flow of a program to the next one of its port`, async () => {
    await using lab = await Lab.up();
    const probe = await Probe.compile(lab);
    const address = ALLOWED[family];
    const reuse = () =>
      probe.run("run", `bind ${PORT} count 3 udp ${address} 7 ${SECRET_HEX}`);
    assert.notDeepEqual(await secretsOf(lab, reuse), []);
    await armFor(lab, await Deno.realPath(PYTHON));
    const lone = `lone datagram ${at} ${PORT}`;
    assert.equal(await runScript(lab, lone, { user: NOBODY }), "answered\n");
    await using capture = await lab.capture();
    (await reuse()).forEach(assertRefused);
    assert.deepEqual(secrets(await capture.stop()), []);
    assert.equal(await runScript(lab, lone, { user: NOBODY }), "answered\n");
  });
}

for (const egress of ["audit", "block"] as const) {
  Deno.test(`${egress} names who asked a question and not what it became before the answer`, async () => {
    await using lab = await Lab.up();
    const guard = await Guarding.arm(lab, { egress, allow: ["allowed.test"] });
    const path = `${lab.directory}/resolver.pid`;
    const resolver = Number(await Deno.readTextFile(path));
    const user = NOBODY;
    Deno.kill(resolver, "SIGSTOP");
    const programs = await Promise.all(
      [0, 1, 2, 3].map((at) => startScript(lab, `told ${PORT + at}`, { user })),
    );
    for (const { pid } of programs) {
      const path = `/proc/${pid}/cmdline`;
      await waitUntil(
        async () => (await Deno.readTextFile(path)).startsWith("git\0"),
        { what: "the other program" },
      );
    }
    Deno.kill(resolver, "SIGCONT");
    const events = await guard.waitFor({ kind: "dns", decision: "allow" }, 4);
    // On a machine that is busy, one may be unknown; none may be another.
    const known = events.flatMap(({ process }) => process ?? []);
    assert.notEqual(known.length, 0);
    const pids = programs.map(({ pid }) => pid);
    const python = await Deno.realPath(PYTHON);
    for (const { pid, exe } of known) {
      assert.ok(pids.includes(pid), `${pid}`);
      assert.equal(exe, python);
    }
  });
}

async function armFor(lab: Lab, exe: string): Promise<Guarding> {
  const policy = await writePolicy(lab, exe);
  const resolvers = Object.values(ADDRESSES.resolver).flatMap(
    (address) => ["--resolver", address],
  );
  return await Guarding.arm(lab, {
    egress: "block",
    more: ["--policy", policy, ...resolvers],
  });
}

/** All that is allowed, for one program only. */
async function writePolicy(lab: Lab, exe: string): Promise<string> {
  const path = `${lab.directory}/policy.yml`;
  const entries = Object.values(ALLOWED).flatMap((address) => [
    `{ address: "${address}", port: 443, process: ${exe} }`,
    `{ address: "${address}", port: 7, protocol: udp, process: ${exe} }`,
  ]);
  entries.push(`{ host: "*.wild.test", process: ${exe} }`);
  const lines = entries.map((entry) => `  - ${entry}`);
  await Deno.writeTextFile(
    path,
    ["version: 1", "egress: block", "allow:", ...lines, ""].join("\n"),
  );
  return path;
}

/** Any packet that an attack brought on the wire. */
async function secretsOf(
  lab: Lab,
  attack: () => Promise<unknown>,
): Promise<string[]> {
  await using capture = await lab.capture();
  await attack();
  return secrets(await capture.stop());
}

function secrets(packets: readonly CapturedPacket[]): string[] {
  const targets: ReadonlySet<string> = new Set(Object.values(ALLOWED));
  return packets.filter(({ destination, text }) =>
    targets.has(destination) || text.includes(SECRET)
  ).map(({ protocol, destination, text }) =>
    `${protocol} ${destination} ${text}`
  );
}
