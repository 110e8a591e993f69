import assert from "node:assert/strict";
import {
  type ClientHelloResult,
  decodeClientHello,
} from "../../../agent/decode/tls_client_hello.ts";
import { hex } from "../../hex.ts";
import {
  ascii,
  CAPTURED,
  concat,
  keyShare,
  makeHello,
  makeRecords,
  prefixed,
  readHello,
  serverName,
  VERSIONS,
} from "./hellos.ts";

const NAME = "www.example.org";
const MAX_STREAM_BYTES = 65536;

/** Key shares of X25519MLKEM768 and MLKEM1024, as large as they are. */
const POST_QUANTUM = makeHello({
  extensions: [
    keyShare([0x11ec, 1216], [0x0202, 1568], [0x001d, 32]),
    serverName(NAME),
    VERSIONS,
  ],
});

function sniOf(result: ClientHelloResult): string | null {
  assert.equal(result.kind, "hello", JSON.stringify(result));
  return result.hello.sni;
}

for (const { name, sni, alpn, ech } of CAPTURED) {
  const stream = readHello(name);

  Deno.test(`decodeClientHello() reads the captured hello of ${name}`, () => {
    const maxVersion = name === "openssl_tls12" ? 0x0303 : 0x0304;
    assert.deepEqual(decodeClientHello(stream), {
      kind: "hello",
      hello: { sni, alpn, ech, earlyData: false, maxVersion },
      end: stream.length,
    });
  });

  Deno.test(`decodeClientHello() wants more of every truncation of ${name}`, () => {
    for (let length = 0; length < stream.length; length++) {
      const result = decodeClientHello(stream.subarray(0, length));
      assert.equal(result.kind, "incomplete", `${length} bytes`);
      if (length < 9) continue;
      // Who knows the length needs no more than what is missing, unless it is
      // cut into other records.
      assert.equal(result.neededBytes, stream.length - length);
    }
  });

  Deno.test(`decodeClientHello() reads ${name} split at every position`, () => {
    const message = stream.subarray(5);
    const whole = decodeClientHello(stream);
    for (let cut = 1; cut < message.length; cut++) {
      const split = makeRecords(message, [cut]);
      assert.deepEqual(decodeClientHello(split), {
        ...whole,
        end: stream.length + 5,
      });
    }
  });
}

Deno.test("decodeClientHello() reads a post-quantum hello of 3 KiB", () => {
  const stream = makeRecords(POST_QUANTUM);

  assert.ok(stream.length > 2900);
  assert.equal(sniOf(decodeClientHello(stream)), NAME);
});

Deno.test("decodeClientHello() reads one byte a record, and waits until the last", () => {
  const message = makeHello();
  const cuts = Array.from({ length: message.length - 1 }, (_, at) => at + 1);
  const stream = makeRecords(message, cuts);

  for (let length = 0; length < stream.length; length++) {
    const result = decodeClientHello(stream.subarray(0, length));
    assert.equal(result.kind, "incomplete", `${length} bytes`);
    // Each record's five bytes count, since they were announced by nobody.
    assert.ok(result.neededBytes >= stream.length - length, `${length} bytes`);
  }
  assert.equal(sniOf(decodeClientHello(stream)), NAME);
});

Deno.test("decodeClientHello() says where the hello ends when more follows", () => {
  const hello = makeRecords(makeHello());
  const earlyData = hex("17 0303 0002 cafe");
  const result = decodeClientHello(concat([hello, earlyData]));

  assert.equal(result.kind, "hello");
  assert.equal(result.end, hello.length);
});

Deno.test("decodeClientHello() reads a hello that fills 64 KiB, and none past it", () => {
  const small = makeHello({ extensions: [serverName(NAME), [21, hex("")]] });
  const records = 4;
  const room = MAX_STREAM_BYTES - records * 5 - small.length;
  const cuts = [16384, 32768, 49152];
  for (const [extra, kind] of [[0, "hello"], [1, "refused"]] as const) {
    const padding = new Uint8Array(room + extra);
    const message = makeHello({
      extensions: [serverName(NAME), [21, padding]],
    });
    const stream = makeRecords(message, cuts);
    assert.equal(stream.length, MAX_STREAM_BYTES + extra);
    assert.equal(decodeClientHello(stream).kind, kind);
    const truncated = decodeClientHello(stream.subarray(0, 65535));
    assert.deepEqual(truncated, { kind: "incomplete", neededBytes: 1 });
  }
});

Deno.test("decodeClientHello() reads a hello without extensions as one without a name", () => {
  const withEmpty = makeHello({ extensions: [] });
  const body = withEmpty.subarray(4, withEmpty.length - 2);
  const message = concat([Uint8Array.of(1), prefixed(3, body)]);
  const expected = {
    sni: null,
    alpn: [],
    ech: false,
    earlyData: false,
    maxVersion: 0x0303,
  };

  for (const stream of [makeRecords(withEmpty), makeRecords(message)]) {
    const result = decodeClientHello(stream);
    assert.equal(result.kind, "hello");
    assert.deepEqual(result.hello, expected);
  }
});

Deno.test("decodeClientHello() leaves GREASE out of the version and in ALPN", () => {
  const alpn = prefixed(
    2,
    concat([
      prefixed(1, hex("0a0a")),
      prefixed(1, ascii("h2")),
      prefixed(1, ascii("a\\b")),
    ]),
  );
  const message = makeHello({
    suites: "eaea 1301",
    extensions: [
      [0x0a0a, hex("")],
      VERSIONS,
      [16, alpn],
      serverName(NAME),
      [0xfafa, hex("00")],
    ],
  });
  const result = decodeClientHello(makeRecords(message));

  assert.equal(result.kind, "hello");
  assert.equal(result.hello.maxVersion, 0x0304);
  assert.deepEqual(result.hello.alpn, ["\\010\\010", "h2", "a\\092b"]);
  assert.equal(result.hello.sni, NAME);
});

Deno.test("decodeClientHello() says that early data may follow", () => {
  const message = makeHello({ extensions: [serverName(NAME), [42, hex("")]] });
  const result = decodeClientHello(makeRecords(message));

  assert.equal(result.kind, "hello");
  assert.equal(result.hello.earlyData, true);
});

for (
  const [name, read] of [
    ["WWW.Example.ORG", NAME],
    ["www.example.org.", NAME],
    ["localhost", "localhost"],
    ["_dns.a-b--c-.xn--p1ai", "_dns.a-b--c-.xn--p1ai"],
  ] as const
) {
  Deno.test(`decodeClientHello() reads the name ${name} as ${read}`, () => {
    const message = makeHello({ extensions: [serverName(name)] });
    assert.equal(sniOf(decodeClientHello(makeRecords(message))), read);
  });
}

const OPENINGS: readonly {
  name: string;
  dump: string;
  expected: "incomplete" | "not_tls" | "refused";
}[] = [
  { name: "nothing", dump: "", expected: "incomplete" },
  { name: "one byte of a handshake", dump: "16", expected: "incomplete" },
  { name: "an HTTP request", dump: "47", expected: "not_tls" },
  { name: "an SSH client", dump: "53", expected: "not_tls" },
  { name: "a PostgreSQL SSLRequest", dump: "00", expected: "not_tls" },
  { name: "content type 25", dump: "19", expected: "not_tls" },
  { name: "a version far from TLS", dump: "16 10", expected: "not_tls" },
  {
    // MongoDB: a little-endian length, then a request's number.
    name: "a length that begins like a handshake",
    dump: "16010000 0700",
    expected: "not_tls",
  },
  {
    name: "a record version that Go's servers take",
    dump: "16 0403 0100 01",
    expected: "incomplete",
  },
  {
    name: "that version with a ClientHello",
    dump: "16 0403 0100 01 00",
    expected: "refused",
  },
  {
    name: "that version with 16 MiB",
    dump: "16 0403 0100 01 ff",
    expected: "not_tls",
  },
  { name: "a change cipher spec", dump: "14 03", expected: "refused" },
  { name: "an alert", dump: "15 03", expected: "refused" },
  { name: "application data", dump: "17 03", expected: "refused" },
  { name: "a heartbeat", dump: "18 03", expected: "refused" },
  {
    name: "application data of no version",
    dump: "17 04",
    expected: "not_tls",
  },
  {
    name: "a start of an alert of another version",
    dump: "15 0403 0002",
    expected: "incomplete",
  },
  {
    // Go's servers skip it and read the ClientHello behind it.
    name: "a warning of another version",
    dump: "15 0403 0002 01",
    expected: "refused",
  },
  {
    name: "an alert of another size",
    dump: "15 0403 0003 01",
    expected: "not_tls",
  },
  { name: "a high first byte", dump: "80 2e", expected: "incomplete" },
  {
    name: "an SSL 2.0 frame's start",
    dump: "80 2e 01",
    expected: "incomplete",
  },
  { name: "an SSL 2.0 ClientHello", dump: "802e 01 0002", expected: "refused" },
  {
    name: "TLS in an SSL 2.0 frame",
    dump: "802e 01 0301",
    expected: "refused",
  },
  { name: "another high first byte", dump: "802e 02", expected: "not_tls" },
  { name: "an unknown version", dump: "802e 01 0401", expected: "not_tls" },
];

for (const { name, dump, expected } of OPENINGS) {
  Deno.test(`decodeClientHello() finds ${name} ${expected}`, () => {
    assert.equal(decodeClientHello(hex(dump)).kind, expected);
  });
}
