import assert from "node:assert/strict";
import { decodeDefaultRoute } from "../../../agent/decode/route.ts";
import { hex } from "../../hex.ts";
import {
  ROUTE_BLACKHOLE,
  ROUTE_DEFAULT,
  ROUTE_MULTIPATH,
  ROUTE_MULTIPATH_V6,
  ROUTE_NETWORK,
} from "./rtnetlink_samples.ts";

const HEADER = "02 00 00 00 fe 03 00 01 00000000";
const FIXED_BYTES = 12;

const ROWS: readonly {
  name: string;
  dump: string;
  indexes: readonly number[] | null;
}[] = [
  {
    name: "the interface of a captured default route",
    dump: ROUTE_DEFAULT,
    indexes: [2],
  },
  {
    name: "both interfaces of a captured multipath route",
    dump: ROUTE_MULTIPATH,
    indexes: [2, 6],
  },
  {
    name: "both interfaces of a captured IPv6 multipath route",
    dump: ROUTE_MULTIPATH_V6,
    indexes: [2, 6],
  },
  {
    name: "no default route in a captured blackhole",
    dump: ROUTE_BLACKHOLE,
    indexes: null,
  },
  {
    name: "no default route in a captured route to a network",
    dump: ROUTE_NETWORK,
    indexes: null,
  },
  {
    name: "no interface in a default route without attributes",
    dump: HEADER,
    indexes: [],
  },
  {
    name: "no interface where it is too short",
    dump: `${HEADER} 0600 0400 0200 0000`,
    indexes: [],
  },
  {
    name: "next hops up to one of no length, which would never end",
    dump: `${HEADER} 1400 0900 0800 00 00 02000000 0000 00 00 06000000`,
    indexes: [2],
  },
  {
    name: "next hops up to half of one",
    dump: `${HEADER} 1000 0900 0800 00 00 02000000 0800 00 00`,
    indexes: [2],
  },
  {
    name: "a next hop that claims to be longer than the list",
    dump: `${HEADER} 0c00 0900 ffff 00 00 02000000`,
    indexes: [2],
  },
  {
    name: "a next hop behind one of odd length",
    dump:
      `${HEADER} 1800 0900 0900 00 00 02000000 ff000000 0800 00 00 06000000`,
    indexes: [2, 6],
  },
];

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "route is 0 of 12 bytes" },
  {
    name: "an attribute of no length",
    dump: `${HEADER} 0000 0400 02000000`,
    why: "netlink attribute is 0 of 8 bytes",
  },
  {
    name: "an attribute that leaves the message",
    dump: `${HEADER} 0900 0400 02000000`,
    why: "netlink attribute is 9 of 8 bytes",
  },
];

for (const { name, dump, indexes } of ROWS) {
  Deno.test(`decodeDefaultRoute() finds ${name}`, () => {
    const decoded = decodeDefaultRoute(hex(dump));
    assert.deepEqual(decoded, { ok: true, value: indexes });
  });
}

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeDefaultRoute() refuses ${name}`, () => {
    assert.deepEqual(decodeDefaultRoute(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeDefaultRoute() reads a view into a larger buffer", () => {
  const payload = hex(ROUTE_MULTIPATH);
  const buffer = new Uint8Array(payload.length + 40).fill(0xff);
  buffer.set(payload, 7);
  const decoded = decodeDefaultRoute(buffer.subarray(7, 7 + payload.length));
  assert.deepEqual(decoded, { ok: true, value: [2, 6] });
});

for (const dump of [ROUTE_DEFAULT, ROUTE_MULTIPATH, ROUTE_MULTIPATH_V6]) {
  const payload = hex(dump);
  Deno.test(`decodeDefaultRoute() never takes a truncation of ${payload.length} bytes for the whole`, () => {
    const whole = decodeDefaultRoute(payload);
    assert.ok(whole.ok);
    for (let length = 0; length < payload.length; length++) {
      const decoded = decodeDefaultRoute(payload.subarray(0, length));
      if (length < FIXED_BYTES) assert.equal(decoded.ok, false);
      if (!decoded.ok) continue;
      // Between two attributes the message is sound, only poorer.
      const found = decoded.value ?? [];
      const isWhole = found.length === whole.value!.length;
      assert.ok(found.every((index) => whole.value!.includes(index)));
      const restBytes = payload.length - length;
      // What follows the next hops of IPv6 says nothing of them.
      assert.ok(!isWhole || restBytes <= 44, `${length} bytes`);
    }
  });
}
