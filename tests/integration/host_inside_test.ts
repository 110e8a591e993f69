/** What stays on the machine stays open, and who may be answered. */
import assert from "node:assert/strict";
import type { LabProcess } from "../lab/command.ts";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, type Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, Probe } from "./probing.ts";

const { run, box, bridge, attacker } = ADDRESSES;
const PORT = 2222;

/** Who talks to whom without leaving the machine. */
const PAIRS: readonly { from: Side; to: Side; address: string }[] = [
  { from: "run", to: "box", address: box.ipv4 },
  { from: "run", to: "box", address: box.ipv6 },
  { from: "box", to: "run", address: bridge.ipv4 },
  { from: "box", to: "run", address: bridge.ipv6 },
  { from: "box", to: "run", address: run.ipv4 },
  { from: "run", to: "run", address: "127.0.0.1" },
  { from: "run", to: "run", address: "::1" },
  { from: "run", to: "run", address: run.ipv4 },
  { from: "run", to: "run", address: run.ipv6 },
];

for (const { from, to, address } of PAIRS) {
  Deno.test(`block leaves open what ${from} says to ${to} at ${address}`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    const flags = { egress: "block" } as const;
    const guard = await Guarding.arm(lab, flags);
    // A server that was started after the guard.
    await using server = await serve(lab, probe, to);
    await using capture = await lab.capture();
    const said = await probe.one(from, `tcp ${address} ${PORT} hello-tcp`);
    assert.equal(said.result, "ok");
    await server.waitFor("hello-tcp");
    // "hello-udp"; what comes back is the server's own word.
    const hex = "68656c6c6f2d756470";
    const echo = await probe.one(from, `udp ${address} ${PORT} ${hex}`);
    assert.equal(echo.answer, "706f6e67");
    await server.waitFor("hello-udp");
    const ping = await probe.one(from, `icmp ${address}`);
    assert.equal(ping.result, "answered");
    // The way out is closed in the same run.
    for (const side of ["run", "box"] as const) {
      assertRefused(await probe.one(side, `tcp ${attacker.ipv4} 4444 x`));
    }
    assert.deepEqual(await capture.stop(), []);
    const verdicts = await guard.waitFor({ decision: "deny" }, 2);
    assert.equal(verdicts.length, 2);
    assert.equal((await guard.verdicts()).length, 2);
  });
}

/** A server in `run`, older or younger than the guard, that others come to. */
const SERVERS: readonly {
  inbound: "listening" | "allow" | "deny";
  older: boolean;
  answers: boolean;
}[] = [
  { inbound: "listening", older: true, answers: true },
  { inbound: "listening", older: false, answers: false },
  { inbound: "allow", older: false, answers: true },
  { inbound: "deny", older: true, answers: false },
];

for (const { inbound, older, answers } of SERVERS) {
  for (const family of ["ipv4", "ipv6"] as const) {
    const age = older ? "an older" : "a younger";
    const does = answers ? "answers" : "does not answer";
    Deno.test(`block with inbound: ${inbound} ${does} for ${age} server over ${family}`, async () => {
      await using lab = await Lab.up();
      const probe = await Probe.compile(lab);
      if (older) await serve(lab, probe, "run");
      const path = `${lab.directory}/policy.yml`;
      const policy = `version: 1\negress: block\ninbound: ${inbound}\n`;
      await Deno.writeTextFile(path, policy);
      const more = ["--policy", path];
      await Guarding.arm(lab, { egress: "block", more });
      if (!older) await serve(lab, probe, "run");

      const address = run[family];
      await using capture = await lab.capture();
      const tcp = await probe.one("out", `wait 700 tcp ${address} ${PORT} hi`);
      assert.equal(tcp.result === "ok", answers, tcp.result);
      const udp = await probe.one(
        "out",
        `wait 700 udp ${address} ${PORT} 6869`,
      );
      assert.equal(udp.result === "answered", answers, udp.result);
      const left = (await capture.stop()).filter((p) => p.source === address);
      assert.equal(left.length > 0, answers, JSON.stringify(left));
      assertRefused(await probe.one("run", `tcp ${attacker[family]} 4444 x`));
    });
  }
}

/** Starts a TCP and UDP server that prints what it is told. */
async function serve(lab: Lab, probe: Probe, side: Side): Promise<LabProcess> {
  const server = lab.spawn(side, [probe.path, "serve", String(PORT)]);
  await server.waitFor("serving");
  return server;
}
