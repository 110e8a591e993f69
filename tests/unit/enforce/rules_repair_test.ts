import assert from "node:assert/strict";
import type { Guarded, TableRules } from "../../../agent/enforce/rule.ts";
import { guardRules } from "../../../agent/enforce/rules.ts";
import {
  compareRules,
  type Deviation,
  listForgers,
} from "../../../agent/enforce/rules_compare.ts";
import { renderRepair } from "../../../agent/enforce/rules_repair.ts";
import { isChainOf, renderRules } from "../../../agent/enforce/rules_text.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";
import { guardOf } from "./guards.ts";

type Variant = "nft" | "legacy";

/** What root may do to our rules, for `sh`; `$ipt` is the tool. */
interface Attack {
  readonly name: string;
  readonly lines: string;
  /** Each `kind table chain` that is to be found. */
  readonly found: readonly string[];
  readonly only?: Variant;
  /** Whether rules of others are lost with ours. */
  readonly takesOthers?: boolean;
}

const ATTACKS: readonly Attack[] = [
  {
    name: "flushes a chain of ours",
    lines: "$ipt -F SLUICE-ENFORCE",
    found: ["chain_changed filter SLUICE-ENFORCE"],
  },
  {
    name: "lets everything by in a chain of ours",
    lines: "$ipt -t security -I SLUICE-BACKSTOP -j RETURN",
    found: ["chain_changed security SLUICE-BACKSTOP"],
  },
  {
    name: "takes one rule out of a chain of ours",
    lines: "$ipt -t mangle -D SLUICE-ASK 1",
    found: ["chain_changed mangle SLUICE-ASK"],
  },
  {
    name: "puts two rules of ours into another order",
    lines: "$ipt -t mangle -D SLUICE-ASK 1; $ipt -t mangle -A SLUICE-ASK " +
      "-j MARK --set-xmark 0x0/0xf0000000",
    found: ["chain_changed mangle SLUICE-ASK"],
  },
  {
    name: "turns a rule of ours into its opposite",
    lines: "$ipt -R SLUICE-ENFORCE 1 -m mark ! --mark 0x10000000/0xf0000000 " +
      "-j RETURN",
    found: ["chain_changed filter SLUICE-ENFORCE"],
  },
  {
    name: "takes the way into our chains away",
    lines: "$ipt -D OUTPUT -j SLUICE-ENFORCE-OUT; $ipt -t mangle -F FORWARD",
    found: ["hook_missing mangle FORWARD", "hook_missing filter OUTPUT"],
  },
  {
    name: "puts its own rule in front of ours",
    lines: "$ipt -I FORWARD -i docker0 -j ACCEPT; " +
      "$ipt -t security -I OUTPUT -j ACCEPT",
    found: ["hook_behind filter FORWARD", "hook_behind security OUTPUT"],
  },
  {
    name: "renames a chain of ours",
    lines: "$ipt -E SLUICE-ENFORCE-OUT AWAY",
    found: [
      "chain_missing filter SLUICE-ENFORCE-OUT",
      "hook_missing filter OUTPUT",
    ],
  },
  {
    name: "renames two chains of ours, and makes one of the name",
    lines: "$ipt -E SLUICE-ENFORCE-OUT AWAY; $ipt -E SLUICE-ENFORCE GONE; " +
      "$ipt -N SLUICE-ENFORCE",
    found: [
      "chain_changed filter SLUICE-ENFORCE",
      "chain_changed filter SLUICE-ENFORCE-FWD",
      "chain_changed filter SLUICE-ENFORCE-LO",
      "chain_missing filter SLUICE-ENFORCE-OUT",
      "hook_missing filter OUTPUT",
    ],
  },
  {
    name: "renames a chain of ours to another name of ours",
    lines: "$ipt -E SLUICE-ENFORCE-LO SLUICE-LATER",
    found: [
      "chain_missing filter SLUICE-ENFORCE-LO",
      "chain_changed filter SLUICE-ENFORCE-OUT",
      "chain_added filter SLUICE-LATER",
    ],
  },
  {
    name: "gives packets a verdict of ours",
    lines: "$ipt -t nat -A OUTPUT -j MARK --set-mark 0x10000000; " +
      "$ipt -t raw -A OUTPUT -j CONNMARK --set-xmark 0x30000000/0x30000000",
    found: ["mark_forged nat OUTPUT", "mark_forged raw OUTPUT"],
  },
  {
    name: "flushes every table and its chains",
    lines: "for table in filter mangle security; do $ipt -t $table -F; " +
      "$ipt -t $table -X; done",
    found: ["chain_missing filter SLUICE-ENFORCE", "hook_missing security"],
    takesOthers: true,
  },
  {
    name: "deletes a table",
    lines: "nft delete table $nft filter",
    found: ["chain_missing filter SLUICE-ENFORCE", "hook_missing filter"],
    only: "nft",
    takesOthers: true,
  },
];

/** What others do beside us all the time. */
const HARMLESS: readonly string[] = [
  "$ipt -N DOCKER; $ipt -A FORWARD -j DOCKER",
  "$ipt -A OUTPUT -j ACCEPT",
  "$ipt -t mangle -I OUTPUT -j MARK --set-xmark 0x4000/0x4000",
  "$ipt -t mangle -A PREROUTING -j CONNMARK --restore-mark",
  "$ipt -t nat -A POSTROUTING -j MARK --set-xmark 0x0/0xf0000000",
  "$ipt -t nat -A OUTPUT -m comment --comment 'MARK --set-mark 0x10000000'",
  "$ipt -P FORWARD DROP; $ipt -Z",
];

const OTHERS = `*filter
:DOCKER-USER - [0:0]
-A FORWARD -j DOCKER-USER
-A DOCKER-USER -j RETURN
-A OUTPUT -m comment --comment "not -j SLUICE-ENFORCE-OUT" -j ACCEPT
COMMIT
`;

const GUARDS: readonly { name: string; guarded: Guarded }[] = [
  { name: "a host's", guarded: guardOf("host", "block") },
  { name: "an auditing host's", guarded: guardOf("host", "audit") },
];

/** One variant of the tools, in a network namespace of its own. */
class Bench {
  readonly #network: OwnNetwork;
  readonly #variant: Variant;
  readonly #guarded: Guarded;
  readonly #known: readonly ReadonlySet<string>[];

  constructor(
    network: OwnNetwork,
    of: { variant: Variant; guarded: Guarded },
  ) {
    this.#network = network;
    this.#variant = of.variant;
    this.#guarded = of.guarded;
    this.restore(() => OTHERS);
    const { slot } = of.guarded;
    this.#known = ([4, 6] as const).map((family) =>
      listForgers({ family, slot, saved: this.save(family) })
    );
    this.restore((family) => renderRules(this.rules(family)));
  }

  rules(family: 4 | 6): TableRules[] {
    return guardRules(this.#guarded, family);
  }

  save(family: 4 | 6): string {
    return this.#network.run([this.#tool(family, "-save")]);
  }

  restore(text: (family: 4 | 6) => string): void {
    for (const family of [4, 6] as const) {
      const command = [this.#tool(family, "-restore"), "--noflush"];
      this.#network.run(command, text(family));
    }
  }

  attack(lines: string): void {
    for (const family of [4, 6] as const) {
      const nft = family === 4 ? "ip" : "ip6";
      const script = `ipt=${this.#tool(family, "")}; nft=${nft}; ${lines}`;
      this.#network.run(["/bin/sh", "-ec", script]);
    }
  }

  compare(family: 4 | 6): Deviation[] {
    return compareRules({
      family,
      rules: this.rules(family),
      saved: this.save(family),
      slot: this.#guarded.slot,
      isOurs: isChainOf(null),
      known: this.#known[family === 4 ? 0 : 1]!,
    });
  }

  repair(): void {
    this.restore((family) =>
      renderRepair({
        rules: this.rules(family),
        saved: this.save(family),
        deviations: this.compare(family),
        isOurs: isChainOf(null),
      })
    );
  }

  /** The rules of both families; comments tell the time, counters count. */
  all(): string[] {
    const texts = ([4, 6] as const).map((family) => this.save(family));
    return texts.join("").replace(/^#.*\n/gm, "").replace(/ \[\d+:\d+\]$/gm, "")
      .split("\n").sort();
  }

  #tool(family: 4 | 6, suffix: string): string {
    const name = family === 4 ? "iptables" : "ip6tables";
    return `/usr/sbin/${name}-${this.#variant}${suffix}`;
  }
}

for (const variant of ["nft", "legacy"] as const) {
  for (const { name: whose, guarded } of GUARDS) {
    const of = { variant, guarded };
    for (const attack of ATTACKS) {
      if ((attack.only ?? variant) !== variant) continue;
      const isBlock = guarded.egress === "block";
      if (!isBlock && attack.lines.includes("security")) continue;

      Deno.test(`renderRepair() puts ${whose} rules back with ${variant} when somebody ${attack.name}`, () => {
        using libc = new Libc();
        using network = new OwnNetwork(libc);
        const bench = new Bench(network, of);
        const before = bench.all();
        bench.attack(attack.lines);
        for (const family of [4, 6] as const) {
          const found = bench.compare(family).map((each) =>
            `${each.kind} ${each.table} ${each.chain}`
          );
          for (const wanted of attack.found) {
            assert.ok(found.some((each) => each.startsWith(wanted)), wanted);
          }
          if (!attack.takesOthers) {
            assert.equal(found.length, attack.found.length, found.join());
          }
        }
        bench.repair();
        assert.deepEqual([...bench.compare(4), ...bench.compare(6)], []);
        const after = bench.all();
        const lost = before.filter((line) => !after.includes(line));
        assert.deepEqual(attack.takesOthers ? [] : lost, []);
        // What was put in front stays, behind ours.
        const added = after.filter((line) => !before.includes(line));
        const own = /-j ACCEPT|^[*:]|^COMMIT/;
        assert.deepEqual(added.filter((line) => !own.test(line)), []);
      });
    }

    for (const lines of HARMLESS) {
      Deno.test(`compareRules() does not mind with ${variant} in ${whose} rules: ${lines}`, () => {
        using libc = new Libc();
        using network = new OwnNetwork(libc);
        const bench = new Bench(network, of);
        bench.attack(lines);
        assert.deepEqual([...bench.compare(4), ...bench.compare(6)], []);
      });
    }
  }
}

Deno.test("compareRules() leaves forgers alone that were there before", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  const forger = "-A OUTPUT -j MARK --set-xmark 0x10000000/0xffffffff";
  const tool = "/usr/sbin/iptables-nft-restore";
  network.run([tool], `*nat\n${forger}\nCOMMIT\n`);
  const guarded = guardOf("host", "block");
  const bench = new Bench(network, { variant: "nft", guarded });
  assert.deepEqual(bench.compare(4), []);
});
