import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeJson, encodeJson } from "../../../agent/decode/strict_json.ts";

const GOOD = '{"a":[1,-2.5e3,true,null,"x\\u00e9\\n"],"__proto__":{"b":""}}';

/** By what is said of them. RFC 8259, and what Go and JavaScript differ in. */
const REFUSED: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  "json is malformed": {
    "nothing": "",
    "a comma too many": "[1,]",
    "a comma in an object": '{"a":1,}',
    "a name without quotes": "{a:1}",
    "a zero in front": "[01]",
    "a plus in front": "+1",
    "no number": "NaN",
    "a line end in a text": '"\n"',
    "a comment": "/**/1",
    "a byte order mark": "\ufeff1",
    "an unknown escape": '"\\x"',
  },
  "json goes on behind its value": { "two values": "{} {}" },
  'json has "a" twice in one object': {
    "a name that is there twice": '{"a":1,"\\u0061":2}',
  },
  "json has half a character": { "half a character": '"\\ud800"' },
  "json has a NUL in a text": { "a NUL": '"\\u0000"' },
  "json has too large a number": {
    "the number 1e999": "1e999",
    "the number -1e16": "-1e16",
  },
  "json is too deep": {
    "what is too deep": `${"[".repeat(70)}${"]".repeat(70)}`,
  },
};

Deno.test("decodeJson() reads what JSON.parse() reads", () => {
  const decoded = decodeJson(new TextEncoder().encode(GOOD));

  assert.ok(decoded.ok);
  assert.equal(encodeJson(decoded.value), JSON.stringify(JSON.parse(GOOD)));
});

for (const [why, texts] of Object.entries(REFUSED)) {
  for (const [name, text] of Object.entries(texts)) {
    Deno.test(`decodeJson() refuses ${name}`, () => {
      const bytes = new TextEncoder().encode(text);
      assert.deepEqual(decodeJson(bytes), { ok: false, why });
    });
  }
}

Deno.test("decodeJson() refuses bytes that are not UTF-8", () => {
  const decoded = decodeJson(Uint8Array.of(0x22, 0xff, 0x22));
  assert.deepEqual(decoded, { ok: false, why: "json is not UTF-8" });
});

Deno.test("decodeJson() refuses every truncation", () => {
  const bytes = new TextEncoder().encode(GOOD);
  for (let length = 0; length < bytes.length; length++) {
    assert.equal(decodeJson(bytes.subarray(0, length)).ok, false, `${length}`);
  }
});

Deno.test("decodeJson() keeps whole numbers that a double does not hold", () => {
  const text = "[9223372036854775807,-9223372036854775808,9007199254740991]";
  const decoded = decodeJson(new TextEncoder().encode(text));

  assert.ok(decoded.ok);
  assert.equal(encodeJson(decoded.value), text);
});

Deno.test("decodeJson() reads a text of a megabyte in time", () => {
  const text = `"${"é\\n".repeat(300_000)}"`;
  const decoded = decodeJson(new TextEncoder().encode(text));
  assert.equal(decoded.ok, true);
});

Deno.test("decodeJson() agrees with JSON.parse() about all that it reads", () => {
  fc.assert(fc.property(fc.jsonValue({ maxDepth: 8 }), (value) => {
    const text = JSON.stringify(value);
    const decoded = decodeJson(new TextEncoder().encode(text));
    // Nulls and halves of characters are all that JSON has more.
    if (!decoded.ok) return assert.match(decoded.why, /NUL|half|too large/);
    const written = encodeJson(decoded.value);
    assert.deepEqual(JSON.parse(written), JSON.parse(text));
  }));
});
