import assert from "node:assert/strict";
import { Cell } from "./cell.ts";

/** Puts a program of the test's own in the place of a tool; `$real` is it. */
function replaceTool(name: string, script: string): string {
  const path = `/usr/sbin/${name}`;
  // By its first argument: it would not know itself by another name.
  const real = `real="/usr/sbin/xtables-nft-multi ${name}"`;
  return `rm ${path}
printf '%s\\n' '#!/bin/sh' '${real}' '${script}' > ${path}
chmod 755 ${path}`;
}

/** Ways to fail when some rules stand already. */
const ROWS: readonly { name: string; setup: string; says?: RegExp }[] = [
  {
    name: "IPv6 rules cannot be set",
    setup: replaceTool("ip6tables-restore", "cat >/dev/null; exit 4"),
  },
  {
    name: "only the rules for mangle can be set",
    setup: replaceTool(
      "iptables-restore",
      // Removals go through, so that what was set can be taken away again.
      'rules=$(cat); case $rules in *"-D "*) ;; ' +
        '*) rules="${rules%%"*filter"*}"; code=2 ;; esac; ' +
        'printf "%s\\n" "$rules" | $real "$@"; exit ${code:-$?}',
    ),
  },
  {
    name: "a rule is left out and nobody says so",
    setup: replaceTool(
      "ip6tables-restore",
      'sed "/^-A SLUICE-.*BACKSTOP -j DROP/d" | $real "$@"',
    ),
    says:
      /^sluice: Cannot rely on the firewall rules: IPv6, .*"chain_changed"/m,
  },
];

const SAYS = /^sluice: Cannot change the firewall rules: /m;

for (const { name, setup, says = SAYS } of ROWS) {
  for (const command of ["run", "start"]) {
    Deno.test(`sluice ${command} leaves nothing behind when ${name}`, async () => {
      await using cell = await Cell.open({ copy: true, setup });
      const rest = command === "run" ? ["--", "true"] : [];
      const args = [command, "--egress", "block", ...rest];
      const before = await cell.footprint();
      const { code, stdout, stderr } = await cell.sluice(args);
      assert.equal(code, 3, stderr);
      assert.equal(stdout, "");
      assert.match(stderr, says);
      assert.equal(await cell.footprint(), before);
    });
  }
}
