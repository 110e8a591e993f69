/** A look-up that is refused must not spoil the next one of its port. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES } from "../../lab/topology.ts";
import { Guarding } from "../guarding.ts";
import { encodeQuery, Probe } from "../probing.ts";

const PORT = 41_000;
/** As the attacker reads it off the wire. */
const STOLEN_LABEL = "stolen";
const EVIL = encodeQuery({ name: `${STOLEN_LABEL}.evil.test`, id: 1 });
const TYPES = [
  { type: "A", address: "203.0.113.10" },
  { type: "AAAA", address: "2001:db8:2::10" },
] as const;
const SERVERS = [
  { family: "ipv4", server: ADDRESSES.resolver.ipv4 },
  { family: "ipv6", server: ADDRESSES.resolver.ipv6 },
] as const;

for (const side of ["run", "box"] as const) {
  for (const { family, server } of SERVERS) {
    for (const { type, address } of TYPES) {
      Deno.test(`block learns ${type} over ${family} for ${side} by a port whose first name was refused`, async () => {
        await using lab = await Lab.up({ container: true });
        const probe = await Probe.compile(lab);
        const ask = async (...messages: string[]) => {
          const each = messages.map((hex) => `udp ${server} 53 ${hex}`);
          const line = each.join(" ").replaceAll(" udp ", " ");
          return await probe.run(side, `bind ${PORT} ${line}`);
        };
        const allowed = encodeQuery({ name: "allowed.test", type, id: 2 });
        await using bare = await lab.capture("port 53");
        await ask(EVIL, allowed);
        const before = (await bare.stop()).map(({ text }) => text);
        assert.ok(before.some((text) => text.includes(STOLEN_LABEL)));

        await Guarding.arm(lab, {
          egress: "block",
          allow: ["allowed.test"],
          more: ["--resolver", server],
        });
        const early = await probe.one(side, `wait 1000 tcp ${address} 443`);
        assert.notEqual(early.result, "ok");
        await using capture = await lab.capture("port 53");
        const answers = await ask(EVIL, allowed, EVIL, allowed);
        assert.deepEqual(
          answers.map(({ result, answer }) => `${result} ${answer[7]}`),
          // The response code is the low nibble of the fourth byte.
          ["answered 3", "answered 0", "answered 3", "answered 0"],
        );
        const texts = (await capture.stop()).map(({ text }) => text);
        assert.equal(texts.length, 4);
        assert.ok(texts.every((text) => text.includes("\x07allowed\x04test")));
        const { result } = await probe.one(side, `tcp ${address} 443`);
        assert.equal(result, "ok");
      });
    }
  }
}
