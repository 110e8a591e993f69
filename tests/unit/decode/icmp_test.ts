import assert from "node:assert/strict";
import { decodeIcmp } from "../../../agent/decode/icmp.ts";
import { hex } from "../../hex.ts";

/** Captured; the last one by hand from RFC 792. */
const ROWS = [
  { name: "an echo request", dump: "080022c8 1d940001", wanted: [8, 0, 7572] },
  { name: "an echo reply", dump: "00002ac8 1d940001", wanted: [0, 0, 7572] },
  {
    name: "an ICMPv6 echo request",
    dump: "8000bbd0 1d950001 edf2036b",
    wanted: [128, 0, 7573],
  },
  { name: "a closed port", dump: "03030000 00000000", wanted: [3, 3, 0] },
];

for (const { name, dump, wanted } of ROWS) {
  Deno.test(`decodeIcmp() reads ${name}`, () => {
    const [type, code, identifier] = wanted;
    assert.deepEqual(decodeIcmp(hex(dump)), {
      ok: true,
      value: { type, code, identifier },
    });
  });
}

for (let length = 0; length < 8; length++) {
  Deno.test(`decodeIcmp() refuses ${length} bytes`, () => {
    assert.deepEqual(decodeIcmp(new Uint8Array(length)), {
      ok: false,
      why: `icmp header is ${length} of 8 bytes`,
    });
  });
}
