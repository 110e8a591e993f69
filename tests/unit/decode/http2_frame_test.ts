import assert from "node:assert/strict";
import fc from "fast-check";
import {
  decodeHttp2Frame,
  encodeHttp2Frame,
  HTTP2_TYPE,
  pickSettings,
} from "../../../agent/decode/http2_frame.ts";
import { hex } from "../../hex.ts";

// Written by hand from RFC 9113, sections 4.1, 6.1 and 6.5.
const DATA = "000003 00 01 00000005 616263";
const SETTINGS = "00000c 04 00 00000000 0003 00000064 0001 00010000";

Deno.test("decodeHttp2Frame() reads one frame, and nothing behind it", () => {
  assert.deepEqual(decodeHttp2Frame(hex(`${DATA} 0000`)), {
    ok: true,
    value: {
      frame: { type: 0, flags: 1, streamId: 5, payload: hex("616263") },
      length: 12,
    },
  });
});

Deno.test("decodeHttp2Frame() waits at every truncation", () => {
  for (const dump of [DATA, SETTINGS]) {
    const bytes = hex(dump);
    for (let length = 0; length < bytes.length; length++) {
      const decoded = decodeHttp2Frame(bytes.subarray(0, length));
      assert.deepEqual(decoded, { ok: true, value: null }, `${length}`);
    }
  }
});

for (
  const { name, dump } of [
    { name: "more than anybody may send", dump: "004001 00 00 00000001" },
    { name: "a reserved bit", dump: "000000 00 00 80000001" },
    { name: "data of no stream", dump: "000000 00 00 00000000" },
    { name: "fields of no stream", dump: "000000 01 04 00000000" },
    { name: "settings of a stream", dump: "000000 04 00 00000001" },
    { name: "a ping of a stream", dump: "000008 06 00 00000001" },
    { name: "padded data", dump: "000001 00 08 00000001 00" },
    { name: "padded fields", dump: "000001 01 0c 00000001 00" },
    { name: "half a setting", dump: "000003 04 00 00000000 000300" },
    {
      name: "an answer with settings",
      dump: "000006 04 01 00000000 000300000064",
    },
    { name: "a short ping", dump: "000001 06 00 00000000 00" },
    { name: "a long reset", dump: "000005 03 00 00000001 0000000000" },
    { name: "a window of nothing", dump: "000004 08 00 00000001 80000000" },
    { name: "a short end", dump: "000004 07 00 00000000 00000000" },
    { name: "a short weight", dump: "000004 02 00 00000001 00000000" },
  ]
) {
  Deno.test(`decodeHttp2Frame() refuses ${name}`, () => {
    assert.equal(decodeHttp2Frame(hex(dump)).ok, false);
  });
}

Deno.test("encodeHttp2Frame() writes what decodeHttp2Frame() reads", () => {
  assert.deepEqual(
    encodeHttp2Frame({
      type: HTTP2_TYPE.DATA,
      ...{ flags: 1, streamId: 5, payload: hex("616263") },
    }),
    hex(DATA),
  );
  fc.assert(
    fc.property(
      fc.nat(255),
      fc.integer({ min: 1, max: 0x7fff_ffff }),
      fc.uint8Array({ maxLength: 300 }),
      (flags, streamId, payload) => {
        const type = 0x20;
        const frame = { type, flags, streamId, payload };
        const bytes = encodeHttp2Frame(frame);
        const decoded = decodeHttp2Frame(bytes);
        assert.ok(decoded.ok && decoded.value !== null);
        assert.deepEqual(decoded.value.frame, frame);
        assert.equal(decoded.value.length, bytes.length);
      },
    ),
  );
});

Deno.test("pickSettings() leaves out what was not asked for", () => {
  const payload = hex(SETTINGS).subarray(9);
  assert.deepEqual(pickSettings(payload, new Set([3])), hex("000300000064"));
  assert.deepEqual(pickSettings(payload, new Set()), new Uint8Array(0));
});
