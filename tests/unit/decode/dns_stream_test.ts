import assert from "node:assert/strict";
import fc from "fast-check";
import { DnsStream } from "../../../agent/decode/dns_stream.ts";
import { hex } from "../../hex.ts";
import { join } from "./quic_seal.ts";
import { DNS_QUERY_PACKET, DNS_SRV_ANSWER } from "./samples.ts";

const QUERY = hex(DNS_QUERY_PACKET).subarray(28);
const ANSWER = hex(DNS_SRV_ANSWER);
/** The longest that a length of two bytes can say. */
const LONGEST = Uint8Array.from({ length: 65_535 }, (_, at) => at * 13);

/** Messages as they are in a stream, RFC 1035 section 4.2.2. */
function framed(messages: readonly Uint8Array[]): Uint8Array {
  return join(messages.flatMap((message) => [
    Uint8Array.of(message.length >> 8, message.length),
    message,
  ]));
}

/** Every message that comes of these pieces, copied. */
function pushAll(stream: DnsStream, pieces: Iterable<Uint8Array>) {
  const messages: Uint8Array[] = [];
  for (const piece of pieces) {
    const pushed = stream.push(piece);
    assert.ok(pushed.ok, pushed.ok ? "" : pushed.why);
    messages.push(...pushed.value.map((each) => each.slice()));
  }
  return messages;
}

Deno.test("DnsStream gives each message of a segment, in order", () => {
  const stream = new DnsStream();
  const pushed = stream.push(framed([QUERY, ANSWER, QUERY]));

  assert.deepEqual(pushed, { ok: true, value: [QUERY, ANSWER, QUERY] });
  assert.equal(stream.isInside, false);
});

Deno.test("DnsStream takes messages cut at any two places", () => {
  const bytes = framed([QUERY, ANSWER]);
  for (let one = 0; one <= bytes.length; one++) {
    for (let two = one; two <= bytes.length; two++) {
      const messages = pushAll(new DnsStream(), [
        bytes.subarray(0, one),
        bytes.subarray(one, two),
        bytes.subarray(two),
      ]);
      assert.deepEqual(messages, [QUERY, ANSWER], `${one} and ${two}`);
    }
  }
});

Deno.test("DnsStream takes one byte at a time", () => {
  const bytes = framed([QUERY, LONGEST, ANSWER]);
  const pieces = Array.from(bytes, (byte) => Uint8Array.of(byte));

  assert.deepEqual(pushAll(new DnsStream(), pieces), [QUERY, LONGEST, ANSWER]);
});

Deno.test("DnsStream gives the same however the stream is cut", () => {
  fc.assert(
    fc.property(
      fc.array(fc.uint8Array({ minLength: 12, maxLength: 300 }), {
        minLength: 1,
        maxLength: 20,
      }),
      fc.array(fc.integer({ min: 1, max: 200 }), { maxLength: 60 }),
      (messages, cuts) => {
        const bytes = framed(messages);
        const pieces: Uint8Array[] = [];
        let at = 0;
        for (const length of cuts) {
          pieces.push(bytes.subarray(at, at + length));
          at += length;
        }
        pieces.push(bytes.subarray(at));

        assert.deepEqual(pushAll(new DnsStream(), pieces), messages);
      },
    ),
    { seed: 7766, numRuns: 1000 },
  );
});

Deno.test("DnsStream knows whether it stops inside a message", () => {
  const stream = new DnsStream();
  const bytes = framed([QUERY]);
  const inside = Array.from(bytes, (byte) => {
    const before = stream.isInside;
    stream.push(Uint8Array.of(byte));
    return before;
  });

  assert.deepEqual(inside, [false, ...inside.slice(1).fill(true)]);
  assert.equal(stream.isInside, false);
});

Deno.test("DnsStream keeps its own copy of what is not whole", () => {
  const stream = new DnsStream();
  const segment = framed([QUERY]).slice(0, 20);
  stream.push(segment);
  segment.fill(0);

  assert.deepEqual(stream.push(QUERY.subarray(18)), {
    ok: true,
    value: [QUERY],
  });
});

Deno.test("DnsStream gives a message that it held with one that follows it", () => {
  const stream = new DnsStream();
  const bytes = framed([QUERY, ANSWER, QUERY]);
  stream.push(bytes.subarray(0, 10));
  const pushed = stream.push(bytes.subarray(10, bytes.length - 1));

  // What it holds from here on must not be written over what it has given.
  assert.deepEqual(pushed, { ok: true, value: [QUERY, ANSWER] });
  assert.equal(stream.isInside, true);
});

Deno.test("DnsStream takes nothing for nothing", () => {
  const stream = new DnsStream();

  assert.deepEqual(stream.push(new Uint8Array(0)), { ok: true, value: [] });
  assert.equal(stream.isInside, false);
});

Deno.test("DnsStream takes as many messages in a segment as it says", () => {
  const segment = framed(Array.from({ length: 1024 }, () => QUERY));
  const pushed = new DnsStream().push(segment);

  assert.ok(pushed.ok);
  assert.equal(pushed.value.length, 1024);
});

const REFUSED: readonly { name: string; pieces: string[]; why: string }[] = [
  {
    name: "a length of zero",
    pieces: ["0000"],
    why: "dns stream message is 0 of at least 12 bytes",
  },
  {
    name: "a length of zero in two pieces",
    pieces: ["00", "00"],
    why: "dns stream message is 0 of at least 12 bytes",
  },
  {
    name: "a length below a header's",
    pieces: ["000b"],
    why: "dns stream message is 11 of at least 12 bytes",
  },
  {
    name: "a length of zero behind a message",
    pieces: [`000c ${"00".repeat(12)} 0000`],
    why: "dns stream message is 0 of at least 12 bytes",
  },
  {
    name: "a length of zero behind a message in pieces",
    pieces: ["000c", "00".repeat(12), "0000"],
    why: "dns stream message is 0 of at least 12 bytes",
  },
  {
    name: "one message too many in a segment",
    pieces: [`000c ${"00".repeat(12)}`.repeat(1025)],
    why: "dns stream has over 1024 messages in one segment",
  },
  {
    name: "TLS",
    pieces: ["1603", "00".repeat(0x1603 - 1), "00 0000"],
    why: "dns stream message is 0 of at least 12 bytes",
  },
];

for (const { name, pieces, why } of REFUSED) {
  Deno.test(`DnsStream refuses ${name}, for good`, () => {
    const stream = new DnsStream();
    pushAll(stream, pieces.slice(0, -1).map(hex));

    assert.deepEqual(stream.push(hex(pieces.at(-1)!)), { ok: false, why });
    assert.deepEqual(stream.push(framed([QUERY])), { ok: false, why });
    assert.equal(stream.isInside, false);
  });
}

Deno.test("DnsStream refuses a message by its length alone when it is too long", () => {
  const stream = new DnsStream(QUERY.length);
  assert.ok(stream.push(framed([QUERY])).ok);
  const pushed = stream.push(Uint8Array.of(0, QUERY.length + 1));

  assert.deepEqual(pushed, {
    ok: false,
    why: `dns stream message is ${QUERY.length + 1} of at most ` +
      `${QUERY.length} bytes`,
  });
});

Deno.test("DnsStream counts what there is of a message, without its length", () => {
  const stream = new DnsStream();
  const counts = [...framed([QUERY])].map((byte) => {
    stream.push(Uint8Array.of(byte));
    return stream.unfinishedBytes;
  });

  const { length } = QUERY;
  const unfinished = Array.from({ length: length - 1 }, (_, at) => at + 1);
  assert.deepEqual(counts, [0, 0, ...unfinished, 0]);
});
