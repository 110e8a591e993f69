import assert from "node:assert/strict";
import { Settings } from "../../../agent/enforce/settings.ts";
import { readText, tryReadText, writeControl } from "../../../ffi/files.ts";
import { Libc } from "../../../ffi/libc.ts";
import { OwnNetwork } from "../../own_network.ts";

const PATH = "/proc/sys/net/bridge/bridge-nf-call-iptables";

Deno.test("Settings puts on again what was on, and nothing else", () => {
  using libc = new Libc();
  using _network = new OwnNetwork(libc);
  if (tryReadText(libc, PATH) === null) {
    console.log("skipped: this kernel has no br_netfilter");
    return;
  }
  writeControl(libc, PATH, "1");
  const settings = new Settings(libc);
  assert.deepEqual(settings.restore(), []);
  writeControl(libc, PATH, "0");
  assert.deepEqual(settings.restore(), [{ path: PATH, isPutBack: true }]);
  assert.equal(readText(libc, PATH).trim(), "1");

  writeControl(libc, PATH, "0");
  assert.deepEqual(new Settings(libc).restore(), []);
  assert.equal(readText(libc, PATH).trim(), "0");
});
