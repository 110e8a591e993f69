import assert from "node:assert/strict";
import { decodeSvcb } from "../../../agent/decode/dns_svcb.ts";
import { hex } from "../../hex.ts";

/** "foo.example.com." of the samples in RFC 9460 appendix D. */
const FOO = "03 666f6f 07 6578616d706c65 03 636f6d 00";

/**
 * By hand from RFC 9460 section 2.2, as servers that offer ECH answer: 1 .
 * alpn=h3,h2 ipv4hint=192.0.2.1,192.0.2.2 ech=… ipv6hint=2001:db8::1
 */
const HTTPS_RECORD = `
  0001 00
  0001 0006 02 6833 02 6832
  0004 0008 c0000201 c0000202
  0005 0006 0004 fe0d 0000
  0006 0010 20010db8000000000000000000000001
`;

const READ: readonly {
  name: string;
  dump: string;
  value: unknown;
}[] = [
  {
    name: "an HTTPS record with ECH",
    dump: HTTPS_RECORD,
    value: {
      priority: 1,
      target: "",
      ech: true,
      hints: [
        hex("c0000201"),
        hex("c0000202"),
        hex("20010db8000000000000000000000001"),
      ],
    },
  },
  {
    name: "an alias, figure 2 of appendix D",
    dump: `0000 ${FOO}`,
    value: { priority: 0, target: "foo.example.com", ech: false, hints: [] },
  },
  {
    name: "no parameter, figure 3 of appendix D",
    dump: "0001 00",
    value: { priority: 1, target: "", ech: false, hints: [] },
  },
  {
    name: "a port, figure 4 of appendix D",
    dump: `0010 ${FOO} 0003 0002 0035`,
    value: { priority: 16, target: "foo.example.com", ech: false, hints: [] },
  },
  {
    name: "a key that has no name, figure 5 of appendix D",
    dump: `0001 ${FOO} 029b 0005 68656c6c6f`,
    value: { priority: 1, target: "foo.example.com", ech: false, hints: [] },
  },
  {
    name: "two IPv6 hints, figure 7 of appendix D",
    dump: `0001 ${FOO} 0006 0020
      20010db8000000000000000000000001 20010db8000000000000000000530001`,
    value: {
      priority: 1,
      target: "foo.example.com",
      ech: false,
      hints: [
        hex("20010db8000000000000000000000001"),
        hex("20010db8000000000000000000530001"),
      ],
    },
  },
  {
    name: "mandatory keys, figure 9 of appendix D",
    dump: `0010 03 666f6f 07 6578616d706c65 03 6f7267 00
      0000 0004 0001 0004  0001 0009 02 6832 05 68332d3139
      0004 0004 c0000201`,
    value: {
      priority: 16,
      target: "foo.example.org",
      ech: false,
      hints: [hex("c0000201")],
    },
  },
  {
    name: "ECH without a configuration",
    dump: "0001 00 0005 0000",
    value: { priority: 1, target: "", ech: true, hints: [] },
  },
  {
    name: "ECH in an alias",
    dump: "0000 00 0005 0001 aa",
    value: { priority: 0, target: "", ech: true, hints: [] },
  },
  {
    name: "ECH as the first of many keys",
    dump: "0001 00 0005 0001 aa 0007 0000 ffff 0000",
    value: { priority: 1, target: "", ech: true, hints: [] },
  },
];

for (const { name, dump, value } of READ) {
  Deno.test(`decodeSvcb() reads ${name}`, () => {
    assert.deepEqual(decodeSvcb(hex(dump)), { ok: true, value });
  });
}

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "nothing", dump: "", why: "dns svcb data is 0 of 2 bytes" },
  {
    name: "no target",
    dump: "0001",
    why: "dns svcb target stops at byte 2",
  },
  {
    name: "a target without its end",
    dump: "0001 03 666f6f",
    why: "dns svcb target stops at byte 6",
  },
  {
    name: "a label that leaves the data",
    dump: "0001 05 666f6f",
    why: "dns svcb target stops at byte 6",
  },
  {
    name: "a compressed target",
    dump: "0001 c000",
    why: "dns svcb target has label type 3",
  },
  {
    name: "a compressed end of a target",
    dump: "0001 0b 6161616161616161616161 c002",
    why: "dns svcb target has label type 3",
  },
  {
    name: "a target of more than 255 octets",
    dump: `0001 ${`3f ${"61".repeat(63)}`.repeat(4)} 00`,
    why: "dns name is longer than 255 octets",
  },
  {
    name: "a parameter without its length",
    dump: "0001 00 0005 00",
    why: "dns svcb stops at byte 6",
  },
  {
    name: "a parameter that leaves the data",
    dump: "0001 00 0005 0004 010203",
    why: "dns svcb parameter 5 stops at byte 10 of 11",
  },
  {
    name: "a key that is there twice",
    dump: "0001 00 0005 0000 0005 0000",
    why: "dns svcb parameter 5 follows 5",
  },
  {
    name: "keys out of order, which some clients would read",
    dump: "0001 00 0006 0010 20010db8000000000000000000000001 0005 0001 aa",
    why: "dns svcb parameter 5 follows 6",
  },
  {
    name: "an IPv4 hint of five bytes",
    dump: "0001 00 0004 0005 c000020101",
    why: "dns svcb hint has 5 bytes",
  },
  {
    name: "a hint without an address",
    dump: "0001 00 0006 0000",
    why: "dns svcb hint has 0 bytes",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeSvcb() refuses ${name}`, () => {
    assert.deepEqual(decodeSvcb(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeSvcb() refuses or shortens every truncation of a good record", () => {
  const data = hex(HTTPS_RECORD);
  const ends: number[] = [];
  for (let length = 0; length < data.length; length++) {
    if (decodeSvcb(data.subarray(0, length)).ok) ends.push(length);
  }

  // After the target and after each parameter the data would be whole.
  assert.deepEqual(ends, [3, 13, 25, 35]);
});
