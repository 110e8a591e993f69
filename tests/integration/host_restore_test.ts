/**
 * The firewall after a guard is the firewall before it, byte for byte.
 *
 * With iptables-legacy a table that was never used comes into being when it is
 * first looked at and cannot be removed again: there the tables are made first.
 */
import assert from "node:assert/strict";
import { Lab } from "../lab/lab.ts";
import { ADDRESSES, type Side } from "../lab/topology.ts";
import { Guarding } from "./guarding.ts";
import { assertRefused, Probe } from "./probing.ts";

/** Rules as Docker and an administrator have them. */
const OTHERS = [
  "-N DOCKER-USER",
  "-A FORWARD -j DOCKER-USER",
  "-A DOCKER-USER -j RETURN",
  "-A INPUT -p tcp -m tcp --dport 22 -j ACCEPT",
  "-P FORWARD ACCEPT",
  "-A OUTPUT -p tcp -m tcp --dport 25 -j REJECT",
  "-t nat -A POSTROUTING -o eth0 -p tcp -j MASQUERADE",
  "-t mangle -A FORWARD -p tcp -m tcp --tcp-flags SYN,RST SYN " +
  "-j TCPMSS --clamp-mss-to-pmtu",
  "-t mangle -A OUTPUT -p udp -j MARK --set-xmark 0x1/0xff",
];

const LEGACY_TABLES = ["filter", "nat", "mangle", "security"].map((table) =>
  `-t ${table} -S`
);

/** Runs a command where iptables is iptables-legacy, for it and its children. */
const LEGACY = [
  ...["unshare", "--mount", "sh", "-c"],
  'mount --bind /usr/sbin/xtables-legacy-multi "$0" && exec "$@"',
  "/usr/sbin/xtables-nft-multi",
];

const PREPARED: readonly { name: string; before: string[]; rules: string[] }[] =
  [
    { name: "an empty namespace", before: [], rules: [] },
    { name: "a namespace with rules of others", before: [], rules: OTHERS },
    {
      name: "a namespace with iptables-legacy and rules of others",
      before: LEGACY,
      rules: [...LEGACY_TABLES, ...OTHERS],
    },
  ];

const ENDS: readonly {
  name: string;
  act: (guard: Guarding, again: () => Promise<Guarding>) => Promise<unknown>;
}[] = [
  { name: "stop", act: (guard) => guard.stop() },
  {
    name: "kill -9 and stop",
    act: async (guard) => {
      await guard.kill();
      await guard.stop();
    },
  },
  {
    name: "kill -9, start and stop",
    act: async (guard, again) => {
      await guard.kill();
      const second = await again();
      await second.stop();
    },
  },
];

for (const { name, before, rules } of PREPARED) {
  for (const egress of ["audit", "block"] as const) {
    for (const end of ENDS) {
      Deno.test(`${end.name} in ${egress} mode restores ${name}`, async () => {
        await using lab = await Lab.up();
        for (const rule of rules) await firewall(lab, rule, before);
        const saved = await saveRules(lab, before);
        const flags = { egress, before, allow: ["allowed.test"] } as const;
        const guard = await Guarding.arm(lab, flags);
        assert.notEqual(await saveRules(lab, before), saved);
        const fetch = ["curl", "-sS", "-4", "https://allowed.test/"];
        assert.equal((await lab.in("run", fetch)).code, 0);

        await end.act(guard, () => Guarding.arm(lab, flags));
        assert.equal(await saveRules(lab, before), saved);
        assert.equal((await lab.in("run", fetch)).code, 0);
      });
    }
  }
}

for (const side of ["run", "box"] satisfies Side[]) {
  Deno.test(`block with iptables-legacy refuses ${side} at once, also after kill -9`, async () => {
    await using lab = await Lab.up({ container: true });
    const probe = await Probe.compile(lab);
    const { attacker } = ADDRESSES;
    const open = await probe.one(side, `tcp ${attacker.ipv4} 4444 stolen`);
    assert.equal(open.result, "ok");
    const flags = { egress: "block", before: LEGACY } as const;
    const guard = await Guarding.arm(lab, {
      ...flags,
      allow: ["allowed.test"],
    });
    await using capture = await lab.capture();
    for (const address of Object.values(attacker)) {
      for (const way of ["tcp @ 4444 stolen", "udp @ 4444 73", "icmp @"]) {
        assertRefused(await probe.one(side, way.replace("@", address)));
      }
    }
    assert.deepEqual(await capture.stop(), []);
    const fetch = ["curl", "-sS", "https://allowed.test/"];
    assert.equal((await lab.in(side, fetch)).code, 0);
    await guard.kill();
    await using late = await lab.capture();
    for (const address of [attacker.ipv4, attacker.ipv6, "203.0.113.10"]) {
      assertRefused(await probe.one(side, `tcp ${address} 443 stolen`));
    }
    assert.deepEqual(await late.stop(), []);
  });
}

async function firewall(
  lab: Lab,
  rule: string,
  before: readonly string[],
): Promise<void> {
  for (const tool of ["iptables", "ip6tables"]) {
    const command = [...before, tool, ...rule.split(" ")];
    const { code, stderr } = await lab.in("run", command);
    assert.equal(code, 0, stderr);
  }
}

/** Both families' rules without the time of day and without what they counted. */
async function saveRules(lab: Lab, before: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const tool of ["iptables-save", "ip6tables-save"]) {
    const { code, stdout, stderr } = await lab.in("run", [...before, tool]);
    assert.equal(code, 0, stderr);
    // Nothing is printed where there is no table, so nothing says which it is.
    const isNft = stdout.includes("(nf_tables)");
    assert.ok(stdout === "" || isNft === (before.length === 0), stdout);
    texts.push(
      stdout.replace(/^# (Generated|Completed).*$/gm, "# $1")
        .replace(/\[\d+:\d+\]/g, "[]"),
    );
  }
  return texts.join("\n");
}
