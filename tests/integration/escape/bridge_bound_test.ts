/** A flow that is opened by a bridge, which is inside, and used by the uplink. */
import { Lab } from "../../lab/lab.ts";
import { ADDRESSES, INTERFACES, NETWORKS } from "../../lab/topology.ts";
import { assertHeld, NOBODY, prepare, runScript } from "./attack.ts";

const WAYS: readonly { way: string; name: string }[] = [
  { way: "device", name: "a socket bound to it (UDP)" },
  { way: "stream", name: "a socket bound to it (TCP)" },
  { way: "packet", name: "a packet that names it" },
  { way: "group", name: "a group on it" },
];

const BRIDGES: readonly { name: string; shellLine: string }[] = [
  { name: "with a container", shellLine: ":" },
  {
    name: "without carrier",
    shellLine: `ip link set ${INTERFACES.port} nomaster`,
  },
];

for (const bridge of BRIDGES) {
  for (const { way, name } of WAYS) {
    for (const [at, family] of (["ipv4", "ipv6"] as const).entries()) {
      Deno.test(`block lets nothing out over ${family} by a bridge ${bridge.name} and ${name}`, async () => {
        await using lab = await Lab.up({ container: true });
        await prepare(lab, bridge.shellLine);
        // Over IPv6 nobody can send by an interface that has no route there.
        const route = `ip -6 route add ${NETWORKS.sites.ipv6}`;
        const { gateway } = ADDRESSES;
        await prepare(lab, `${route} via ${gateway.ipv6} metric 1`);
        await prepare(lab, `${route} dev ${INTERFACES.bridge} metric 9999`);
        const guard = await assertHeld(lab, {
          flags: { egress: "block", allow: ["allowed.test"] },
          attack: (turn) =>
            runScript(lab, `bridge_bound ${way} ${at} ${5550 + turn}`, {
              user: NOBODY,
            }),
        });
        const address = way === "group"
          ? { ipv4: "239.1.2.3", ipv6: "ff0e::1234" }[family]
          : ADDRESSES.attacker[family];
        await guard.waitFor({
          kind: "connection",
          decision: "deny",
          enforced: true,
          destination: { address },
        });
      });
    }
  }
}
