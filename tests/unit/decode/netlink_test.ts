import assert from "node:assert/strict";
import {
  decodeAttributes,
  decodeNetlink,
  decodeNetlinkError,
  findAttribute,
  NETLINK_TYPE,
} from "../../../agent/decode/netlink.ts";
import { hex } from "../../hex.ts";
import {
  DIAG_IPV4,
  NETLINK_ACK,
  NETLINK_ERROR,
  QUEUED_IPV4_SYN,
} from "./samples.ts";

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  {
    name: "half a header",
    dump: "10000000 0300 0000",
    why: "netlink header is 8 of 16 bytes",
  },
  {
    name: "a message of no length, which would never end",
    dump: "00000000 0300 0000 00000000 00000000",
    why: "netlink message is 0 of 16 bytes",
  },
  {
    name: "a message that leaves the datagram",
    dump: "11000000 0300 0000 00000000 00000000",
    why: "netlink message is 17 of 16 bytes",
  },
  {
    name: "a length with its top bit set",
    dump: "ffffffff 0300 0000 00000000 00000000",
    why: "netlink message is 4294967295 of 16 bytes",
  },
  {
    name: "bytes behind the last message",
    dump: "10000000 0300 0000 00000000 00000000 00",
    why: "netlink header is 1 of 16 bytes",
  },
];

const REFUSED_ATTRIBUTES = [
  {
    name: "a length past the end, behind another",
    dump: "0400 0100 0900 0200 00000000",
    why: "9 of 8 bytes",
  },
  { name: "half a header", dump: "0800", why: "0 of 2 bytes" },
  { name: "no length", dump: "0000 0100", why: "0 of 4 bytes" },
  {
    name: "a length inside the header",
    dump: "0300 0100",
    why: "3 of 4 bytes",
  },
  {
    name: "a length past the end",
    dump: "0900 0100 00000000",
    why: "9 of 8 bytes",
  },
];

Deno.test("decodeNetlink() reads a captured message", () => {
  const bytes = hex(DIAG_IPV4);
  assert.deepEqual(decodeNetlink(bytes), {
    ok: true,
    value: [{
      type: 20,
      flags: 0,
      sequence: 5,
      portId: 0x1d98,
      payload: bytes.subarray(16),
    }],
  });
});

Deno.test("decodeNetlink() splits messages at multiples of four bytes", () => {
  const dump = `
    13000000 1400 0200 06000000 00000000 aabbcc 00
    10000000 0300 0200 06000000 00000000
  `;
  const decoded = decodeNetlink(hex(dump));

  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value.map(({ type }) => type), [
    20,
    NETLINK_TYPE.DONE,
  ]);
  assert.deepEqual(decoded.value[0]?.payload, hex("aabbcc"));
});

Deno.test("decodeNetlink() does without the last message's padding", () => {
  const decoded = decodeNetlink(hex("11000000 0300 0000 00000000 00000000 aa"));

  assert.ok(decoded.ok);
  assert.deepEqual(decoded.value[0]?.payload, hex("aa"));
});

Deno.test("decodeNetlink() finds no message in an empty datagram", () => {
  assert.deepEqual(decodeNetlink(new Uint8Array(0)), { ok: true, value: [] });
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeNetlink() refuses ${name}`, () => {
    assert.deepEqual(decodeNetlink(hex(dump)), { ok: false, why });
  });
}

for (const dump of [DIAG_IPV4, QUEUED_IPV4_SYN]) {
  const datagram = hex(dump);
  Deno.test(`decodeNetlink() refuses every truncation of ${datagram.length} good bytes`, () => {
    for (let length = 1; length < datagram.length; length++) {
      const { ok } = decodeNetlink(datagram.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}

for (
  const { name, dump, errno, type, sequence } of [
    {
      name: "ENOENT for a verdict",
      dump: NETLINK_ERROR,
      errno: 2,
      type: 0x0301,
      sequence: 77,
    },
    {
      name: "the acknowledgement of a bind",
      dump: NETLINK_ACK,
      errno: 0,
      type: 0x0302,
      sequence: 1,
    },
  ]
) {
  Deno.test(`decodeNetlinkError() reads ${name}`, () => {
    const decoded = decodeNetlink(hex(dump));

    assert.ok(decoded.ok);
    const [message] = decoded.value;
    assert.equal(message?.type, NETLINK_TYPE.ERROR);
    assert.deepEqual(decodeNetlinkError(message.payload), {
      ok: true,
      value: { errno, of: { type, sequence } },
    });
  });
}

Deno.test("decodeNetlinkError() refuses a positive error", () => {
  const why = "netlink error is 1";
  const dump = "01000000" + "00".repeat(16);
  assert.deepEqual(decodeNetlinkError(hex(dump)), { ok: false, why });
});

Deno.test("decodeNetlinkError() refuses every truncation of a good error", () => {
  const payload = hex(NETLINK_ACK).subarray(16);
  for (let length = 0; length < payload.length; length++) {
    assert.deepEqual(decodeNetlinkError(payload.subarray(0, length)), {
      ok: false,
      why: `netlink error is ${length} of 20 bytes`,
    });
  }
});

Deno.test("decodeAttributes() reads captured attributes without their padding", () => {
  assert.deepEqual(decodeAttributes(hex(DIAG_IPV4).subarray(16 + 72)), {
    ok: true,
    value: [
      { type: 8, payload: hex("00") },
      { type: 15, payload: hex("00000000") },
      { type: 21, payload: hex("0100000000000000") },
      { type: 22, payload: hex("5200") },
    ],
  });
});

for (const { name, dump, why } of REFUSED_ATTRIBUTES) {
  Deno.test(`decodeAttributes() refuses an attribute with ${name}`, () => {
    assert.deepEqual(decodeAttributes(hex(dump)), {
      ok: false,
      why: `netlink attribute is ${why}`,
    });
  });
}

Deno.test("findAttribute() looks past the flag bits of a type", () => {
  // NLA_F_NESTED and NLA_F_NET_BYTEORDER.
  const bytes = hex("0500 01c0 aa 000000  0500 0180 bb");
  assert.deepEqual(findAttribute(bytes, 1), hex("aa"));
});

Deno.test("findAttribute() is null when there is none of that type", () => {
  assert.equal(findAttribute(hex("0500 0100 aa"), 2), null);
});

Deno.test("findAttribute() is null when the run is broken", () => {
  assert.equal(findAttribute(hex("0500 0100 aa 000000 0000 0200"), 1), null);
});
