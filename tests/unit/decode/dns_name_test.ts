import assert from "node:assert/strict";
import { decodeName } from "../../../agent/decode/dns_name.ts";
import { hex } from "../../hex.ts";

const HEADER = "00".repeat(12);

/** Label sequences at byte 12, and the name to read there. */
const READ: readonly { name: string; dump: string; wanted: string }[] = [
  { name: "the root", dump: "00", wanted: "" },
  { name: "one label", dump: "0161 00", wanted: "a" },
  { name: "upper case", dump: "0345 4f54 01 5a 00", wanted: "eot.z" },
  { name: "digits, hyphen, underscore", dump: "045f392d30 00", wanted: "_9-0" },
  { name: "a dot in a label", dump: "03612e62 0163 00", wanted: "a\\046b.c" },
  { name: "a backslash", dump: "015c 00", wanted: "\\092" },
  { name: "a line feed", dump: "010a 00", wanted: "\\010" },
  { name: "a zero byte", dump: "0100 00", wanted: "\\000" },
  { name: "an asterisk", dump: "012a 0161 00", wanted: "\\042.a" },
  { name: "UTF-8", dump: "02c3a9 00", wanted: "\\195\\169" },
  {
    name: "a label of 63 octets",
    dump: "3f" + "61".repeat(63) + "00",
    wanted: "a".repeat(63),
  },
  {
    name: "127 labels, 255 octets",
    dump: "0161".repeat(127) + "00",
    wanted: "a.".repeat(126) + "a",
  },
];

/** Bytes from byte 12, and where in the message to read a name. */
const REFUSED: readonly {
  name: string;
  dump: string;
  at: number;
  why: string;
}[] = [
  { name: "nothing", dump: "", at: 12, why: "stops at byte 12" },
  { name: "half a label", dump: "0361", at: 12, why: "stops at byte 14" },
  { name: "a missing root", dump: "0161", at: 12, why: "stops at byte 14" },
  { name: "half a pointer", dump: "00c0", at: 13, why: "stops at byte 14" },
  {
    name: "a pointer to itself",
    dump: "00c00d",
    at: 13,
    why: "points from byte 13 to byte 13",
  },
  {
    name: "a pointer forwards",
    dump: "c00e00",
    at: 12,
    why: "points from byte 12 to byte 14",
  },
  {
    name: "a pointer to labels it ends",
    dump: "000161c00d",
    at: 13,
    why: "points from byte 13 to byte 13",
  },
  {
    name: "a pointer into labels it ends",
    dump: "00036161 61c00e",
    at: 13,
    why: "points from byte 13 to byte 14",
  },
  {
    name: "a pointer into the header",
    dump: "00c00b",
    at: 13,
    why: "points from byte 13 to byte 11",
  },
  {
    name: "two pointers that point at each other",
    dump: "c00ec00c",
    at: 14,
    why: "points from byte 12 to byte 14",
  },
  { name: "label type 01", dump: "4161", at: 12, why: "has label type 1" },
  { name: "label type 10", dump: "8061", at: 12, why: "has label type 2" },
  {
    name: "128 labels, 257 octets",
    dump: "0161".repeat(128) + "00",
    at: 12,
    why: "is longer than 255 octets",
  },
  {
    name: "256 octets, the last label by a pointer",
    dump: "026262 00" + "0161".repeat(126) + "c00c",
    at: 16,
    why: "is longer than 255 octets",
  },
];

for (const { name, dump, wanted } of READ) {
  Deno.test(`decodeName() reads ${name}`, () => {
    const message = hex(HEADER + dump);
    assert.deepEqual(decodeName(message, 12), {
      ok: true,
      value: { name: wanted, end: message.length },
    });
  });
}

for (const { name, dump, at, why } of REFUSED) {
  Deno.test(`decodeName() refuses ${name}`, () => {
    const wanted = { ok: false, why: `dns name ${why}` };
    assert.deepEqual(decodeName(hex(HEADER + dump), at), wanted);
  });
}

Deno.test("decodeName() ends behind its first pointer", () => {
  // "c" at 12, "b.c" at 15, "a.b.c" at 19.
  const message = hex(`${HEADER} 016300 0162c00c 0161c00f ffff`);
  assert.deepEqual(decodeName(message, 19), {
    ok: true,
    value: { name: "a.b.c", end: 23 },
  });
});

Deno.test("decodeName() reads through 127 pointers and not through 128", () => {
  const message = new Uint8Array(12 + 1 + 128 * 2);
  // The root at byte 12, then pointers, each to the one before.
  for (let index = 0; index < 128; index++) {
    const target = index === 0 ? 12 : 13 + (index - 1) * 2;
    message.set([0xc0 | (target >> 8), target & 0xff], 13 + index * 2);
  }
  const last = message.length - 2;
  assert.deepEqual(decodeName(message, last - 2), {
    ok: true,
    value: { name: "", end: last },
  });
  assert.deepEqual(decodeName(message, last), {
    ok: false,
    why: "dns name has more than 127 pointers",
  });
});

Deno.test("decodeName() writes no two different names alike", () => {
  const seen = new Map<string, number>();
  for (let byte = 0; byte < 256; byte++) {
    const decoded = decodeName(Uint8Array.of(1, byte, 0), 0);
    assert.ok(decoded.ok);
    const { name } = decoded.value;
    const other = seen.get(name);
    const isUpper = other !== undefined && other >= 0x41 && other <= 0x5a;
    assert.ok(
      other === undefined || isUpper && byte === other + 0x20,
      `bytes ${other} and ${byte} are both "${name}"`,
    );
    seen.set(name, byte);
  }
  assert.equal(seen.size, 256 - 26);
});
