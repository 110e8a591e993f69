import assert from "node:assert/strict";
import fc from "fast-check";
import {
  HTTP2_PREFACE,
  type Http2Event,
  Http2Reader,
} from "../../../agent/decode/http2_reader.ts";
import { hex } from "../../hex.ts";

// The fields are RFC 7541's, C.4.1 and C.4.2, of streams 1 and 3.
const FIRST = "828684418cf1e3c2e5f23a6ba0ab90f4ff";
const SECOND = "828684be5886a8eb10649cbf";
const GOOD = hex(`
  505249202a20485454502f322e300d0a0d0a534d0d0a0d0a
  000000 04 00 00000000                       # settings
  000005 01 01 00000001 ${FIRST.slice(0, 10)}  # fields, whose stream ends
  00000c 09 04 00000001 ${FIRST.slice(10)}     # and their rest
  000011 01 24 00000003 8000000010 ${SECOND}   # fields, and a weight
  000002 00 01 00000003 6869                  # data
  000004 08 00 00000000 00000010              # a window
`);

/** What comes of pieces; views are copied before they die. */
function readAll(pieces: readonly Uint8Array[], isClient = true) {
  const reader = new Http2Reader(isClient);
  const events: Http2Event[] = [];
  for (const piece of pieces) {
    const bytes = piece.slice();
    const read = reader.read(bytes);
    if (!read.ok) return read.why;
    events.push(...structuredClone(read.value));
    bytes.fill(0xff);
  }
  return events;
}

Deno.test("Http2Reader reads what a client says", () => {
  const events = readAll([GOOD]);
  assert.ok(typeof events !== "string");
  assert.deepEqual(
    events.map((event) =>
      event.kind === "fields"
        ? [event.streamId, event.isEnd, event.fields.length]
        : event.frame.type
    ),
    [4, [1, true, 4], [3, false, 5], 0, 8],
  );
});

Deno.test("Http2Reader reads the same, however it comes", () => {
  const whole = readAll([GOOD]);
  for (let at = 0; at <= GOOD.length; at++) {
    assert.deepEqual(readAll([GOOD.subarray(0, at), GOOD.subarray(at)]), whole);
  }
  const bytes = Array.from(GOOD, (byte) => Uint8Array.of(byte));
  assert.deepEqual(readAll(bytes), whole);
});

Deno.test("Http2Reader says of a part what the whole begins with", () => {
  const whole = readAll([GOOD]) as Http2Event[];
  for (let length = 0; length < GOOD.length; length++) {
    const events = readAll([GOOD.subarray(0, length)]);
    assert.deepEqual(events, whole.slice(0, events.length), `${length}`);
    assert.ok(events.length < whole.length);
  }
});

const PREFACE = "505249202a20485454502f322e300d0a0d0a534d0d0a0d0a";

for (
  const { name, dump, isClient = true } of [
    { name: "another beginning", dump: PREFACE.replace("50", "51") },
    { name: "no beginning", dump: "000000 04 00 00000000" },
    {
      name: "data between fields",
      dump: `${PREFACE} 000001 01 00 00000001 82 000000 00 00 00000001`,
    },
    {
      name: "fields of another stream between fields",
      dump: `${PREFACE} 000001 01 00 00000001 82 000001 09 04 00000003 86`,
    },
    {
      name: "fields that begin between fields",
      dump: `${PREFACE} 000001 01 00 00000001 82 000001 01 04 00000001 86`,
    },
    {
      name: "a rest of nothing",
      dump: `${PREFACE} 000001 09 04 00000001 82`,
    },
    { name: "half a weight", dump: `${PREFACE} 000002 01 24 00000001 8000` },
    {
      name: "fields that nobody has kept",
      dump: `${PREFACE} 000001 01 04 00000001 be`,
    },
    {
      name: "fields without an end",
      dump: `${PREFACE} 000000 01 00 00000001 ${
        "000000 09 00 00000001 ".repeat(40)
      }`,
    },
    {
      name: "fields that are too long",
      dump: `${PREFACE} 004000 01 00 00000001 ${"82".repeat(16_384)}` +
        `004000 09 00 00000001 ${"82".repeat(16_384)}` +
        "000001 09 00 00000001 82",
    },
    {
      name: "a promise",
      dump: "000004 05 04 00000001 00000002",
      isClient: false,
    },
    {
      name: "a frame that is malformed",
      dump: "004001 00 00 00000001",
      isClient: false,
    },
  ]
) {
  Deno.test(`Http2Reader refuses ${name}`, () => {
    assert.equal(typeof readAll([hex(dump)], isClient), "string");
  });
}

Deno.test("Http2Reader reads both directions alike, but for their beginning", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
    const isBegun = readAll([HTTP2_PREFACE, bytes]);
    const isOther = readAll([bytes], false);
    assert.deepEqual(isBegun, isOther);
  }));
});
