import assert from "node:assert/strict";
import { DnsStream } from "../../../agent/decode/dns_stream.ts";
import { decodeSvcb } from "../../../agent/decode/dns_svcb.ts";
import { decodeInitialFrames } from "../../../agent/decode/quic_frame.ts";
import {
  decodeQuicHeader,
  readQuicConnection,
} from "../../../agent/decode/quic_header.ts";
import { QuicCryptoAssembler } from "../../../agent/decode/quic_initial.ts";
import { QuicStream } from "../../../agent/decode/quic_stream.ts";
import { hex } from "../../hex.ts";
import { damage } from "./damage.ts";
import {
  cryptoFrames,
  helloOf,
  join,
  longPacket,
  sealDatagram,
} from "./quic_seal.ts";
import {
  V1_CLIENT_INITIAL,
  V1_RETRY,
  V2_CLIENT_INITIAL,
  VECTOR_CRYPTO_FRAME,
} from "./quic_vectors.ts";
import { DNS_QUERY_PACKET, DNS_SRV_ANSWER } from "./samples.ts";

/** How often each decoder is run; the keys' derivation is what takes time. */
const COUNT = 1_000_000;
const SEALED_COUNT = 10_000;
/** With a collection of garbage and a busy neighbour. */
const SLOWEST_MS = 1_000;

const HELLO = helloOf(300);
const SCATTERED = cryptoFrames(HELLO, [
  [200, 300],
  [0, 9],
  [9, 120],
  [100, 210],
]);

const FRAMES = [
  hex(VECTOR_CRYPTO_FRAME),
  SCATTERED,
  hex("02 0a 00 01 02 03 04  06 00 04 010000ed  1c 0a 06 02 6869  00 01"),
];
const DATAGRAMS = [
  hex(V1_CLIENT_INITIAL),
  hex(V2_CLIENT_INITIAL),
  hex(V1_RETRY),
  sealDatagram({ frames: SCATTERED, token: new Uint8Array(70) }),
  join([
    longPacket(0xe0, { bytes: 30 }),
    longPacket(0xd0, { bytes: 30 }),
    sealDatagram({ frames: SCATTERED }),
  ]),
];
const SEGMENTS = [
  hex(`001d ${"00".repeat(29)} 000c ${"00".repeat(12)} 0010 0102`),
  hex(`${"000c" + "11".repeat(12)}`.repeat(20)),
  join([hex("001d"), hex(DNS_QUERY_PACKET).subarray(28), hex(DNS_SRV_ANSWER)]),
];
const SVCB = [
  hex(`0001 00 0001 0003 02 6833 0004 0004 c0000201 0005 0002 aabb
    0006 0010 20010db8000000000000000000000001`),
  hex("0000 03 666f6f 07 6578616d706c65 03 636f6d 00"),
  hex("0010 03 666f6f 00 0000 0004 0001 0004 0003 0002 0035"),
];

/** A decoder, and whether it took what it was given. */
const DECODERS: readonly {
  name: string;
  samples: readonly Uint8Array[];
  count: number;
  /** True when it was taken. */
  run: (bytes: Uint8Array, index: number) => boolean;
}[] = [
  {
    name: "decodeQuicHeader()",
    samples: DATAGRAMS,
    count: COUNT,
    run(bytes) {
      readQuicConnection(bytes);
      const decoded = decodeQuicHeader(bytes, 0);
      if (!decoded.ok) return false;
      const { start, numberAt, end } = decoded.value;
      assert.ok(start <= numberAt && numberAt <= end && end <= bytes.length);
      return true;
    },
  },
  {
    name: "decodeInitialFrames() and QuicStream",
    samples: FRAMES,
    count: COUNT,
    run(bytes) {
      const pieces = decodeInitialFrames(bytes);
      if (!pieces.ok) return false;
      const stream = new QuicStream();
      for (const piece of pieces.value) {
        if (!stream.add(piece).ok) return false;
      }
      const { message } = stream;
      if (message !== null) assert.equal(message[0], 1);
      return true;
    },
  },
  {
    name: "QuicCryptoAssembler, under the seal",
    samples: FRAMES,
    count: SEALED_COUNT,
    run(bytes) {
      const assembler = new QuicCryptoAssembler();
      const { kind } = assembler.add(sealDatagram({ frames: bytes }));
      assert.ok(["crypto", "incomplete", "refused"].includes(kind), kind);
      return kind !== "refused";
    },
  },
  {
    name: "QuicCryptoAssembler, the seal and all",
    samples: DATAGRAMS,
    count: SEALED_COUNT,
    run(bytes) {
      const assembler = new QuicCryptoAssembler();
      assembler.add(DATAGRAMS[3]!);
      assembler.add(bytes);
      const { kind } = new QuicCryptoAssembler().add(bytes);
      return kind === "crypto" || kind === "incomplete";
    },
  },
  {
    name: "DnsStream",
    samples: SEGMENTS,
    count: COUNT,
    run(bytes, index) {
      const stream = new DnsStream();
      const cut = index % (bytes.length + 1);
      stream.push(bytes.subarray(0, cut));
      const pushed = stream.push(bytes.subarray(cut));
      if (!pushed.ok) return false;
      assert.ok(pushed.value.every(({ length }) => length >= 12));
      return true;
    },
  },
  {
    name: "decodeSvcb()",
    samples: SVCB,
    count: COUNT,
    run(bytes) {
      const decoded = decodeSvcb(bytes);
      if (!decoded.ok) return false;
      for (const { length } of decoded.value.hints) {
        assert.ok(length === 4 || length === 16);
      }
      return true;
    },
  },
];

for (const { name, samples, count, run } of DECODERS) {
  Deno.test(`${name} neither throws nor hangs on ${count} damaged samples`, () => {
    let taken = 0;
    let slowestMs = 0;
    for (let index = 0; index < count; index++) {
      const bytes = damage(samples[index % samples.length]!, index);
      const startedMs = performance.now();
      try {
        if (run(bytes, index)) taken++;
      } catch (error) {
        assert.fail(`${error} for damage ${index}: ${bytes.toHex()}`);
      }
      slowestMs = Math.max(slowestMs, performance.now() - startedMs);
    }

    assert.ok(slowestMs < SLOWEST_MS, `${slowestMs} ms`);
    // A run that always ends at the first check would prove nothing.
    assert.ok(taken > count / 1000, `took ${taken}`);
    assert.ok(count - taken > count / 100, `refused ${count - taken}`);
  });
}

Deno.test("damage() gives the same bytes for the same number", () => {
  for (let index = 0; index < 1000; index++) {
    assert.deepEqual(damage(SCATTERED, index), damage(SCATTERED, index));
  }
});
