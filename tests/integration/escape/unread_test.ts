/** Packets that cannot be read: audit holds its `deny` entries all the same. */
import assert from "node:assert/strict";
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES, type Side } from "../../lab/topology.ts";
import type { GuardFlags } from "../guarding.ts";
import {
  assertHeld,
  fetchAllowed,
  NOBODY,
  prepare,
  runScript,
} from "./attack.ts";

const { attacker } = ADDRESSES;

const MODES: readonly GuardFlags[] = [
  { egress: "audit", deny: [attacker.ipv4, attacker.ipv6] },
  {
    egress: "block",
    // With the stops on the way: they are not where the packet ends.
    allow: [
      "allowed.test",
      "[2001:db8:2::10]:4444/udp",
      "198.51.100.10:4444/udp",
    ],
  },
];

const WAYS: readonly {
  readonly way: string;
  readonly side: Side;
  readonly name: string;
  readonly why: string;
}[] = [
  {
    way: "segments_last",
    side: "run",
    name: "a segment route that ends there",
    why: "packet_malformed",
  },
  {
    way: "segments_first",
    side: "run",
    name: "a segment route by way of there",
    why: "packet_malformed",
  },
  {
    way: "loose_route",
    side: "box",
    name: "a loose source route",
    why: "packet_malformed",
  },
  {
    way: "loose_route_kept",
    side: "box",
    name: "a loose source route that goes on",
    why: "packet_malformed",
  },
  {
    way: "dns",
    side: "run",
    name: "what is no question, to its port 53",
    why: "dns_malformed",
  },
];

// Most machines refuse source routes by themselves; some are told not to.
const LENIENT = `
for setting in /proc/sys/net/ipv4/conf/*/accept_source_route; do
  echo 1 > $setting
done
for setting in /proc/sys/net/ipv4/conf/*/rp_filter; do echo 0 > $setting; done
`;

for (const flags of MODES) {
  for (const { way, side, name, why } of WAYS) {
    Deno.test(`${flags.egress} keeps from a denied address ${name}`, async () => {
      await using lab = await Lab.up({ container: true });
      await prepare(lab, LENIENT);
      const user = side === "box" ? undefined : NOBODY;
      const guard = await assertHeld(lab, {
        flags,
        attack: (turn) =>
          runScript(lab, `unread ${way} ${6000 + turn}`, { side, user }),
        allowed: () => fetchAllowed(lab, side),
      });
      await guard.waitFor({ decision: "deny", enforced: true, why });
    });
  }
}

Deno.test("audit lets what is no question go to an address that no entry names", async () => {
  await using lab = await Lab.up();
  const user = NOBODY;
  const guard = await assertHeld(lab, {
    flags: MODES[0]!,
    attack: (turn) => runScript(lab, `unread dns ${6000 + turn}`, { user }),
    allowed: async () => {
      await using capture = await lab.capture("udp port 53");
      await runScript(lab, "unread dns 6002", { user });
      const texts = (await capture.stop()).map(({ text }) => text);
      assert.deepEqual(texts, ["harmless", "harmless"]);
    },
  });
  await guard.waitFor({
    decision: "deny",
    enforced: false,
    why: "dns_malformed",
    server: { address: "203.0.113.10" },
  });
});
