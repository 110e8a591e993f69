import assert from "node:assert/strict";
import { removeEmptyTable } from "../../../agent/enforce/nft_tables.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";

const TOOLS = {
  4: "/usr/sbin/iptables-nft",
  6: "/usr/sbin/ip6tables-nft",
} as const;

/** The names of the tables that are there. */
function tablesOf(network: OwnNetwork, family: 4 | 6): string[] {
  const saved = network.run([`${TOOLS[family]}-save`]);
  return [...saved.matchAll(/^\*(\S+)/gm)].map(([, name]) => name!);
}

for (const family of [4, 6] as const) {
  const tool = TOOLS[family];

  Deno.test(`removeEmptyTable() removes an IPv${family} table with its empty chains`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc);
    network.run([tool, "-t", "mangle", "-A", "OUTPUT", "-j", "ACCEPT"]);
    network.run([tool, "-t", "filter", "-A", "OUTPUT", "-j", "ACCEPT"]);
    network.run([tool, "-t", "mangle", "-F"]);
    assert.deepEqual(tablesOf(network, family).sort(), ["filter", "mangle"]);

    assert.equal(removeEmptyTable(libc, { family, name: "mangle" }), true);
    assert.deepEqual(tablesOf(network, family), ["filter"]);
    assert.match(network.run([`${tool}-save`]), /^-A OUTPUT -j ACCEPT$/m);
  });

  for (const target of ["ACCEPT", "OTHERS"]) {
    Deno.test(`removeEmptyTable() leaves an IPv${family} table with a rule to ${target} whole`, () => {
      using libc = new Libc();
      using network = new OwnNetwork(libc);
      network.run([tool, "-t", "mangle", "-N", "OTHERS"]);
      network.run([tool, "-t", "mangle", "-A", "FORWARD", "-j", target]);
      const save = () => network.run([`${tool}-save`]).replace(/^#.*$/gm, "");
      const before = save();

      assert.equal(removeEmptyTable(libc, { family, name: "mangle" }), false);
      assert.equal(save(), before);
    });
  }

  Deno.test(`removeEmptyTable() says no of an IPv${family} table that is not there`, () => {
    using libc = new Libc();
    using _network = new OwnNetwork(libc);
    assert.equal(removeEmptyTable(libc, { family, name: "mangle" }), false);
  });

  Deno.test(`removeEmptyTable() leaves the other family's table beside an IPv${family} one`, () => {
    using libc = new Libc();
    using network = new OwnNetwork(libc);
    for (const each of Object.values(TOOLS)) {
      network.run([each, "-t", "mangle", "-A", "OUTPUT", "-j", "ACCEPT"]);
      network.run([each, "-t", "mangle", "-F"]);
    }
    assert.equal(removeEmptyTable(libc, { family, name: "mangle" }), true);
    assert.deepEqual(tablesOf(network, family), []);
    assert.deepEqual(tablesOf(network, family === 4 ? 6 : 4), ["mangle"]);
  });
}
