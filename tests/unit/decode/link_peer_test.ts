import assert from "node:assert/strict";
import { decodeBridgeNeighbour } from "../../../agent/decode/bridge_neighbour.ts";
import {
  decodeLinkPeer,
  type LinkPeer,
} from "../../../agent/decode/link_peer.ts";
import { decodeLocalRoute } from "../../../agent/decode/local_route.ts";
import { decodeNamespaceId } from "../../../agent/decode/namespace_id.ts";
import { hex } from "../../hex.ts";

// Taken on Linux 6.18: the port of a bridge, a veth whose other end is in the
// namespace 0. Of its many attributes only those around the two are here.
const PORT = `
  0000 0100 03000000 43100000 00000000          # ifinfomsg, index 3
  0700 0300 76300000                            # IFLA_IFNAME v0
  0800 0500 02000000                            # IFLA_LINK 2
  0a00 0100 bae70e74319b 0000                   # IFLA_ADDRESS
  0800 0a00 02000000                            # IFLA_MASTER 2
  0800 2500 00000000                            # IFLA_LINK_NETNSID 0
`;
const PORT_LINK: LinkPeer = { index: 3, peer: 2, namespaceId: 0 };
const HEADER = "0000 0100 09000000 02100000 00000000";

const LINKS: readonly { name: string; dump: string; link: LinkPeer }[] = [
  { name: "a captured port", dump: PORT, link: PORT_LINK },
  {
    name: "an interface without another end",
    dump: HEADER,
    link: { index: 9, peer: 0, namespaceId: null },
  },
  {
    name: "another end in the same namespace",
    dump: `${HEADER} 0800 0500 02000000`,
    link: { index: 9, peer: 2, namespaceId: null },
  },
  {
    name: "a number that was not given",
    dump: `${HEADER} 0800 2500 ffffffff`,
    link: { index: 9, peer: 0, namespaceId: null },
  },
  {
    name: "a number of another length as none",
    dump: `${HEADER} 0600 2500 0200 0000  0c00 0500 02000000 00000000`,
    link: { index: 9, peer: 0, namespaceId: null },
  },
];

for (const { name, dump, link } of LINKS) {
  Deno.test(`decodeLinkPeer() reads ${name}`, () => {
    assert.deepEqual(decodeLinkPeer(hex(dump)), { ok: true, value: link });
  });
}

Deno.test("decodeLinkPeer() never finds another end in a truncation", () => {
  const payload = hex(PORT);
  for (let length = 0; length < payload.length; length++) {
    const decoded = decodeLinkPeer(payload.subarray(0, length));
    assert.ok(!decoded.ok || decoded.value.namespaceId === null, `${length}`);
  }
});

Deno.test("decodeLinkPeer() refuses an attribute of no length", () => {
  const why = "link attribute is 0 of 4 bytes";
  assert.deepEqual(decodeLinkPeer(hex(`${HEADER} 0000 0500`)), {
    ok: false,
    why,
  });
});

// rtnl_net_fill() of net/core/net_namespace.c: struct rtgenmsg and NETNSA_NSID.
const NAMESPACE = "00000000 0800 0100 02000000";

Deno.test("decodeNamespaceId() reads a number, and none", () => {
  const decode = (dump: string) => decodeNamespaceId(hex(dump));
  assert.deepEqual(decode(NAMESPACE), { ok: true, value: 2 });
  const none = NAMESPACE.replace("02000000", "ffffffff");
  assert.deepEqual(decode(none), { ok: true, value: null });
});

Deno.test("decodeNamespaceId() refuses every truncation", () => {
  const payload = hex(NAMESPACE);
  for (let length = 0; length < payload.length; length++) {
    assert.equal(decodeNamespaceId(payload.subarray(0, length)).ok, false);
  }
});

// fdb_fill_info() of net/bridge/br_fdb.c: struct ndmsg and NDA_LLADDR.
const NEIGHBOUR = "07 000000 05000000 0200 00 00  0a00 0200 02fedcba9876 0000";

Deno.test("decodeBridgeNeighbour() reads the port", () => {
  const decoded = decodeBridgeNeighbour(hex(NEIGHBOUR));
  assert.deepEqual(decoded, { ok: true, value: 5 });
});

Deno.test("decodeBridgeNeighbour() refuses a neighbour of another kind", () => {
  const decoded = decodeBridgeNeighbour(hex(NEIGHBOUR.replace("07", "02")));
  assert.deepEqual(decoded, { ok: false, why: "neighbour family is 2" });
});

Deno.test("decodeBridgeNeighbour() refuses every truncation of the fixed part", () => {
  const payload = hex(NEIGHBOUR);
  for (let length = 0; length < 12; length++) {
    assert.equal(decodeBridgeNeighbour(payload.subarray(0, length)).ok, false);
  }
});

// rt_fill_info() of net/ipv4/route.c: struct rtmsg, its type at 7.
const ROUTE = "02 20 00 00 ff 00 00 02 00000000";

Deno.test("decodeLocalRoute() tells an own address from another", () => {
  const decode = (dump: string) => decodeLocalRoute(hex(dump));
  assert.deepEqual(decode(ROUTE), { ok: true, value: true });
  const unicast = ROUTE.replace("00 00 02 0", "00 00 01 0");
  assert.deepEqual(decode(unicast), { ok: true, value: false });
});

Deno.test("decodeLocalRoute() refuses every truncation", () => {
  const payload = hex(ROUTE);
  for (let length = 0; length < payload.length; length++) {
    assert.equal(decodeLocalRoute(payload.subarray(0, length)).ok, false);
  }
});
