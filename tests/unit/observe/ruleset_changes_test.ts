import assert from "node:assert/strict";
import { RulesetChanges } from "../../../agent/observe/ruleset_changes.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";

Deno.test("RulesetChanges tells of a change once, and who made it", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  using changes = new RulesetChanges(libc);
  assert.deepEqual(changes.take(), { isChanged: false, by: null });
  network.run(["/usr/sbin/iptables-nft", "-A", "OUTPUT", "-j", "ACCEPT"]);
  const { isChanged, by } = changes.take();
  assert.equal(isChanged, true);
  assert.equal(by?.name, "iptables-nft");
  assert.ok(by.pid > 1);
  assert.deepEqual(changes.take(), { isChanged: false, by: null });
});

Deno.test("RulesetChanges is not woken by who only reads", () => {
  using libc = new Libc();
  using network = new OwnNetwork(libc);
  using changes = new RulesetChanges(libc);
  network.run(["/usr/sbin/iptables-nft-save"]);
  network.run(["/usr/sbin/nft", "list", "ruleset"]);
  assert.equal(changes.take().isChanged, false);
});

Deno.test("RulesetChanges hears of changes in its own namespace only", () => {
  using libc = new Libc();
  using _home = new OwnNetwork(libc);
  using changes = new RulesetChanges(libc);
  {
    using other = new OwnNetwork(libc);
    other.run(["/usr/sbin/iptables-nft", "-A", "OUTPUT", "-j", "ACCEPT"]);
  }
  assert.equal(changes.take().isChanged, false);
});
