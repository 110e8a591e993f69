import assert from "node:assert/strict";
import { isIP } from "node:net";
import fc from "fast-check";
import ipaddr from "ipaddr.js";
import { formatAddress, parseAddress } from "../../../agent/decode/address.ts";
import { hex } from "../../hex.ts";

/** From RFC 5952 sections 1, 4 and 5, RFC 5737 and RFC 4291 section 2.2. */
const CANONICAL: readonly { dump: string; text: string }[] = [
  { dump: "00000000", text: "0.0.0.0" },
  { dump: "c00002ff", text: "192.0.2.255" },
  { dump: "0".repeat(32), text: "::" },
  { dump: "0".repeat(31) + "1", text: "::1" },
  { dump: "20010db8" + "0".repeat(24), text: "2001:db8::" },
  { dump: "20010db8000000010001000100010001", text: "2001:db8:0:1:1:1:1:1" },
  { dump: "20010000000000010000000000000001", text: "2001:0:0:1::1" },
  { dump: "20010db8000000000001000000000001", text: "2001:db8::1:0:0:1" },
  { dump: "20010db800000000000000000002000a", text: "2001:db8::2:a" },
  { dump: "00000000000000000000ffffc0000201", text: "::ffff:192.0.2.1" },
  { dump: "0064ff9b0000000000000000c0000201", text: "64:ff9b::c000:201" },
  { dump: "0100000000000000" + "0000ffffc0000201", text: "100::ffff:c000:201" },
  { dump: "0000000000000000000000ffc0000201", text: "::ff:c000:201" },
  { dump: "000000000000000000000000c0000201", text: "::c000:201" },
  { dump: "ffff".repeat(8), text: "ffff:".repeat(7) + "ffff" },
];

const ACCEPTED: readonly { text: string; dump: string }[] = [
  { text: "2001:DB8::A", dump: "20010db800000000000000000000000a" },
  { text: "2001:0db8::000a", dump: "20010db800000000000000000000000a" },
  { text: "1:2:3:4:5:6:7::", dump: "00010002000300040005000600070000" },
  { text: "::ffff:c000:201", dump: "00000000000000000000ffffc0000201" },
  { text: "1:2:3:4:5:6:192.0.2.1", dump: "000100020003000400050006c0000201" },
];

const REFUSED: readonly { name: string; text: string }[] = [
  { name: "nothing", text: "" },
  { name: "a leading zero", text: "192.0.02.1" },
  { name: "three octets", text: "192.0.2" },
  { name: "five octets", text: "192.0.2.1.1" },
  { name: "an empty octet", text: "192..2.1" },
  { name: "an octet of 256", text: "192.0.2.256" },
  { name: "a sign", text: "192.0.2.+1" },
  { name: "a hexadecimal octet", text: "192.0.2.0x1" },
  { name: "space in front", text: " 192.0.2.1" },
  { name: "space behind", text: "192.0.2.1 " },
  { name: "a line feed behind", text: "2001:db8::1\n" },
  { name: "digits of another script", text: "١٩٢.0.2.1" },
  { name: "a zone", text: "fe80::1%eth0" },
  { name: "a prefix length", text: "2001:db8::/32" },
  { name: "brackets", text: "[2001:db8::1]" },
  { name: "a single colon", text: ":" },
  { name: "three colons", text: ":::" },
  { name: "two gaps", text: "1::2::3" },
  { name: "a gap for no group", text: "1:2:3:4:5:6:7::8" },
  { name: "seven groups", text: "1:2:3:4:5:6:7" },
  { name: "nine groups", text: "1:2:3:4:5:6:7:8:9" },
  { name: "a colon in front", text: ":1:2:3:4:5:6:7" },
  { name: "a colon behind", text: "1:2:3:4:5:6:7:" },
  { name: "five digits", text: "2001:db8::00001" },
  { name: "a letter that is no digit", text: "2001:db8::g" },
  { name: "a quad that is not last", text: "::192.0.2.1:1" },
  { name: "a quad before the gap", text: "192.0.2.1::" },
  { name: "a quad with a leading zero", text: "::ffff:192.0.2.01" },
  { name: "a megabyte of colons", text: ":".repeat(1 << 20) },
];

for (const { dump, text } of CANONICAL) {
  Deno.test(`formatAddress() writes ${text}`, () => {
    assert.equal(formatAddress(hex(dump)), text);
  });
  Deno.test(`parseAddress() reads ${text}`, () => {
    assert.deepEqual(parseAddress(text), hex(dump));
  });
}

for (const { text, dump } of ACCEPTED) {
  Deno.test(`parseAddress() reads ${text}, which is not canonical`, () => {
    assert.deepEqual(parseAddress(text), hex(dump));
  });
}

for (const { name, text } of REFUSED) {
  Deno.test(`parseAddress() refuses ${name}`, () => {
    assert.equal(parseAddress(text), null);
  });
}

for (const length of [0, 1, 3, 5, 15, 17]) {
  Deno.test(`formatAddress() of ${length} bytes is not an address`, () => {
    const text = formatAddress(new Uint8Array(length));
    assert.equal(text, `address of ${length} bytes`);
    assert.equal(parseAddress(text), null);
  });
}

Deno.test("parseAddress() reads back every address that formatAddress() writes", () => {
  // Zeros often, so that runs of them come in every place and length.
  const byte = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 255 }));
  const ipv4 = fc.uint8Array({ minLength: 4, maxLength: 4 });
  const ipv6 = fc.array(byte, { minLength: 16, maxLength: 16 })
    .map((bytes) => Uint8Array.from(bytes));
  fc.assert(
    fc.property(fc.oneof(ipv4, ipv6), (bytes) => {
      const text = formatAddress(bytes);
      assert.deepEqual(parseAddress(text), bytes);
      assert.deepEqual(ipaddr.parse(text).toByteArray(), [...bytes]);
    }),
    { numRuns: 2000 },
  );
});

Deno.test("formatAddress() writes IPv6 as ipaddr.js does", () => {
  const group = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 0xffff }));
  const groups = fc.array(group, { minLength: 8, maxLength: 8 });
  fc.assert(
    fc.property(groups, (parts) => {
      const address = new ipaddr.IPv6(parts);
      fc.pre(!address.isIPv4MappedAddress());
      const bytes = Uint8Array.from(address.toByteArray());
      assert.equal(formatAddress(bytes), address.toRFC5952String());
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseAddress() accepts what inet_pton() does and nothing else", () => {
  const piece = fc.constantFrom(
    ...["0", "1", "9", "25", "255", "256", "a", "F", "db8", "ffff", "00", "01"],
    ...[":", ":", ":", "::", ".", ".", ".", "%", " ", "1.2.3.4", "1:2:3:4"],
  );
  const nearly = fc.array(piece, { maxLength: 16 }).map((all) => all.join(""));
  const text = fc.oneof(nearly, fc.ipV4(), fc.ipV6(), fc.ipV4Extended());
  let accepted = 0;
  fc.assert(
    fc.property(text, (text) => {
      const bytes = parseAddress(text);
      if (bytes !== null) accepted += 1;
      const version = bytes === null ? 0 : bytes.length === 4 ? 4 : 6;
      // Node takes a zone; Sluice does not.
      assert.equal(version, text.includes("%") ? 0 : isIP(text));
    }),
    { numRuns: 5000 },
  );
  assert.ok(accepted > 500, `${accepted} of 5000 were addresses`);
});
