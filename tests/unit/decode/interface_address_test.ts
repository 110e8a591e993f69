import assert from "node:assert/strict";
import { decodeInterfaceAddress } from "../../../agent/decode/interface_address.ts";
import { hex } from "../../hex.ts";
import { ADDRESS_PEER, ADDRESS_V4, ADDRESS_V6 } from "./rtnetlink_samples.ts";

const FIXED_BYTES = 8;

const ROWS: readonly {
  name: string;
  dump: string;
  index: number;
  address: string;
  prefixBits: number;
}[] = [
  {
    name: "a captured IPv4 address",
    dump: ADDRESS_V4,
    index: 2,
    address: "c0000201",
    prefixBits: 24,
  },
  {
    name: "a captured IPv6 address",
    dump: ADDRESS_V6,
    index: 2,
    address: "20010db8000000000000000000000001",
    prefixBits: 64,
  },
  {
    // The prefix is the peer's: behind the interface is what is over there.
    name: "the far end of a captured address with a peer",
    dump: ADDRESS_PEER,
    index: 2,
    address: "c6336407",
    prefixBits: 32,
  },
  {
    name: "a prefix that holds every IPv4 address",
    dump: "02 00 00 00 01000000  0800 0100 c0000201",
    index: 1,
    address: "c0000201",
    prefixBits: 0,
  },
  {
    name: "a whole IPv6 address as its own network",
    dump: "0a 80 00 00 01000000  1400 0100 20010db8000000000000000000000001",
    index: 1,
    address: "20010db8000000000000000000000001",
    prefixBits: 128,
  },
  {
    name: "an index past the sign bit",
    dump: "02 18 00 00 030000f0  0800 0100 c0000201",
    index: 0xf000_0003,
    address: "c0000201",
    prefixBits: 24,
  },
  {
    name: "the first of two addresses",
    dump: "02 18 00 00 01000000  0800 0100 c0000201  0800 0100 c6336401",
    index: 1,
    address: "c0000201",
    prefixBits: 24,
  },
];

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  {
    name: "no attributes",
    dump: "02 18 00 00 01000000",
    why: "address is missing",
  },
  {
    name: "a local address alone",
    dump: "02 18 00 00 01000000  0800 0200 c0000201",
    why: "address is missing",
  },
  {
    name: "an address of three bytes",
    dump: "02 18 00 00 01000000  0700 0100 c00002 00",
    why: "address is missing",
  },
  {
    name: "an address of five bytes",
    dump: "02 18 00 00 01000000  0900 0100 c000020100 000000",
    why: "address is missing",
  },
  {
    name: "an empty address",
    dump: "02 18 00 00 01000000  0400 0100",
    why: "address is missing",
  },
  {
    name: "an attribute that leaves the message",
    dump: "02 18 00 00 01000000  0800 0100 c0000201  0900 0200 c0000201",
    why: "address is missing",
  },
  {
    name: "an IPv4 prefix of 33 bits",
    dump: "02 21 00 00 01000000  0800 0100 c0000201",
    why: "address prefix is 33 bits",
  },
  {
    name: "an IPv6 prefix of 129 bits",
    dump: "0a 81 00 00 01000000  1400 0100 20010db8000000000000000000000001",
    why: "address prefix is 129 bits",
  },
  {
    name: "an IPv4 address under an IPv6 prefix",
    dump: "0a 40 00 00 01000000  0800 0100 c0000201",
    why: "address prefix is 64 bits",
  },
];

for (const { name, dump, index, address, prefixBits } of ROWS) {
  Deno.test(`decodeInterfaceAddress() reads ${name}`, () => {
    assert.deepEqual(decodeInterfaceAddress(hex(dump)), {
      ok: true,
      value: { index, address: hex(address), prefixBits },
    });
  });
}

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeInterfaceAddress() refuses ${name}`, () => {
    assert.deepEqual(decodeInterfaceAddress(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeInterfaceAddress() reads a view into a larger buffer", () => {
  const payload = hex(ADDRESS_V4);
  const buffer = new Uint8Array(payload.length + 40).fill(0xff);
  buffer.set(payload, 7);
  const decoded = decodeInterfaceAddress(
    buffer.subarray(7, 7 + payload.length),
  );
  const value = { index: 2, address: hex("c0000201"), prefixBits: 24 };
  assert.deepEqual(decoded, { ok: true, value });
});

Deno.test("decodeInterfaceAddress() refuses every truncation of the fixed part", () => {
  const payload = hex(ADDRESS_V4);
  for (let length = 0; length < FIXED_BYTES; length++) {
    assert.deepEqual(decodeInterfaceAddress(payload.subarray(0, length)), {
      ok: false,
      why: `address is ${length} of 8 bytes`,
    });
  }
});

for (const [dump, family] of [[ADDRESS_V4, 4], [ADDRESS_V6, 6]] as const) {
  Deno.test(`decodeInterfaceAddress() refuses every truncation inside an IPv${family} attribute`, () => {
    const payload = hex(dump);
    const whole = decodeInterfaceAddress(payload);
    let ends = 0;
    for (let length = FIXED_BYTES; length < payload.length; length++) {
      const decoded = decodeInterfaceAddress(payload.subarray(0, length));
      if (!decoded.ok) continue;
      // Nothing is cut here: an attribute ends, and the next is not there.
      assert.deepEqual(decoded, whole);
      ends++;
    }
    const behindAddress = family === 4 ? 4 : 2;
    assert.equal(ends, behindAddress);
  });
}
