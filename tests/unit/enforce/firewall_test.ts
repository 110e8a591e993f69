import assert from "node:assert/strict";
import { Firewall, kernelFamilies } from "../../../agent/enforce/firewall.ts";
import { findTool } from "../../../agent/enforce/iptables_tool.ts";
import { slotOf } from "../../../agent/enforce/marks.ts";
import type { Guarded } from "../../../agent/enforce/rule.ts";
import { ruleText } from "../../../agent/enforce/rule.ts";
import { guardRules } from "../../../agent/enforce/rules.ts";
import { AgentError } from "../../../agent/errors.ts";
import { readDirectory } from "../../../ffi/directories.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";
import { guardOf } from "./guards.ts";

const CONNTRACK = "/usr/sbin/conntrack";
const SAVE = ["/usr/sbin/iptables-save", "/usr/sbin/ip6tables-save"];

/** The rules of both families; comments tell the time, counters count. */
function rulesOf(network: OwnNetwork): string {
  return SAVE.map((tool) => network.run([tool])).join("")
    .replace(/^#.*\n/gm, "").replace(/ \[\d+:\d+\]$/gm, "");
}

/** Puts a connection into the table, to a port that tells it from others. */
function addConnection(network: OwnNetwork, port: number, mark: number): void {
  network.run([
    ...[
      CONNTRACK,
      "-I",
      "-p",
      "udp",
      "-t",
      "60",
      "-m",
      `0x${mark.toString(16)}`,
    ],
    ...["-s", "192.0.2.1", "-d", "198.51.100.2"],
    ...["--sport", "40000", "--dport", String(port)],
  ]);
}

/** The marks of all connections, by port. */
function marksOf(network: OwnNetwork): number[] {
  const listed = network.run([CONNTRACK, "-L"]);
  const marks: number[] = [];
  for (const line of listed.trim().split("\n")) {
    const [, port, mark] = / dport=(\d+) .* mark=(\d+) /.exec(line)!;
    marks[Number(port) - 1] = Number(mark);
  }
  return marks;
}

/** What others may have put there, such as Docker does. */
function addOthers(network: OwnNetwork): void {
  for (const name of ["iptables", "ip6tables"]) {
    const rules = `*filter
:FORWARD DROP [0:0]
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
-A OUTPUT -m comment --comment "not -j SLUICE-ENFORCE-OUT" -j ACCEPT
-A OUTPUT -m comment --comment "also -g SLUICE-ENFORCE-OUT"
COMMIT
*mangle
-A POSTROUTING -p tcp -m tcp --tcp-flags SYN,RST SYN -j TCPMSS --set-mss 1400
COMMIT
`;
    network.run([`/usr/sbin/${name}-restore`, "--noflush"], rules);
  }
}

/** Guards without a cgroup match, which would need one to be there. */
const GUARDS: readonly { name: string; guarded: Guarded }[] = [
  { name: "a host in audit mode", guarded: guardOf("host", "audit") },
  { name: "a host in block mode", guarded: guardOf("host", "block") },
  {
    name: "a host that answers everybody",
    guarded: { ...guardOf("host", "block"), inbound: "allow" },
  },
  {
    name: "a host where nobody listens",
    guarded: { ...guardOf("host", "block"), listening: { tcp: [], udp: [] } },
  },
  {
    name: "a command in the root cgroup",
    guarded: { ...guardOf("command", "block"), cgroup: "/" },
  },
];

for (const { name, guarded } of GUARDS) {
  for (const withOthers of [false, true]) {
    const where = withOthers ? "beside others' rules" : "in an empty namespace";
    Deno.test(`Firewall guards ${name} ${where} and restores it exactly`, () => {
      using libc = new Libc();
      using network = new OwnNetwork(libc);
      if (withOthers) addOthers(network);
      const slot = guarded.cgroup === null ? null : guarded.slot.number;
      const firewall = new Firewall(libc);
      const before = rulesOf(network);
      const tables = firewall.tables();
      assert.equal(firewall.isApplied(slot), false);

      firewall.apply(guarded, tables);
      assert.equal(firewall.isApplied(slot), true);
      assert.equal(firewall.isApplied(slot === null ? 0 : null), false);
      const armed = rulesOf(network);
      for (const family of [4, 6] as const) {
        for (const { chains } of guardRules(guarded, family)) {
          for (const { name, rules } of chains) {
            assert.ok(armed.includes(`\n:${name} -\n`), name);
            const lines = armed.match(new RegExp(`^-A ${name} `, "gm"));
            // Both families have the chain, and need not have as many rules.
            assert.ok((lines?.length ?? 0) >= rules.length, name);
          }
        }
      }

      firewall.remove(guarded, tables);
      assert.equal(rulesOf(network), before);
      assert.equal(firewall.isApplied(slot), false);
      assert.deepEqual(firewall.tables(), tables);
      // Whoever stops twice, or stops what a crash has cleared, harms nobody.
      firewall.remove(guarded, tables);
      assert.equal(rulesOf(network), before);
    });
  }
}

Deno.test("Firewall keeps the kernel's rules as we wrote them", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  const guarded = guardOf("host", "block");
  const firewall = new Firewall(libc);
  firewall.apply(guarded, firewall.tables());
  const [saved4, saved6] = SAVE.map((tool) => network.run([tool]));
  for (const [family, saved] of [[4, saved4!], [6, saved6!]] as const) {
    const lines = saved.split("\n");
    // iptables has an order of its own for the words of one match.
    const sorted = (line: string) => line.split(" ").sort().join(" ");
    const known = new Set(lines.map(sorted));
    for (const { chains, hooks } of guardRules(guarded, family)) {
      for (const { name, rules } of chains) {
        for (const rule of rules) {
          const line = `-A ${name} ${ruleText(rule)}`;
          assert.ok(known.has(sorted(line)), line);
        }
      }
      // These are taken away as they were printed, one by one.
      for (const { chain, rule } of hooks) {
        const line = `-A ${chain} ${rule.join(" ")}`;
        assert.ok(lines.includes(line), line);
      }
    }
  }
});

Deno.test("Firewall hooks in first where a verdict is carried out", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  addOthers(network);
  const firewall = new Firewall(libc);
  firewall.apply(guardOf("host", "block"), firewall.tables());
  for (const tool of SAVE) {
    const saved = network.run([tool]);
    const filter = saved.slice(saved.indexOf("*filter"));
    const first = (chain: string) =>
      new RegExp(`^-A ${chain} .*`, "m").exec(filter)?.[0];
    assert.equal(first("OUTPUT"), "-A OUTPUT -j SLUICE-ENFORCE-OUT");
    assert.equal(first("FORWARD"), "-A FORWARD -j SLUICE-ENFORCE-FWD");
  }
});

Deno.test("Firewall tells a host's guard from those of commands", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  const firewall = new Firewall(libc);
  const tables = firewall.tables();
  const first: Guarded = { ...guardOf("command", "block"), cgroup: "/" };
  // Its name begins as the second one's does.
  const tenth: Guarded = { ...first, slot: { ...slotOf(1), number: 10 } };
  const second: Guarded = { ...first, slot: slotOf(1) };
  const host = guardOf("host", "audit");
  firewall.apply(host, tables);
  firewall.apply(tenth, tables);
  const before = rulesOf(network);
  firewall.apply(second, tables);
  firewall.remove(second, firewall.tables());
  assert.equal(rulesOf(network), before);
  firewall.remove(host, firewall.tables());
  assert.equal(firewall.isApplied(10), true);
  assert.equal(firewall.isApplied(null), false);
});

Deno.test("Firewall takes the marks of its slot away with a guard and before it", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  const firewall = new Firewall(libc);
  const guarded = guardOf("host", "block");
  const { allowMark, dnsMark } = guarded.slot;
  const { allowMark: others } = slotOf(1);
  const mark = () => {
    addConnection(network, 1, allowMark + 0x4000);
    addConnection(network, 2, dnsMark);
    addConnection(network, 3, others);
  };
  const left = [0x4000, 0, others];

  mark();
  firewall.apply(guarded, firewall.tables());
  assert.deepEqual(marksOf(network), left);
  network.run([CONNTRACK, "-F"]);
  mark();
  firewall.remove(guarded, firewall.tables());
  assert.deepEqual(marksOf(network), left);
});

Deno.test("Firewall leaves nothing behind when the kernel refuses a rule", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  addOthers(network);
  const before = rulesOf(network);
  const firewall = new Firewall(libc);
  const guarded = {
    ...guardOf("command", "block"),
    cgroup: "sluice/never-made",
  };
  assert.throws(
    () => firewall.apply(guarded, firewall.tables()),
    (error) => error instanceof AgentError && error.code === "firewall_failed",
  );
  assert.equal(rulesOf(network), before);
});

Deno.test("Firewall clears half a guard that a kill has left", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  addOthers(network);
  const before = rulesOf(network);
  const firewall = new Firewall(libc);
  const tables = firewall.tables();
  const guarded = guardOf("host", "block");
  firewall.apply(guarded, tables);
  network.run(["/usr/sbin/iptables", "-D", "OUTPUT", "1"]);
  network.run(["/usr/sbin/ip6tables", "-t", "mangle", "-F", "OUTPUT"]);
  network.run(["/usr/sbin/ip6tables", "-F", "SLUICE-ENFORCE-OUT"]);
  assert.equal(firewall.isApplied(null), true);
  firewall.remove(guarded, tables);
  assert.equal(rulesOf(network), before);
});

Deno.test("Firewall leaves no descriptor open", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  const count = () => readDirectory(libc, "/proc/self/fd")!.length;
  const before = count();
  const firewall = new Firewall(libc);
  const tables = firewall.tables();
  const guarded = guardOf("host", "block");
  firewall.apply(guarded, tables);
  firewall.remove(guarded, tables);
  assert.equal(count(), before);
});

Deno.test("kernelFamilies() names IPv4 first, and IPv6 where the kernel has it", () => {
  using libc = new Libc();
  const hasIpv6 = readDirectory(libc, "/proc/sys/net/ipv6") !== null;
  assert.deepEqual(kernelFamilies(libc), hasIpv6 ? [4, 6] : [4]);
});

Deno.test("findTool() finds what is installed and nothing else", () => {
  using libc = new Libc();
  assert.equal(findTool(libc, "iptables-save"), "/usr/sbin/iptables-save");
  assert.equal(findTool(libc, "iptables-nowhere"), null);
});
