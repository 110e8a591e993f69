import assert from "node:assert/strict";
import fc from "fast-check";
import { QuicStream } from "../../../agent/decode/quic_stream.ts";
import { hex } from "../../hex.ts";
import { helloOf } from "./quic_seal.ts";

const HELLO = helloOf(600);

function piece(from: number, to: number, of: Uint8Array = HELLO) {
  return { offset: from, data: of.subarray(from, to) };
}

/** Cuts `[0, bytes)` into pieces with these lengths, the last what is left. */
function cut(bytes: number, lengths: readonly number[]): [number, number][] {
  const ranges: [number, number][] = [];
  let at = 0;
  for (const length of lengths) {
    if (at + length >= bytes) break;
    ranges.push([at, at + length]);
    at += length;
  }
  return [...ranges, [at, bytes]];
}

Deno.test("QuicStream gives the message when its last piece is there", () => {
  const stream = new QuicStream();
  for (const [from, to] of [[400, 600], [0, 3], [3, 100], [99, 400]]) {
    assert.equal(stream.message, null);
    assert.deepEqual(stream.add(piece(from!, to!)), { ok: true, value: null });
  }

  assert.deepEqual(stream.message, HELLO);
});

Deno.test("QuicStream needs every byte of the message", () => {
  const stream = new QuicStream();
  stream.add(piece(0, 599));
  assert.equal(stream.message, null);
  stream.add(piece(599, 600));

  assert.deepEqual(stream.message, HELLO);
});

Deno.test("QuicStream takes what was there before as often as it comes", () => {
  const stream = new QuicStream();
  for (let time = 0; time < 100; time++) {
    assert.equal(stream.add(piece(0, 600)).ok, true);
    assert.equal(stream.add(piece(17, 333)).ok, true);
  }

  assert.deepEqual(stream.message, HELLO);
});

Deno.test("QuicStream keeps its own copy", () => {
  const stream = new QuicStream();
  const data = HELLO.slice();
  stream.add({ offset: 0, data });
  data.fill(0);

  assert.deepEqual(stream.message, HELLO);
});

Deno.test("QuicStream takes pieces in any order, overlapping and again", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 4, max: 16_000 }),
      fc.array(fc.integer({ min: 1, max: 2000 }), { maxLength: 25 }),
      fc.infiniteStream(fc.nat({ max: 1000 })),
      (bytes, lengths, random) => {
        const hello = helloOf(bytes);
        const stream = new QuicStream();
        const pieces = cut(bytes, lengths).map(([from, to]) =>
          piece(Math.max(0, from - random.next().value), to, hello)
        );
        const order = pieces.map((each) => ({ each, at: random.next().value }))
          .sort((one, other) => one.at - other.at);
        for (const { each } of order) {
          assert.equal(stream.message, null);
          // A piece that overlaps may complete it before the last comes.
          assert.deepEqual(stream.add(each), { ok: true, value: null });
          if (stream.message !== null) break;
        }

        assert.deepEqual(stream.message, hello);
      },
    ),
    { seed: 9001, numRuns: 500 },
  );
});

const REFUSED: readonly {
  name: string;
  pieces: readonly { offset: number; data: Uint8Array }[];
  why: string;
}[] = [
  {
    name: "an overlap with other content",
    pieces: [piece(0, 100), { offset: 99, data: hex("ff") }],
    why: "quic crypto stream differs from what was sent for byte 99 on",
  },
  {
    name: "an overlap that differs in its last byte alone",
    pieces: [
      piece(50, 100),
      { offset: 40, data: Uint8Array.from([...HELLO.slice(40, 99), 0xff]) },
    ],
    why: "quic crypto stream differs from what was sent for byte 40 on",
  },
  {
    name: "a piece that reaches too far",
    pieces: [{ offset: 16_384, data: hex("00") }],
    why: "quic crypto stream reaches byte 16385 of at most 16384",
  },
  {
    name: "an offset of 2^62 - 1",
    pieces: [{ offset: 2 ** 62, data: hex("00") }],
    why: `quic crypto stream reaches byte ${2 ** 62} of at most 16384`,
  },
  {
    name: "an empty piece that reaches too far",
    pieces: [{ offset: 16_385, data: hex("") }],
    why: "quic crypto stream reaches byte 16385 of at most 16384",
  },
  {
    name: "another message than a ClientHello",
    pieces: [{ offset: 0, data: hex("02") }],
    why: "quic crypto stream begins with message type 2",
  },
  {
    name: "a message that says it is too long",
    pieces: [{ offset: 0, data: hex("01003ffd") }],
    why: "quic crypto stream message ends at byte 16385 of at most 16384",
  },
  {
    name: "something behind the message",
    pieces: [piece(0, 600), { offset: 600, data: hex("01") }],
    why: "quic crypto stream goes on at byte 600",
  },
  {
    name: "something behind the message that was there first",
    pieces: [{ offset: 700, data: hex("01") }, piece(0, 4)],
    why: "quic crypto stream goes on at byte 600",
  },
  {
    name: "more pieces than any client makes",
    pieces: Array.from(
      { length: 33 },
      (_, at) => piece(at * 2 + 1, at * 2 + 2),
    ),
    why: "quic crypto stream is in more than 32 pieces",
  },
];

for (const { name, pieces, why } of REFUSED) {
  Deno.test(`QuicStream refuses ${name}`, () => {
    const stream = new QuicStream();
    for (const each of pieces.slice(0, -1)) {
      assert.equal(stream.add(each).ok, true);
    }

    assert.deepEqual(stream.add(pieces.at(-1)!), { ok: false, why });
  });
}

Deno.test("QuicStream takes as many pieces as it says", () => {
  const stream = new QuicStream();
  for (let at = 0; at < 32; at++) {
    assert.equal(stream.add(piece(at * 2 + 1, at * 2 + 2)).ok, true);
  }
  assert.equal(stream.add(piece(0, 600)).ok, true);

  assert.deepEqual(stream.message, HELLO);
});

Deno.test("QuicStream takes the longest message it says", () => {
  const hello = helloOf(16_384);
  const stream = new QuicStream();
  stream.add({ offset: 1, data: hello.subarray(1) });
  stream.add({ offset: 0, data: hello.subarray(0, 1) });

  assert.deepEqual(stream.message, hello);
});

Deno.test("QuicStream gives a second message when the server has asked for it", () => {
  const stream = new QuicStream();
  const second = helloOf(500);
  const at = (from: number, to: number) => ({
    offset: HELLO.length + from,
    data: second.subarray(from, to),
  });
  stream.add(piece(0, 600));
  stream.answer();
  assert.deepEqual(stream.message, HELLO);

  assert.equal(stream.add(at(100, 500)).ok, true);
  assert.equal(stream.message, null);
  assert.equal(stream.add(at(0, 100)).ok, true);
  assert.deepEqual(stream.message, second);
  assert.deepEqual(stream.add(piece(0, 600)), { ok: true, value: null });
  assert.deepEqual(stream.add(at(499, 500)), { ok: true, value: null });
});

Deno.test("QuicStream refuses what is no second hello", () => {
  for (const dump of ["02", "01003ffd", "01000000 00"]) {
    const stream = new QuicStream();
    stream.answer();
    stream.add(piece(0, 600));
    assert.equal(stream.add({ offset: 600, data: hex(dump) }).ok, false, dump);
  }
});
