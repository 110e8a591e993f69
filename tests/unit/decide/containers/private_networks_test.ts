import assert from "node:assert/strict";
import {
  isPrivateAddress,
  isPrivateSubnet,
} from "../../../../agent/decide/containers/private_networks.ts";

for (
  const { text, isPrivate } of [
    { text: "10.0.0.0/8", isPrivate: true },
    { text: "10.0.0.0/7", isPrivate: false },
    { text: "172.16.0.0/12", isPrivate: true },
    { text: "172.32.0.0/16", isPrivate: false },
    { text: "192.168.1.0/24", isPrivate: true },
    { text: "100.64.0.0/10", isPrivate: true },
    { text: "100.128.0.0/10", isPrivate: false },
    { text: "192.0.2.0/24", isPrivate: false },
    { text: "fd00::/8", isPrivate: true },
    { text: "fe80::/10", isPrivate: false },
    { text: "::ffff:10.0.0.0/104", isPrivate: false },
    { text: "10.0.0.0", isPrivate: false },
    { text: "x/8", isPrivate: false },
  ]
) {
  Deno.test(`isPrivateSubnet() of ${text}`, () => {
    assert.equal(isPrivateSubnet(text), isPrivate);
  });
}

Deno.test("isPrivateAddress() tells private ones from others", () => {
  assert.equal(isPrivateAddress("10.1.2.3"), true);
  assert.equal(isPrivateAddress("192.0.2.1"), false);
});
