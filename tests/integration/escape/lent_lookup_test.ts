/** A look-up that the machine's own resolver makes for an entry's program is not for others. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES } from "../../lab/topology.ts";
import { waitUntil } from "../../lab/wait.ts";
import { Guarding } from "../guarding.ts";
import { encodeQuery, Probe } from "../probing.ts";
import { startScript } from "./attack.ts";

const STUB = "127.0.0.53";
const UPSTREAM = ADDRESSES.resolver.ipv4;

Deno.test("block lends a look-up to the machine's resolver, and to nobody else", async () => {
  await using lab = await Lab.up();
  const probe = await Probe.compile(lab);
  // The same program, but not the entry's.
  const stranger = `${lab.directory}/stranger`;
  await Deno.copyFile(probe.path, stranger);
  await using stub = await startScript(lab, "stub");
  const policy = `${lab.directory}/policy.yml`;
  await Deno.writeTextFile(
    policy,
    [
      "version: 1",
      "egress: block",
      "allow:",
      `  - { host: "*.wild.test", process: ${probe.path} }`,
      "",
    ].join("\n"),
  );
  const ask = async (program: string, name: string, server: string) => {
    const query = encodeQuery({ name });
    const command = [program, "udp", server, "53", query];
    const { stdout } = await lab.in("run", command);
    const { result, answer } = JSON.parse(stdout);
    if (result !== "answered") return result;
    return Number.parseInt(answer.slice(6, 8), 16) & 15;
  };
  await waitUntil(
    async () => await ask(stranger, "a.wild.test", STUB) === 0,
    { what: "the machine's resolver" },
  );
  const guard = await Guarding.arm(lab, {
    egress: "block",
    more: [
      ...["--policy", policy, "--resolver", STUB, "--resolver", UPSTREAM],
    ],
  });
  const [NO_ERROR, NXDOMAIN] = [0, 3];
  await using capture = await lab.capture();
  assert.equal(await ask(stranger, "b.wild.test", STUB), NXDOMAIN);
  assert.equal(await ask(stranger, "b.wild.test", UPSTREAM), NXDOMAIN);
  assert.equal(await ask(probe.path, "c.wild.test", STUB), NO_ERROR);
  // Asked for a moment ago, and lent to the resolver only.
  assert.equal(await ask(stranger, "c.wild.test", UPSTREAM), NXDOMAIN);
  assert.equal(await ask(stranger, "c.wild.test", STUB), NXDOMAIN);

  const asked = (await capture.stop()).filter(({ destination }) =>
    destination === UPSTREAM
  );
  const [event] = await guard.waitFor({
    kind: "dns",
    decision: "allow",
    name: "c.wild.test",
    server: { address: UPSTREAM, port: 53 },
  });
  assert.equal(event?.process?.pid, stub.pid);
  assert.equal(asked.length, 1);
});
