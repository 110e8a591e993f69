/** HTTP/3's transport by a real implementation: what is allowed works. */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { askQuic, serveQuic } from "../lab/quic.ts";
import { SITES } from "../lab/topology.ts";
import { makeHello, serverName } from "../unit/decode/hellos.ts";
import { cryptoFrame, sealDatagram } from "../unit/decode/quic_seal.ts";
import { runScript } from "./escape/attack.ts";
import { Guarding } from "./guarding.ts";

const [site] = SITES[0]!.addresses;
const MEGABYTE = 1 << 20;

for (const side of ["run", "box"] as const) {
  for (const address of [site!.ipv4, site!.ipv6]) {
    Deno.test(`QUIC from ${side} to ${address} works as without a guard`, async () => {
      await using lab = await Lab.up({ container: side === "box" });
      const server = await serveQuic(lab, { addresses: [address] });
      const guard = await Guarding.arm(lab, {
        egress: "block",
        allow: ["allowed.test/udp", "shared.test/udp"],
      });
      for (const name of ["allowed.test", "shared.test"]) {
        await lab.in(side, ["getent", "ahosts", name]);
      }
      const wants = [`allowed.test=${MEGABYTE}`, "shared.test", "allowed.test"];
      assert.deepEqual(await askQuic(lab, { address, wants, side }), [
        `allowed.test: got ${MEGABYTE}`,
        "shared.test: got 5",
        "allowed.test: got 5",
      ]);
      assert.equal(server.stdout.match(/asked for/g)!.length, 3);
      const said = await guard.waitFor(
        { kind: "connection", protocol: "udp" },
        2,
      );
      assert.deepEqual(
        said.map((event) => [event.why, "sni" in event && event.sni]),
        [["allowed_name", "allowed.test"], ["allowed_name", "shared.test"]],
      );
    });
  }
}

Deno.test("QUIC's hello gets out whole when the kernel cuts it into datagrams", async () => {
  await using lab = await Lab.up();
  const guard = await Guarding.arm(lab, {
    egress: "block",
    allow: ["allowed.test/udp"],
  });
  await lab.in("run", ["getent", "ahosts", "allowed.test"]);
  const hello = makeHello({ extensions: [serverName("allowed.test")] });
  const halves = [[0, 60], [60, hello.length]].map(([from, to]) =>
    sealDatagram({
      frames: cryptoFrame(from!, hello.subarray(from, to)),
      number: from!,
    }).toHex()
  );
  await using capture = await lab.capture("udp and dst port 443");
  await runScript(lab, `datagrams ${site!.ipv4} 443 6001 ${halves.join("+")}`);
  await guard.waitFor({ protocol: "udp", why: "allowed_name" });
  const sizes = (await capture.stop()).map(({ payload }) => payload.length);
  assert.deepEqual(sizes, [1200, 1200]);
});
