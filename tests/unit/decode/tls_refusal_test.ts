import assert from "node:assert/strict";
import { decodeClientHello } from "../../../agent/decode/tls_client_hello.ts";
import { hex } from "../../hex.ts";
import {
  ascii,
  concat,
  type Extension,
  type HelloParts,
  makeHello,
  makeRecords,
  prefixed,
  serverName,
  VERSIONS,
} from "./hellos.ts";

const HOST = concat([hex("00"), prefixed(2, ascii("a.example"))]);

const NAMES: readonly { name: string; sni: Extension; why: string }[] = [
  { name: "no byte", sni: [0, hex("")], why: "sni has 0 bytes" },
  { name: "an empty list", sni: [0, hex("0000")], why: "sni has 2 bytes" },
  {
    name: "an empty name",
    sni: serverName(""),
    why: "sni host name is empty",
  },
  {
    name: "only a dot",
    sni: serverName("."),
    why: "sni host name has an empty label",
  },
  {
    name: "two last dots",
    sni: serverName("a.example.."),
    why: "sni host name has an empty label",
  },
  {
    name: "a first dot",
    sni: serverName(".a.example"),
    why: "sni host name has an empty label",
  },
  {
    name: "two names",
    sni: [0, prefixed(2, concat([HOST, HOST]))],
    why: "sni list goes on after the first name",
  },
  {
    name: "a name of another type",
    sni: [0, prefixed(2, concat([hex("01"), HOST.subarray(1)]))],
    why: "sni name type is 1",
  },
  {
    name: "a list shorter than the extension",
    sni: [0, concat([prefixed(2, HOST), hex("00")])],
    why: "sni list is 12 of 13 bytes",
  },
  {
    name: "a list longer than the extension",
    sni: [0, prefixed(2, HOST).with(1, 13)],
    why: "sni list is 13 of 12 bytes",
  },
  {
    name: "a name longer than the list",
    sni: [0, prefixed(2, HOST).with(4, 10)],
    why: "sni name is 9 of 10 bytes",
  },
  {
    name: "a NUL",
    sni: serverName("a.example\0.b.example"),
    why: "sni host name has byte 0",
  },
  {
    name: "a space",
    sni: serverName("a.example "),
    why: "sni host name has byte 32",
  },
  {
    name: "a wildcard",
    sni: serverName("*.example"),
    why: "sni host name has byte 42",
  },
  {
    name: "a port",
    sni: serverName("a.example:443"),
    why: "sni host name has byte 58",
  },
  {
    name: "UTF-8",
    sni: serverName(new TextEncoder().encode("ä.example")),
    why: "sni host name has byte 195",
  },
  {
    name: "an IPv4 address",
    sni: serverName("192.0.2.1"),
    why: "sni host name ends in a number",
  },
  {
    name: "an IPv6 address",
    sni: serverName("2001:db8::1"),
    why: "sni host name has byte 58",
  },
  {
    name: "an address in hexadecimal",
    sni: serverName("0xC0000201."),
    why: "sni host name ends in a number",
  },
  {
    name: "a label of 64 bytes",
    sni: serverName(`${"a".repeat(64)}.example`),
    why: "sni host name has a label of 64 of at most 63 bytes",
  },
  {
    name: "254 bytes",
    sni: serverName("abcdefg.".repeat(32).slice(0, 253) + "a"),
    why: "sni host name has 254 of at most 253 bytes",
  },
];

for (const { name, sni, why } of NAMES) {
  Deno.test(`decodeClientHello() refuses a server name of ${name}`, () => {
    const stream = makeRecords(makeHello({ extensions: [VERSIONS, sni] }));
    assert.deepEqual(decodeClientHello(stream), {
      kind: "refused",
      why: `tls hello ${why}`,
    });
  });
}

const SNI = serverName("a.example");

const HELLOS: readonly { name: string; parts: HelloParts; why: string }[] = [
  {
    name: "two names in two extensions",
    parts: { extensions: [SNI, VERSIONS, serverName("b.example")] },
    why: "extension 0 is there twice",
  },
  {
    name: "any extension twice",
    parts: { extensions: [SNI, [9999, hex("")], [9999, hex("")]] },
    why: "extension 9999 is there twice",
  },
  {
    name: "129 extensions",
    parts: {
      extensions: Array.from({ length: 129 }, (_, at) => [1000 + at, hex("")]),
    },
    why: "has more than 128 extensions",
  },
  { name: "version 2", parts: { version: "0200" }, why: "version is 512" },
  {
    name: "a session id of 33 bytes",
    parts: { sessionId: new Uint8Array(33) },
    why: "session id has 33 bytes",
  },
  {
    name: "no cipher suite",
    parts: { suites: "" },
    why: "cipher suites have 0 bytes",
  },
  {
    name: "half a cipher suite",
    parts: { suites: "1301 13" },
    why: "cipher suites have 3 bytes",
  },
  {
    name: "no compression method",
    parts: { compressions: "" },
    why: "has no compression method",
  },
  {
    name: "an ALPN list without its length",
    parts: { extensions: [[16, hex("00")]] },
    why: "alpn list does not fill 1 bytes",
  },
  {
    name: "an ALPN list that ends early",
    parts: { extensions: [[16, hex("0003 02 6832 00")]] },
    why: "alpn list does not fill 6 bytes",
  },
  {
    name: "an empty ALPN name",
    parts: { extensions: [[16, hex("0001 00")]] },
    why: "alpn name has 0 bytes",
  },
  {
    name: "an ALPN name that leaves its list",
    parts: { extensions: [[16, hex("0003 03 6832")]] },
    why: "alpn name has 3 bytes",
  },
  {
    name: "half a supported version",
    parts: { extensions: [[43, hex("03 0304 03")]] },
    why: "versions do not fill 4 bytes",
  },
  {
    name: "no supported version",
    parts: { extensions: [[43, hex("00")]] },
    why: "versions do not fill 1 bytes",
  },
  {
    name: "versions shorter than their extension",
    parts: { extensions: [[43, hex("02 0304 0303")]] },
    why: "versions do not fill 5 bytes",
  },
];

for (const { name, parts, why } of HELLOS) {
  Deno.test(`decodeClientHello() refuses a hello with ${name}`, () => {
    assert.deepEqual(decodeClientHello(makeRecords(makeHello(parts))), {
      kind: "refused",
      why: `tls hello ${why}`,
    });
  });
}

/** A hello whose body stops, although its lengths say so to nobody else. */
function cutBody(length: number): Uint8Array {
  const body = makeHello({ extensions: [SNI] }).subarray(4, 4 + length);
  return makeRecords(concat([hex("01"), prefixed(3, body)]));
}

Deno.test("decodeClientHello() refuses a body that stops anywhere but before its extensions", () => {
  const whole = makeHello({ extensions: [SNI] }).length - 4;
  const fixed = 2 + 32 + 33 + 8 + 2;
  for (let length = 0; length < whole; length++) {
    const { kind } = decodeClientHello(cutBody(length));
    assert.equal(kind, length === fixed ? "hello" : "refused", `${length}`);
  }
});

for (
  const [length, why] of [
    [34, "has 34 bytes"],
    [66, "stops in its session id"],
    [68, "stops in its session id"],
    [74, "stops in its cipher suites"],
    [76, "stops in its compression methods"],
    [78, "stops in its extensions"],
    [79, "extensions have 0 of 18 bytes"],
  ] as const
) {
  Deno.test(`decodeClientHello() says why a body of ${length} bytes is refused`, () => {
    assert.deepEqual(decodeClientHello(cutBody(length)), {
      kind: "refused",
      why: `tls hello ${why}`,
    });
  });
}

for (
  const { name, list, why } of [
    {
      name: "an extension that leaves the hello",
      list: "0017 0000 0023 0002 00",
      why: "extension 35 stops at byte 88 of 89",
    },
    {
      name: "half an extension's header",
      list: "0017 0000 0023 00",
      why: "extension header stops at byte 86",
    },
  ]
) {
  Deno.test(`decodeClientHello() refuses ${name}`, () => {
    const body = makeHello({ extensions: [SNI] }).subarray(4, 4 + 77);
    const whole = concat([body, prefixed(2, hex(list))]);
    const stream = makeRecords(concat([hex("01"), prefixed(3, whole)]));
    assert.deepEqual(decodeClientHello(stream), {
      kind: "refused",
      why: `tls hello ${why}`,
    });
  });
}

const HELLO = makeHello({ extensions: [SNI] });

const STREAMS: readonly { name: string; stream: Uint8Array; why: string }[] = [
  {
    name: "a ServerHello",
    stream: makeRecords(HELLO.with(0, 2)),
    why: "message type is 2",
  },
  {
    name: "a HelloRequest before anything else is there",
    stream: hex("16 0301 0004 00"),
    why: "message type is 0",
  },
  {
    name: "an empty record, which OpenSSL skips",
    stream: concat([hex("16 0301 0000"), makeRecords(HELLO)]),
    why: "record is empty",
  },
  {
    name: "a record of 16385 bytes",
    stream: hex("16 0301 4001"),
    why: "record has 16385 of at most 16384 bytes",
  },
  {
    name: "a message of 64 KiB",
    stream: hex("16 0301 4000 01 00fff8"),
    why: "message has 65532 of at most 65531 bytes",
  },
  {
    name: "a message of 16 MiB",
    stream: hex("16 0301 4000 01 ffffff"),
    why: "message has 16777219 of at most 65531 bytes",
  },
  {
    name: "another message in the same record",
    stream: makeRecords(concat([HELLO, HELLO])),
    why: "record goes on after the ClientHello",
  },
  {
    name: "one more byte in the same record, before it is there",
    stream: makeRecords(concat([HELLO, hex("00")])).subarray(0, 20),
    why: "record goes on after the ClientHello",
  },
  {
    name: "an alert between two records",
    stream: concat([
      makeRecords(HELLO, [10]).subarray(0, 15),
      hex("15 0301 0002 0100"),
      makeRecords(HELLO, [10]).subarray(15),
    ]),
    why: "record type is 21",
  },
  {
    name: "another version in a later record",
    stream: makeRecords(HELLO, [10]).with(16, 4),
    why: "record version is 1025",
  },
];

for (const { name, stream, why } of STREAMS) {
  Deno.test(`decodeClientHello() refuses ${name}`, () => {
    assert.deepEqual(decodeClientHello(stream), {
      kind: "refused",
      why: `tls ${why}`,
    });
  });
}

Deno.test("decodeClientHello() refuses records that never end their message", () => {
  const oneByte = hex("16 0301 0001 00");
  const start = makeRecords(hex("01 00f000"));
  const count = Math.ceil(65536 / oneByte.length);
  const stream = concat([start, ...Array(count).fill(oneByte)]);

  assert.equal(decodeClientHello(stream.subarray(0, 65535)).kind, "incomplete");
  assert.deepEqual(decodeClientHello(stream), {
    kind: "refused",
    why: "tls is not complete after 65536 bytes",
  });
});
