import assert from "node:assert/strict";
import { decodeLink, type Link } from "../../../agent/decode/link.ts";
import { hex } from "../../hex.ts";
import {
  LINK_BRIDGE,
  LINK_LOOPBACK,
  LINK_PORT,
  LINK_TAP,
} from "./rtnetlink_samples.ts";

const HEADER = "0000 0100 09000000 02100000 00000000";
const FIXED_BYTES = 16;

const ROWS: readonly { name: string; dump: string; link: Link }[] = [
  {
    name: "a captured loopback interface, which has no kind",
    dump: LINK_LOOPBACK,
    link: { index: 1, kind: null, master: 0 },
  },
  {
    name: "a captured bridge",
    dump: LINK_BRIDGE,
    link: { index: 2, kind: "bridge", master: 0 },
  },
  {
    name: "a captured port of a bridge by its own kind and not its master's",
    dump: LINK_PORT,
    link: { index: 4, kind: "veth", master: 2 },
  },
  {
    name: "a captured tap device",
    dump: LINK_TAP,
    link: { index: 7, kind: "tun", master: 0 },
  },
  {
    name: "a link without attributes",
    dump: HEADER,
    link: { index: 9, kind: null, master: 0 },
  },
  {
    name: "a kind without its NUL",
    dump: `${HEADER} 0c00 1200 0700 0100 74756e00`,
    link: { index: 9, kind: "tun", master: 0 },
  },
  {
    name: "a kind up to its first NUL",
    dump: `${HEADER} 1000 1200 0c00 0100 74756e00 62726964`,
    link: { index: 9, kind: "tun", master: 0 },
  },
  {
    name: "attributes with the flag of nested ones",
    dump: `${HEADER} 0c00 1280 0800 0100 74756e00`,
    link: { index: 9, kind: "tun", master: 0 },
  },
  {
    name: "a master that is too short as none",
    dump: `${HEADER} 0600 0a00 0200 0000`,
    link: { index: 9, kind: null, master: 0 },
  },
  {
    name: "broken attributes as none",
    dump: `${HEADER} 0800 0a00 02000000 0000 1200`,
    link: { index: 9, kind: null, master: 0 },
  },
  {
    name: "broken link information as a link without a kind",
    dump: `${HEADER} 0800 0a00 02000000 0800 1200 ff00 0100`,
    link: { index: 9, kind: null, master: 2 },
  },
];

for (const { name, dump, link } of ROWS) {
  Deno.test(`decodeLink() reads ${name}`, () => {
    assert.deepEqual(decodeLink(hex(dump)), { ok: true, value: link });
  });
}

Deno.test("decodeLink() reads a view into a larger buffer", () => {
  const payload = hex(LINK_PORT);
  const buffer = new Uint8Array(payload.length + 40).fill(0xff);
  buffer.set(payload, 7);
  const decoded = decodeLink(buffer.subarray(7, 7 + payload.length));
  const value = { index: 4, kind: "veth", master: 2 };
  assert.deepEqual(decoded, { ok: true, value });
});

Deno.test("decodeLink() refuses every truncation of the fixed part", () => {
  const payload = hex(LINK_PORT);
  for (let length = 0; length < FIXED_BYTES; length++) {
    assert.deepEqual(decodeLink(payload.subarray(0, length)), {
      ok: false,
      why: `link is ${length} of 16 bytes`,
    });
  }
});

Deno.test("decodeLink() never takes a truncation for the whole", () => {
  const payload = hex(LINK_PORT);
  for (let length = FIXED_BYTES; length < payload.length; length++) {
    const decoded = decodeLink(payload.subarray(0, length));
    assert.ok(decoded.ok, `${length} bytes`);
    assert.equal(decoded.value.index, 4);
    // Poorer is refused to be an inner bridge's port: no kind is no veth.
    assert.equal(decoded.value.kind, null, `${length} bytes`);
  }
});
