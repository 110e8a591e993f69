import assert from "node:assert/strict";
import fc from "fast-check";
import { decodePacket } from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import {
  TcpAssembler,
  type TcpSegment,
  type TcpStream,
} from "../../../agent/decode/tcp_stream.ts";
import { decodeClientHello } from "../../../agent/decode/tls_client_hello.ts";
import { ascii, readPackets } from "./hellos.ts";

const { SYN, ACK, FIN, RST, PSH, URG } = TCP_FLAG;
const ISN = 1000;
const FIRST = ISN + 1;

function segment(
  sequence: number,
  text = "",
  flags: number = ACK,
): TcpSegment {
  return { sequence: sequence >>> 0, flags, payload: ascii(text) };
}

/** The last answer, after a SYN. */
function addAll(...segments: readonly TcpSegment[]): TcpStream {
  const assembler = new TcpAssembler();
  let stream = assembler.add(segment(ISN, "", SYN));
  for (const each of segments) stream = assembler.add(each);
  return stream;
}

function textOf(stream: TcpStream): string {
  assert.equal(stream.kind, "stream", JSON.stringify(stream));
  return String.fromCharCode(...stream.bytes);
}

for (
  const [name, sni] of [
    ["fastopen", "fastopen.example.org"],
    ["chromium", "chromium.example.org"],
  ] as const
) {
  const segments = readPackets(name).map((bytes): TcpSegment => {
    const decoded = decodePacket(bytes);
    assert.ok(decoded.ok);
    const { tcpSequence: sequence, tcpFlags: flags, payload } = decoded.value;
    return { sequence, flags, payload };
  });

  Deno.test(`TcpAssembler.add() gives the hello of the captured ${name} connection`, () => {
    const assembler = new TcpAssembler();
    const kinds = segments.map((each) => {
      const stream = assembler.add(each);
      assert.equal(stream.kind, "stream");
      const result = decodeClientHello(stream.bytes);
      if (result.kind === "hello") assert.equal(result.hello.sni, sni);
      return result.kind;
    });
    const firstHello = name === "fastopen" ? 0 : segments.length - 1;
    assert.equal(kinds.indexOf("hello"), firstHello);
  });
}

const STREAMS: readonly {
  name: string;
  segments: readonly TcpSegment[];
  text: string;
  ended?: boolean;
}[] = [
  { name: "no data", segments: [segment(FIRST)], text: "" },
  {
    name: "segments in order",
    segments: [segment(FIRST, "ab", ACK | PSH), segment(FIRST + 2, "cd")],
    text: "abcd",
  },
  {
    name: "nothing past a gap",
    segments: [segment(FIRST, "ab"), segment(FIRST + 3, "d")],
    text: "ab",
  },
  {
    name: "nothing when the first byte is missing",
    segments: [segment(FIRST + 1, "b")],
    text: "",
  },
  {
    name: "segments in reverse",
    segments: [
      segment(FIRST + 4, "ef"),
      segment(FIRST + 2, "cd"),
      segment(FIRST, "ab"),
    ],
    text: "abcdef",
  },
  {
    name: "a segment that joins many",
    segments: [
      segment(FIRST + 2, "c"),
      segment(FIRST + 4, "e"),
      segment(FIRST + 6, "g"),
      segment(FIRST, "abcdefgh"),
    ],
    text: "abcdefgh",
  },
  {
    name: "a segment that came twice",
    segments: [segment(FIRST, "ab"), segment(FIRST, "ab")],
    text: "ab",
  },
  {
    name: "overlapping segments that agree",
    segments: [segment(FIRST, "abc"), segment(FIRST + 1, "bcd")],
    text: "abcd",
  },
  {
    name: "a segment inside another",
    segments: [segment(FIRST, "abcd"), segment(FIRST + 1, "bc")],
    text: "abcd",
  },
  {
    name: "a SYN that came twice",
    segments: [segment(ISN, "", SYN), segment(FIRST, "a")],
    text: "a",
  },
  {
    // RFC 9293 section 3.5: simultaneous open.
    name: "a SYN that came again with ACK",
    segments: [segment(ISN, "", SYN | ACK), segment(FIRST, "a")],
    text: "a",
  },
  {
    name: "data of a SYN sent again without it",
    segments: [segment(ISN, "ab", SYN), segment(FIRST, "abc")],
    text: "abc",
  },
  {
    name: "nothing of a keepalive from before the first byte",
    segments: [segment(ISN, "x"), segment(FIRST, "a")],
    text: "a",
  },
  {
    name: "nothing of a reset",
    segments: [segment(FIRST, "a"), segment(FIRST + 1, "oops", RST | ACK)],
    text: "a",
  },
  {
    name: "the end",
    segments: [segment(FIRST, "ab", ACK | FIN)],
    text: "ab",
    ended: true,
  },
  {
    name: "an end without data",
    segments: [segment(FIRST, "", ACK | FIN)],
    text: "",
    ended: true,
  },
  {
    name: "the end, sent again alone",
    segments: [segment(FIRST, "ab", ACK | FIN), segment(FIRST + 2, "", FIN)],
    text: "ab",
    ended: true,
  },
  {
    name: "no end before a gap is filled",
    segments: [segment(FIRST + 1, "b", ACK | FIN)],
    text: "",
  },
];

for (const { name, segments, text, ended = false } of STREAMS) {
  Deno.test(`TcpAssembler.add() gives ${name}`, () => {
    const stream = addAll(...segments);
    assert.equal(textOf(stream), text);
    assert.ok(stream.kind === "stream");
    assert.equal(stream.ended, ended);
  });
}

const REFUSED: readonly {
  name: string;
  segments: readonly TcpSegment[];
  why: string;
}[] = [
  {
    // To the receiver the stream may have begun earlier.
    name: "a segment from before the first byte",
    segments: [segment(ISN, "xab")],
    why: "goes back behind its beginning",
  },
  {
    // One byte is a probe only where the SYN's place is.
    name: "a byte from long before the first byte",
    segments: [segment(ISN, ""), segment(ISN - 1, "x")],
    why: "goes back behind its beginning",
  },
  {
    name: "overlapping segments that differ",
    segments: [segment(FIRST, "abc"), segment(FIRST + 2, "xd")],
    why: "overlap: two segments differ",
  },
  {
    name: "a segment sent again with other bytes",
    segments: [segment(FIRST, "abc"), segment(FIRST, "abx")],
    why: "overlap: two segments differ",
  },
  {
    name: "waiting segments that differ",
    segments: [segment(FIRST + 4, "e"), segment(FIRST, "abcdx")],
    why: "overlap: two segments differ",
  },
  {
    name: "other bytes than the SYN's",
    segments: [segment(ISN, "ab", SYN), segment(FIRST, "ax")],
    why: "overlap: two segments differ",
  },
  {
    name: "a second SYN",
    segments: [segment(FIRST, "ab"), segment(FIRST + 1, "", SYN)],
    why: "begins twice",
  },
  {
    name: "a SYN that is a FIN",
    segments: [segment(ISN, "", SYN | FIN)],
    why: "begins and ends in one segment",
  },
  {
    name: "urgent data",
    segments: [segment(FIRST, "abc", ACK | URG)],
    why: "has urgent data",
  },
  {
    name: "two ends",
    segments: [segment(FIRST, "ab", FIN), segment(FIRST, "abc", FIN)],
    why: "ends twice",
  },
  {
    name: "bytes after the end",
    segments: [segment(FIRST, "ab", FIN), segment(FIRST + 1, "bc")],
    why: "goes on after its end",
  },
  {
    name: "an end before bytes that came",
    segments: [segment(FIRST, "abc"), segment(FIRST, "ab", FIN)],
    why: "goes on after its end",
  },
  {
    name: "17 segments out of order",
    segments: Array.from(
      { length: 17 },
      (_, index) => segment(FIRST + 1 + 2 * index, "x"),
    ),
    why: "has more than 16 segments out of order",
  },
];

for (const { name, segments, why } of REFUSED) {
  Deno.test(`TcpAssembler.add() refuses ${name}`, () => {
    assert.deepEqual(addAll(...segments), {
      kind: "refused",
      why: `tcp stream ${why}`,
    });
  });
}

for (
  const [name, first] of [
    ["data", segment(FIRST, "a")],
    ["a server's SYN", segment(ISN, "", SYN | ACK)],
  ] as const
) {
  Deno.test(`TcpAssembler.add() refuses to begin with ${name}`, () => {
    assert.deepEqual(new TcpAssembler().add(first), {
      kind: "refused",
      why: "tcp stream begins without a SYN",
    });
  });
}

Deno.test("TcpAssembler.add() stays refused", () => {
  const assembler = new TcpAssembler();
  const refused = assembler.add(segment(ISN, "a", SYN | URG));

  assert.equal(refused.kind, "refused");
  assert.equal(assembler.add(segment(ISN, "a", SYN)), refused);
});

Deno.test("TcpAssembler.add() keeps 16 segments out of order", () => {
  const waiting = Array.from(
    { length: 16 },
    (_, index) => segment(FIRST + 1 + 2 * index, "x"),
  );
  const stream = addAll(...waiting, segment(FIRST, "x".repeat(33)));
  assert.equal(textOf(stream), "x".repeat(33));
});

Deno.test("TcpAssembler.add() keeps 64 KiB and looks at no more", () => {
  const whole = "0123456789abcdef".repeat(8192);
  const stream = addAll(
    segment(FIRST, whole.slice(0, 60_000)),
    segment(FIRST + 60_000, whole.slice(60_000, 120_000)),
    segment(FIRST + 70_000, "what is past the bound is nobody's name"),
  );
  assert.equal(textOf(stream), whole.slice(0, 65536));
});

Deno.test("TcpAssembler.add() copies what outlives the receive buffer", () => {
  const assembler = new TcpAssembler();
  assembler.add(segment(ISN, "", SYN));
  const buffer = ascii("abc");
  assembler.add({ sequence: FIRST, flags: ACK, payload: buffer });
  buffer.fill(0);

  assert.equal(textOf(assembler.add(segment(FIRST + 3, "d"))), "abcd");
});

Deno.test("TcpAssembler.add() gives the stream for any cut, order and repetition, at any sequence number", () => {
  const given = fc.record({
    isn: fc.oneof(
      fc.integer({ min: 0, max: 2 ** 32 - 1 }),
      // The stream's own numbers wrap.
      fc.integer({ min: 2 ** 32 - 300, max: 2 ** 32 - 1 }),
    ),
    bytes: fc.uint8Array({ minLength: 1, maxLength: 300 }),
    pieces: fc.array(fc.tuple(fc.nat(), fc.nat(40)), { maxLength: 12 }),
  });
  fc.assert(
    fc.property(given, ({ isn, bytes, pieces }) => {
      const assembler = new TcpAssembler();
      assembler.add({ sequence: isn, flags: SYN, payload: new Uint8Array(0) });
      const seen = new Array(bytes.length).fill(false);
      for (const [start, length] of pieces) {
        const from = start % bytes.length;
        const payload = bytes.subarray(from, from + length);
        seen.fill(true, from, from + payload.length);
        const sequence = (isn + 1 + from) >>> 0;
        const stream = assembler.add({ sequence, flags: ACK, payload });
        const gap = seen.indexOf(false);
        const expected = bytes.subarray(0, gap < 0 ? bytes.length : gap);
        assert.equal(stream.kind, "stream");
        assert.deepEqual(stream.bytes, expected);
      }
    }),
    { numRuns: 1000 },
  );
});

Deno.test("TcpAssembler reads a stream that begins inside another", () => {
  const stream = new TcpAssembler(FIRST + 3);
  assert.equal(stream.add(segment(FIRST, "abc")).kind, "stream");
  assert.equal(stream.hasGap, false);
  assert.equal(textOf(stream.add(segment(FIRST + 1, "bcde"))), "de");
  assert.equal(textOf(stream.add(segment(FIRST + 7, "h"))), "de");
  assert.equal(stream.hasGap, true);
  assert.equal(stream.first, FIRST + 3);
});
