import assert from "node:assert/strict";
import { decodeIpv6 } from "../../../agent/decode/ipv6.ts";
import { hex } from "../../hex.ts";
import { IPV6_LAST_FRAGMENT } from "./samples.ts";

const SOURCE = "20010db8000000000000000000000001";
const DESTINATION = "20010db8000000000000000000000002";

/** A packet of these headers, by hand from RFC 8200 section 3. */
function packetOf(first: string, rest: string): string {
  const length = hex(rest).length.toString(16).padStart(4, "0");
  return `60000000 ${length} ${first} 40 ${SOURCE} ${DESTINATION} ${rest}`;
}

// Next header first, then length; RFC 8200 sections 4.2 to 4.6.
const HOP_BY_HOP = "00 0502 0000 0100"; // router alert, RFC 2711, and padding
const CHAIN = packetOf(
  "00",
  `2b ${HOP_BY_HOP}                   # hop-by-hop, then routing
   3c 00 03 00 00000000               # routing, no segments left
   33 01 0104 00000000 0106 000000000000  # destination options, 16 bytes
   2c 04 0000 00000001 00000001 000000000000000000000000  # AH of 24 bytes
   87 00 0000 00000007                # an atomic fragment
   8b 00 0000 00000000                # mobility
   8c 00 0000 00000000                # HIP
   06 00 0000 00000000                # shim6
   deadbeef`,
);

const PLAIN = packetOf("3a", "8000bbd0 1d950001");

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "an empty packet", dump: "", why: "ipv6 header is 0 of 40 bytes" },
  {
    name: "an IPv4 packet",
    dump: PLAIN.replace("60", "45"),
    why: "ipv6 version is 4",
  },
  {
    name: "trailing bytes the length does not cover",
    dump: PLAIN + "00",
    why: "ipv6 total length is 48 of 49 bytes",
  },
  {
    name: "a payload length of zero over bytes, as a jumbogram has",
    dump: PLAIN.replace("0008", "0000"),
    why: "ipv6 total length is 40 of 48 bytes",
  },
  {
    name: "a jumbo payload option",
    dump: packetOf("00", "3b 00 c204 00010000"),
    why: "ipv6 has a jumbo payload",
  },
  {
    name: "a jumbo payload option behind one byte of padding",
    dump: packetOf("00", "3b 00 00 c2 03 000100"),
    why: "ipv6 has a jumbo payload",
  },
  {
    name: "an extension header that is not there",
    dump: packetOf("3c", ""),
    why: "ipv6 extension header 60 is 0 of 8 bytes",
  },
  {
    name: "an extension header that leaves the packet",
    dump: packetOf("3c", "06 01 0104 00000000"),
    why: "ipv6 extension header 60 is 8 of 16 bytes",
  },
  {
    name: "an authentication header that leaves the packet",
    dump: packetOf("33", "06 01 0000 00000001"),
    why: "ipv6 extension header 51 is 8 of 12 bytes",
  },
  {
    name: "an option that leaves its header",
    dump: packetOf("3c", "3b 00 0105 00000000"),
    why: "ipv6 option 1 ends 1 bytes too late",
  },
  {
    name: "an option without a length",
    dump: packetOf("3c", "3b 00 0103 000000 05"),
    why: "ipv6 option 5 ends 1 bytes too late",
  },
  {
    name: "a hop-by-hop header behind another",
    dump: packetOf("3c", `00 00 0104 00000000 3b ${HOP_BY_HOP}`),
    why: "ipv6 hop-by-hop header is not the first",
  },
  {
    name: "a routing header with a stop still to come",
    dump: packetOf("2b", `3b 02 00 01 00000000 ${DESTINATION}`),
    why: "ipv6 routing header has 1 segments left",
  },
  {
    name: "two fragment headers",
    dump: packetOf("2c", "2c00 0001 00000001  3b00 0001 00000001"),
    why: "ipv6 has two fragment headers",
  },
  {
    name: "nine extension headers",
    dump: packetOf(
      "3c",
      "3c 00 0104 00000000".repeat(8) + "3b 00 0104 00000000",
    ),
    why: "ipv6 has more than 8 extension headers",
  },
];

/** 192.0.2.1 as an IPv6 socket shows it, RFC 4291 section 2.5.5.2. */
const MAPPED = "00000000000000000000ffffc0000201";

for (const [name, address] of [["from", SOURCE], ["to", DESTINATION]]) {
  for (const dump of [PLAIN, CHAIN]) {
    Deno.test(`decodeIpv6() refuses a packet of ${hex(dump).length} bytes ${name} an IPv4-mapped address`, () => {
      const packet = dump.replace(address!, MAPPED);
      assert.deepEqual(decodeIpv6(hex(packet)), {
        ok: false,
        why: "ipv6 address is IPv4-mapped",
      });
    });
  }
}

/** Like a mapped address, but one bit. */
const NOT_MAPPED: readonly string[] = [
  "80000000000000000000ffffc0000201",
  "00000000000000000001ffffc0000201",
  "000000000000000000007fffc0000201",
  "00000000000000000000fffec0000201",
  // Translated, RFC 6052 section 2.1, and compatible, RFC 4291 2.5.5.1.
  "0064ff9b0000000000000000c0000201",
  "000000000000000000000000c0000201",
];

for (const address of NOT_MAPPED) {
  Deno.test(`decodeIpv6() reads ${address}, which is not IPv4-mapped`, () => {
    const packet = PLAIN.replace(SOURCE, address)
      .replace(DESTINATION, address);
    const decoded = decodeIpv6(hex(packet));

    assert.ok(decoded.ok);
    assert.deepEqual(decoded.value.source, hex(address));
    assert.deepEqual(decoded.value.destination, hex(address));
  });
}

Deno.test("decodeIpv6() reads the fields a verdict depends on", () => {
  assert.deepEqual(decodeIpv6(hex(PLAIN)), {
    ok: true,
    value: {
      source: hex(SOURCE),
      destination: hex(DESTINATION),
      protocol: 58,
      fragmentHeader: false,
      fragmentOffset: 0,
      moreFragments: false,
      optionsBytes: 0,
      payload: hex("8000bbd0 1d950001"),
    },
  });
});

Deno.test("decodeIpv6() walks all eight kinds of extension header", () => {
  const decoded = decodeIpv6(hex(CHAIN));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.protocol, 6);
  assert.equal(decoded.value.fragmentHeader, true);
  assert.equal(decoded.value.optionsBytes, 8 * 6 + 16 + 24);
  assert.deepEqual(decoded.value.payload, hex("deadbeef"));
});

Deno.test("decodeIpv6() stops at a captured last fragment's header", () => {
  const decoded = decodeIpv6(hex(IPV6_LAST_FRAGMENT));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.protocol, 58);
  assert.equal(decoded.value.fragmentHeader, true);
  assert.equal(decoded.value.fragmentOffset * 8, 1448);
  assert.equal(decoded.value.moreFragments, false);
  assert.equal(decoded.value.optionsBytes, 8);
  assert.equal(decoded.value.payload.length, 60);
});

Deno.test("decodeIpv6() does not read headers in the middle of a packet", () => {
  // Destination options by name, but at offset 8 they would be payload.
  const decoded = decodeIpv6(hex(packetOf("2c", "3c00 0009 00000001 3cff")));

  assert.ok(decoded.ok);
  assert.equal(decoded.value.protocol, 60);
  assert.equal(decoded.value.moreFragments, true);
  assert.deepEqual(decoded.value.payload, hex("3cff"));
});

for (const protocol of [50, 59, 132, 255]) {
  Deno.test(`decodeIpv6() stops at protocol ${protocol}`, () => {
    const first = protocol.toString(16);
    const decoded = decodeIpv6(hex(packetOf(first, "0600000000000000")));

    assert.ok(decoded.ok);
    assert.equal(decoded.value.protocol, protocol);
    assert.equal(decoded.value.optionsBytes, 0);
  });
}

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeIpv6() refuses ${name}`, () => {
    assert.deepEqual(decodeIpv6(hex(dump)), { ok: false, why });
  });
}

for (const dump of [PLAIN, CHAIN, IPV6_LAST_FRAGMENT]) {
  const packet = hex(dump);
  Deno.test(`decodeIpv6() refuses every truncation of ${packet.length} good bytes`, () => {
    for (let length = 0; length < packet.length; length++) {
      const { ok } = decodeIpv6(packet.subarray(0, length));
      assert.equal(ok, false, `${length} bytes`);
    }
  });
}

Deno.test("decodeIpv6() refuses every truncation of a chain, lengths made to fit", () => {
  const packet = hex(CHAIN);
  const headers = packet.length - 4;
  for (let length = 40; length < headers; length++) {
    const cut = packet.slice(0, length);
    new DataView(cut.buffer).setUint16(4, length - 40);
    assert.equal(decodeIpv6(cut).ok, false, `${length} bytes`);
  }
});
