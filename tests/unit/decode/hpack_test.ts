import assert from "node:assert/strict";
import fc from "fast-check";
import { encodeHpack, HpackDecoder } from "../../../agent/decode/hpack.ts";
import { decodeHuffman } from "../../../agent/decode/hpack_huffman.ts";
import { hex } from "../../hex.ts";

/** RFC 7541, C.4: three requests on one connection, packed. */
const REQUESTS = [
  {
    block: "828684418cf1e3c2e5f23a6ba0ab90f4ff",
    more: [],
    path: "/",
    scheme: "http",
  },
  {
    block: "828684be5886a8eb10649cbf",
    more: [["cache-control", "no-cache"]],
    path: "/",
    scheme: "http",
  },
  {
    block: "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
    more: [["custom-key", "custom-value"]],
    path: "/index.html",
    scheme: "https",
  },
];

Deno.test("HpackDecoder reads what RFC 7541 gives as examples", () => {
  const decoder = new HpackDecoder();
  for (const { block, more, path, scheme } of REQUESTS) {
    assert.deepEqual(decoder.decode(hex(block)), {
      ok: true,
      value: [
        [":method", "GET"],
        [":scheme", scheme],
        [":path", path],
        [":authority", "www.example.com"],
        ...more,
      ],
    });
  }
});

for (
  const { name, block } of [
    { name: "an index of nothing", block: "80" },
    { name: "an index that nobody has used", block: "be" },
    { name: "an integer without an end", block: "ffffffffffff" },
    { name: "a text that is too long", block: "400561" },
    { name: "a larger memory than was agreed on", block: "3fe13f" },
    { name: "a change of the memory behind a field", block: "8220" },
  ]
) {
  Deno.test(`HpackDecoder refuses ${name}`, () => {
    assert.equal(new HpackDecoder().decode(hex(block)).ok, false);
  });
}

Deno.test("HpackDecoder forgets what has no room", () => {
  const decoder = new HpackDecoder();
  // Each is 4,033 bytes of 4,096: its value has 4,000.
  const kept = hex(`40016b7fa11e${"61".repeat(4_000)}`);
  assert.equal(decoder.decode(kept).ok, true);
  assert.equal(decoder.decode(hex("be")).ok, true);
  assert.equal(decoder.decode(kept).ok, true);
  assert.equal(decoder.decode(hex("bf")).ok, false);
});

Deno.test("HpackDecoder reads no example that is cut in a field", () => {
  const block = hex(REQUESTS[0]!.block);
  for (let length = 4; length < block.length; length++) {
    const decoded = new HpackDecoder().decode(block.subarray(0, length));
    assert.equal(decoded.ok, false, `${length}`);
  }
});

Deno.test("decodeHuffman() refuses what fills too much, or is no filling", () => {
  assert.equal(
    decodeHuffman(hex("f1e3c2e5f23a6ba0ab90f4ff")),
    "www.example.com",
  );
  assert.equal(decodeHuffman(hex("f1e3c2e5f23a6ba0ab90f4ffff")), null);
  assert.equal(decodeHuffman(hex("00")), null);
  assert.equal(decodeHuffman(hex("ffffffff")), null);
});

Deno.test("encodeHpack() writes what needs no memory, and leaves none", () => {
  const text = fc.string({
    unit: fc.nat(255).map((code) => String.fromCharCode(code)),
    maxLength: 300,
  });
  fc.assert(fc.property(fc.array(fc.tuple(text, text)), (fields) => {
    const decoder = new HpackDecoder();
    const block = encodeHpack(fields);
    assert.deepEqual(decoder.decode(block), { ok: true, value: fields });
    assert.equal(decoder.decode(hex("be")).ok, false);
  }));
});

Deno.test("HpackDecoder reads bytes past ASCII as they are", () => {
  const decoded = new HpackDecoder().decode(hex("00017805809fa0ffe9"));
  assert.deepEqual(decoded, {
    ok: true,
    value: [["x", "\x80\x9f\xa0\xff\xe9"]],
  });
});
