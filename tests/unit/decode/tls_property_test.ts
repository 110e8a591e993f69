import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeClientHello } from "../../../agent/decode/tls_client_hello.ts";
import {
  ascii,
  CAPTURED,
  concat,
  type Extension,
  keyShare,
  makeHello,
  makeRecords,
  prefixed,
  readHello,
  serverName,
  VERSIONS,
} from "./hellos.ts";

const HELLOS = CAPTURED.map(({ name }) => readHello(name));

const unit = fc.constantFrom(..."abcxyzABCXYZ0189-_");
const label = fc.string({ unit, minLength: 1, maxLength: 63 });
const hostName = fc.array(label, { minLength: 1, maxLength: 3 })
  .map((labels) => [...labels, "example"].join("."));
const alpn = fc.array(fc.constantFrom("h2", "http/1.1", "acme-tls/1"), {
  minLength: 1,
});
const parts = fc.record({
  hostName,
  alpn,
  ech: fc.boolean(),
  shares: fc.boolean(),
  // Beyond every type that is read, 0xfe0d alone excepted.
  others: fc.uniqueArray(fc.integer({ min: 60, max: 0xfe00 }), {
    maxLength: 20,
  }),
  order: fc.array(fc.nat(), { minLength: 30, maxLength: 30 }),
  cuts: fc.array(fc.integer({ min: 1, max: 3000 }), { maxLength: 40 }),
});

/** The same extensions, in an order that `order` chooses. */
function shuffle(
  extensions: readonly Extension[],
  order: readonly number[],
): Extension[] {
  return extensions.map((extension, index) => ({
    extension,
    by: order[index]!,
  }))
    .sort((left, right) => left.by - right.by)
    .map(({ extension }) => extension);
}

Deno.test("decodeClientHello() gives the same hello for any order of extensions and any split", () => {
  fc.assert(
    fc.property(parts, (given) => {
      const extensions: Extension[] = [
        serverName(given.hostName),
        VERSIONS,
        [
          16,
          prefixed(2, concat(given.alpn.map((id) => prefixed(1, ascii(id))))),
        ],
        ...(given.ech ? [[0xfe0d, new Uint8Array(100)] as const] : []),
        ...(given.shares ? [keyShare([0x11ec, 1216], [29, 32])] : []),
        ...given.others.map((type) =>
          [type, new Uint8Array(type % 7)] as const
        ),
      ];
      const message = makeHello({
        extensions: shuffle(extensions, given.order),
      });
      const cuts = [...new Set(given.cuts)].filter((cut) =>
        cut < message.length
      )
        .sort((left, right) => left - right);
      const stream = makeRecords(message, cuts);

      assert.deepEqual(decodeClientHello(stream), {
        kind: "hello",
        hello: {
          sni: given.hostName.toLowerCase(),
          alpn: given.alpn,
          ech: given.ech,
          earlyData: false,
          maxVersion: 0x0304,
        },
        end: stream.length,
      });
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeClientHello() is certain after neededBytes more, whatever they are", () => {
  const start = fc.oneof(
    fc.uint8Array({ maxLength: 10 }),
    fc.tuple(fc.constantFrom(...HELLOS), fc.nat()).map(([stream, length]) =>
      stream.subarray(0, length % stream.length)
    ),
  );
  const rest = fc.uint8Array({ minLength: 1, maxLength: 64 });
  fc.assert(
    fc.property(start, rest, (stream, pattern) => {
      const result = decodeClientHello(stream);
      if (result.kind !== "incomplete") return;
      assert.ok(result.neededBytes >= 1);
      const more = new Uint8Array(result.neededBytes)
        .map((_, at) => pattern[at % pattern.length]!);
      const { kind } = decodeClientHello(concat([stream, more]));
      assert.notEqual(kind, "incomplete");
    }),
    { numRuns: 500 },
  );
});

Deno.test("decodeClientHello() is certain after neededBytes more, one byte a record", () => {
  const message = makeHello();
  const cuts = Array.from({ length: message.length - 1 }, (_, at) => at + 1);
  const stream = makeRecords(message, cuts);
  // From the fifth record on, the message's length is known.
  for (let length = 24; length < stream.length; length++) {
    const result = decodeClientHello(stream.subarray(0, length));
    assert.equal(result.kind, "incomplete");
    assert.equal(result.neededBytes, stream.length - length);
  }
});

Deno.test("decodeClientHello() never takes back an answer when more bytes come", () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 20 }),
    fc.tuple(fc.constantFrom(0x14, 0x15, 0x16, 0x80), fc.uint8Array()).map((
      [type, rest],
    ) => concat([Uint8Array.of(type, 3), rest])),
    fc.constantFrom(...HELLOS).map((hello) => concat([hello, hello])),
  );
  fc.assert(
    fc.property(bytes, (stream) => {
      let last = decodeClientHello(new Uint8Array(0));
      for (let length = 1; length <= stream.length; length++) {
        const next = decodeClientHello(stream.subarray(0, length));
        if (last.kind !== "incomplete") assert.deepEqual(next, last);
        last = next;
      }
    }),
    { numRuns: 200 },
  );
});
