import assert from "node:assert/strict";
import { decodeHostName } from "../../../agent/decode/host_name.ts";
import { ascii } from "./hellos.ts";

const LONGEST = `${"a".repeat(63)}.`.repeat(4).slice(0, 253);

const GOOD: readonly { text: string; name: string }[] = [
  { text: "a", name: "a" },
  { text: "A.Example", name: "a.example" },
  { text: "a.example.", name: "a.example" },
  { text: "_sip._tcp.a-.-b", name: "_sip._tcp.a-.-b" },
  { text: "1.2.3.4.example", name: "1.2.3.4.example" },
  { text: "a.0xg", name: "a.0xg" },
  { text: "a.1a", name: "a.1a" },
  { text: LONGEST, name: LONGEST },
  { text: `${LONGEST}.`, name: LONGEST },
];

for (const { text, name } of GOOD) {
  Deno.test(`decodeHostName() reads ${text}`, () => {
    assert.deepEqual(decodeHostName(ascii(text)), { ok: true, value: name });
  });
}

const REFUSED: readonly { text: string; why: string }[] = [
  { text: "", why: "is empty" },
  { text: ".", why: "has an empty label" },
  { text: "a..b", why: "has an empty label" },
  { text: "a..", why: "has an empty label" },
  { text: "a.b*", why: "has byte 42" },
  { text: "a/b", why: "has byte 47" },
  { text: "a\\b", why: "has byte 92" },
  { text: "[a]", why: "has byte 91" },
  { text: "\x7f", why: "has byte 127" },
  { text: "\u00e4", why: "has byte 228" },
  { text: "1", why: "ends in a number" },
  { text: "0x", why: "ends in a number" },
  { text: "a.0XfF", why: "ends in a number" },
  { text: "127.1", why: "ends in a number" },
  { text: "192.0.2.1.", why: "ends in a number" },
  { text: `${LONGEST}a`, why: "has 254 of at most 253 bytes" },
  {
    text: "a".repeat(64),
    why: "has a label of 64 of at most 63 bytes",
  },
];

for (const { text, why } of REFUSED) {
  Deno.test(`decodeHostName() refuses ${JSON.stringify(text)}`, () => {
    assert.deepEqual(decodeHostName(ascii(text)), {
      ok: false,
      why: `host name ${why}`,
    });
  });
}
