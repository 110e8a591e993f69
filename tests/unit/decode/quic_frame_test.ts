import assert from "node:assert/strict";
import { decodeInitialFrames } from "../../../agent/decode/quic_frame.ts";
import { hex } from "../../hex.ts";
import { VECTOR_CRYPTO_FRAME } from "./quic_vectors.ts";

// By hand from RFC 9000 section 19: every frame an Initial packet may carry.
const FRAMES = `
  000000                                     # PADDING
  01                                         # PING
  02 0a 00 01 02 03 04                       # ACK, one gap and one range
  03 0a 00 00 02 01 02 4003                  # ACK with ECN counts
  06 00 03 010203                            # CRYPTO at 0
  1c 0a 06 02 6869                           # CONNECTION_CLOSE with a reason
  06 4040 01 04                              # CRYPTO at 64
  06 05 00                                   # CRYPTO without data
  00
`;

Deno.test("decodeInitialFrames() gives the CRYPTO frames in their order", () => {
  assert.deepEqual(decodeInitialFrames(hex(FRAMES)), {
    ok: true,
    value: [
      { offset: 0, data: hex("010203") },
      { offset: 64, data: hex("04") },
      { offset: 5, data: hex("") },
    ],
  });
});

Deno.test("decodeInitialFrames() finds no CRYPTO frame in an acknowledgement", () => {
  assert.deepEqual(decodeInitialFrames(hex("02 00 00 00 00")), {
    ok: true,
    value: [],
  });
});

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  { name: "no frame at all", dump: "", why: "quic frame is not there" },
  {
    name: "a STREAM frame",
    dump: "00 08 00 00",
    why: "quic frame has type 8",
  },
  {
    name: "NEW_TOKEN, which is for servers",
    dump: "07 01 00",
    why: "quic frame has type 7",
  },
  {
    name: "CONNECTION_CLOSE of the application",
    dump: "1d 00 00",
    why: "quic frame has type 29",
  },
  {
    name: "HANDSHAKE_DONE",
    dump: "1e",
    why: "quic frame has type 30",
  },
  {
    name: "a type in two bytes that one would hold",
    dump: "4006 00 01 aa",
    why: "quic frame has type 64",
  },
  {
    name: "CRYPTO data that leave the packet",
    dump: "01 06 00 03 0102",
    why: "quic frame at byte 1 is cut",
  },
  {
    name: "CRYPTO data of 2^62 - 1 bytes",
    dump: "06 00 ffffffffffffffff 01",
    why: "quic frame at byte 0 is cut",
  },
  {
    name: "more CRYPTO frames than any client makes",
    dump: "06 00 00".repeat(257),
    why: "quic frame of type 6 is there over 256 times",
  },
  {
    name: "2^62 - 1 acknowledged ranges",
    dump: "02 00 00 ffffffffffffffff 00 00 00 00",
    why: "quic frame at byte 0 is cut",
  },
  {
    name: "a reason that leaves the packet",
    dump: "1c 00 00 02 61",
    why: "quic frame at byte 0 is cut",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeInitialFrames() refuses ${name}`, () => {
    assert.deepEqual(decodeInitialFrames(hex(dump)), { ok: false, why });
  });
}

Deno.test("decodeInitialFrames() refuses every truncation of the RFC's frame", () => {
  const frames = hex(VECTOR_CRYPTO_FRAME);
  assert.equal(decodeInitialFrames(frames).ok, true);
  for (let length = 0; length < frames.length; length++) {
    const { ok } = decodeInitialFrames(frames.subarray(0, length));
    assert.equal(ok, false, `${length} bytes`);
  }
});
