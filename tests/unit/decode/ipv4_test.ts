import assert from "node:assert/strict";
import { decodeIpv4 } from "../../../agent/decode/ipv4.ts";
import { hex } from "../../hex.ts";
import { IPV4_LAST_FRAGMENT } from "./samples.ts";

// Written by hand from RFC 791 section 3.1; addresses are from RFC 5737.
const UDP_PACKET = `
  45 00 0018  1234 4000  40 11 0000   # version, IHL, total 24, DF, TTL, UDP
  c0000201                            # source 192.0.2.1
  c6336402                            # destination 198.51.100.2
  deadbeef                            # payload
`;

// A router alert, RFC 2113, then padding as RFC 791 section 3.1 has it.
const OPTIONS_PACKET = `
  47 00 001c  1234 4000  40 06 0000   # IHL 7, total 28
  c0000201 c6336402
  94 04 0000  01 00 ff ff             # option 148; no operation, end, ignored
`;

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "an empty packet", dump: "", why: "ipv4 header is 0 of 20 bytes" },
  {
    name: "an IPv6 packet",
    dump: UDP_PACKET.replace("45", "65"),
    why: "ipv4 version is 6",
  },
  {
    name: "a header length inside the header",
    dump: UDP_PACKET.replace("45", "44"),
    why: "ipv4 header length is 16",
  },
  {
    name: "a total length inside the header",
    dump: UDP_PACKET.replace("0018", "0013"),
    why: "ipv4 total length is 19",
  },
  {
    name: "a total length of zero, as a segment over 64 KiB has",
    dump: UDP_PACKET.replace("0018", "0000"),
    why: "ipv4 total length is 0",
  },
  {
    name: "trailing bytes the length does not cover",
    dump: UDP_PACKET + "00",
    why: "ipv4 total length is 24 of 25 bytes",
  },
  {
    name: "a loose source route",
    dump: OPTIONS_PACKET.replace("94 04", "83 04"),
    why: "ipv4 option 131 is a source route",
  },
  {
    name: "a strict source route behind other options",
    dump: OPTIONS_PACKET.replace("01 00 ff", "01 89 03"),
    why: "ipv4 option 137 is a source route",
  },
  {
    name: "an option without a length",
    dump: OPTIONS_PACKET.replace("01 00 ff ff", "01 01 01 94"),
    why: "ipv4 option 148 is 0 bytes at 27 of 28",
  },
  {
    name: "an option that would never end",
    dump: OPTIONS_PACKET.replace("94 04", "94 00"),
    why: "ipv4 option 148 is 0 bytes at 20 of 28",
  },
  {
    name: "an option that leaves the header",
    dump: OPTIONS_PACKET.replace("94 04", "94 09"),
    why: "ipv4 option 148 is 9 bytes at 20 of 28",
  },
];

Deno.test("decodeIpv4() reads the fields a verdict depends on", () => {
  assert.deepEqual(decodeIpv4(hex(UDP_PACKET)), {
    ok: true,
    value: {
      source: hex("c0000201"),
      destination: hex("c6336402"),
      protocol: 17,
      fragmentOffset: 0,
      moreFragments: false,
      optionsBytes: 0,
      payload: hex("deadbeef"),
    },
  });
});

Deno.test("decodeIpv4() counts options and passes over them", () => {
  const decoded = decodeIpv4(hex(OPTIONS_PACKET));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.optionsBytes, 8);
  assert.equal(decoded.value.payload.length, 0);
});

for (const options of ["01 01 01 01", "52 04 00 00", "52 02 52 02"]) {
  Deno.test(`decodeIpv4() accepts ${options} as the last options`, () => {
    const dump = OPTIONS_PACKET.replace("01 00 ff ff", options);
    assert.equal(decodeIpv4(hex(dump)).ok, true);
  });
}

Deno.test("decodeIpv4() reads the offset of a captured last fragment", () => {
  const decoded = decodeIpv4(hex(IPV4_LAST_FRAGMENT));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.fragmentOffset * 8, 1480);
  assert.equal(decoded.value.moreFragments, false);
});

Deno.test("decodeIpv4() sees that more fragments follow", () => {
  const decoded = decodeIpv4(hex(UDP_PACKET.replace("4000", "2000")));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.fragmentOffset, 0);
  assert.equal(decoded.value.moreFragments, true);
});

Deno.test("decodeIpv4() gives views, not copies", () => {
  const packet = hex("ffff" + UDP_PACKET.replace(/#.*$/gm, "")).subarray(2);
  const decoded = decodeIpv4(packet);

  assert.ok(decoded.ok);
  assert.equal(decoded.value.payload.buffer, packet.buffer);
  assert.equal(decoded.value.payload.byteOffset, 22);
});

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeIpv4() refuses ${name}`, () => {
    assert.deepEqual(decodeIpv4(hex(dump)), { ok: false, why });
  });
}

for (const dump of [UDP_PACKET, OPTIONS_PACKET, IPV4_LAST_FRAGMENT]) {
  const packet = hex(dump);
  Deno.test(`decodeIpv4() refuses every truncation of ${packet.length} good bytes`, () => {
    for (let length = 0; length < packet.length; length++) {
      const { ok } = decodeIpv4(packet.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}
