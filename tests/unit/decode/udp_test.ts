import assert from "node:assert/strict";
import { decodeUdp, type UdpCoverage } from "../../../agent/decode/udp.ts";
import { hex } from "../../hex.ts";

// Written by hand from RFC 768.
const DATAGRAM = "d83b 0035 000c 0000  deadbeef";

interface Refusal {
  readonly name: string;
  readonly dump: string;
  readonly coverage?: UdpCoverage;
  readonly why: string;
}

const REFUSED: readonly Refusal[] = [
  { name: "nothing", dump: "", why: "udp header is 0 of 8 bytes" },
  {
    name: "a length inside the header",
    dump: DATAGRAM.replace("000c", "0007"),
    why: "udp length is 7 of 12 bytes",
  },
  {
    name: "bytes behind its length",
    dump: DATAGRAM + "00",
    why: "udp length is 12 of 13 bytes",
  },
  {
    name: "bytes behind its length in a first fragment",
    dump: DATAGRAM + "00",
    coverage: "first_fragment",
    why: "udp length is 12 of 13 bytes",
  },
  {
    name: "a first fragment without its ports",
    dump: DATAGRAM.slice(0, 9),
    coverage: "first_fragment",
    why: "udp header is 4 of 8 bytes",
  },
];

Deno.test("decodeUdp() reads ports and payload", () => {
  assert.deepEqual(decodeUdp(hex(DATAGRAM)), {
    ok: true,
    value: {
      sourcePort: 55355,
      destinationPort: 53,
      payload: hex("deadbeef"),
    },
  });
});

Deno.test("decodeUdp() accepts the start of a datagram in a first fragment", () => {
  const decoded = decodeUdp(hex(DATAGRAM).subarray(0, 10), "first_fragment");

  assert.ok(decoded.ok);
  assert.equal(decoded.value.destinationPort, 53);
  assert.deepEqual(decoded.value.payload, hex("dead"));
});

Deno.test("decodeUdp() accepts a datagram without payload", () => {
  const decoded = decodeUdp(hex("d83b 0035 0008 0000"));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.payload.length, 0);
});

for (const { name, dump, coverage, why } of REFUSED) {
  Deno.test(`decodeUdp() refuses ${name}`, () => {
    assert.deepEqual(decodeUdp(hex(dump), coverage), { ok: false, why });
  });
}

Deno.test("decodeUdp() refuses every truncation of a good datagram", () => {
  const datagram = hex(DATAGRAM);
  for (let length = 0; length < datagram.length; length++) {
    const { ok } = decodeUdp(datagram.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});
