import assert from "node:assert/strict";
import type { Said } from "../../../agent/decide/said_name.ts";
import { type Packet, PROTOCOL } from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { nameReader } from "../../../agent/name_reader.ts";
import { hex } from "../../hex.ts";
import {
  CAPTURED,
  keyShare,
  makeHello,
  makeRecords,
  readHello,
  readPackets,
  serverName,
  VERSIONS,
} from "../decode/hellos.ts";
import {
  cryptoFrame,
  join,
  longPacket,
  sealDatagram,
  sealInitial,
} from "../decode/quic_seal.ts";
import {
  V1_CLIENT_INITIAL,
  V1_SHORT,
  V2_CLIENT_INITIAL,
} from "../decode/quic_vectors.ts";
import { datagram, decoded, TcpClient } from "./clients.ts";

const HELLO = makeRecords(makeHello());
const SAID: Said = { kind: "tls", name: "www.example.org" };
const UNREADABLE: Said = { kind: "unreadable" };
const OTHER: Said = { kind: "other" };

function read(packets: readonly Packet[]): readonly (Said | null)[] {
  const reader = nameReader(packets[0]!.protocol);
  return packets.map((packet) => reader.add(packet));
}

/** What is known after a SYN, its acknowledgement and these. */
function readStream(...data: readonly (Uint8Array | string)[]): Said | null {
  const client = new TcpClient();
  const opening = [client.syn(), client.say()];
  return read([...opening, ...data.map((each) => client.say(each))]).at(-1)!;
}

for (const { name, sni } of CAPTURED) {
  Deno.test(`nameReader() reads the name in the captured hello of ${name}`, () => {
    assert.deepEqual(readStream(readHello(name)), { kind: "tls", name: sni });
  });
}

for (
  const [name, knownAt] of [["chromium", -1], ["fastopen", 0]] as const
) {
  Deno.test(`nameReader() reads the captured packets of ${name}`, () => {
    const packets = readPackets(name).map(decoded);
    const at = knownAt < 0 ? packets.length - 1 : knownAt;
    const said = read(packets.slice(0, at + 1));

    const sni = `${name}.example.org`;
    assert.deepEqual(said, [
      ...Array<null>(at).fill(null),
      { kind: "tls", name: sni },
    ]);
  });
}

Deno.test("nameReader() waits for the last byte of a hello, wherever it is cut", () => {
  for (let at = 1; at < HELLO.length; at++) {
    const client = new TcpClient();
    const said = read([
      client.syn(),
      client.say(),
      client.say(HELLO.subarray(0, at)),
      client.say(HELLO.subarray(at)),
    ]);
    assert.deepEqual(said, [null, null, null, SAID], `${at} bytes`);
  }
});

const REQUEST = "GET / HTTP/1.1\r\nHost: WWW.Example.org:8080\r\n\r\n";

const STREAMS: readonly {
  readonly name: string;
  readonly data: readonly (Uint8Array | string)[];
  readonly said: Said | null;
}[] = [
  { name: "nothing", data: [], said: null },
  {
    name: "a hello in records of one byte",
    data: [makeRecords(makeHello(), [1, 2, 3])],
    said: SAID,
  },
  {
    name: "a hello without a name",
    data: [makeRecords(makeHello({ extensions: [VERSIONS] }))],
    said: { kind: "tls", name: null },
  },
  {
    name: "a hello with a name that no host has",
    data: [makeRecords(makeHello({ extensions: [serverName("a b")] }))],
    said: UNREADABLE,
  },
  {
    name: "a hello behind another record",
    data: [hex("1503010002 0100"), HELLO],
    said: UNREADABLE,
  },
  {
    name: "a request",
    data: [REQUEST],
    said: { kind: "http", name: "www.example.org" },
  },
  {
    name: "a request in pieces, and its body",
    data: [REQUEST.slice(0, 20), REQUEST.slice(20) + "body"],
    said: { kind: "http", name: "www.example.org" },
  },
  { name: "half of a request", data: [REQUEST.slice(0, 20)], said: null },
  {
    name: "a request of HTTP/1.0 without a host",
    data: ["GET / HTTP/1.0\r\n\r\n"],
    said: { kind: "http", name: null },
  },
  {
    name: "a request to an address",
    data: ["GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"],
    said: { kind: "http", name: "192.0.2.1" },
  },
  {
    name: "a request without a host",
    data: ["GET / HTTP/1.1\r\n\r\n"],
    said: UNREADABLE,
  },
  {
    name: "a request with two hosts",
    data: ["GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"],
    said: UNREADABLE,
  },
  {
    name: "a request without an end",
    data: ["GET / HTTP/1.1\r\nX: ", new Uint8Array(16384).fill(0x61)],
    said: UNREADABLE,
  },
  { name: "SSH", data: ["SSH-2.0-OpenSSH_9.2\r\n"], said: OTHER },
  { name: "SMTP", data: ["EHLO client.example\r\n"], said: OTHER },
  {
    name: "PostgreSQL's question for TLS",
    data: [hex("00000008 04d2162f")],
    said: OTHER,
  },
];

for (const { name, data, said } of STREAMS) {
  Deno.test(`nameReader() takes ${name} for what it is`, () => {
    assert.deepEqual(readStream(...data), said);
  });
}

const ENDED: readonly (readonly [name: string, data: string | Uint8Array])[] = [
  // Some servers take the end of the stream for the end of the header.
  ["a request without its last line", REQUEST.slice(0, -2)],
  ["a request in the middle of a line", REQUEST.slice(0, 30)],
  ["a request line", "GET / HTTP/1.1"],
  ["a request's first word", "GET"],
  ["half of a hello", HELLO.subarray(0, 60)],
  ["a record's first byte", HELLO.subarray(0, 1)],
];

for (const [name, data] of ENDED) {
  Deno.test(`nameReader() cannot rely on ${name} when nothing follows`, () => {
    const client = new TcpClient();
    const said = read([client.syn(), client.say(), client.fin(data)]);

    assert.deepEqual(said, [null, null, UNREADABLE]);
  });
}

for (const text of ["QUIT", "two words", "ping"]) {
  Deno.test(`nameReader() takes "${text}" for another protocol when nothing follows`, () => {
    const client = new TcpClient();
    const said = read([client.syn(), client.say(text), client.fin()]);

    assert.deepEqual(said, [null, null, OTHER]);
  });
}

Deno.test("nameReader() hears nothing from a client that leaves in silence", () => {
  const client = new TcpClient();

  assert.deepEqual(read([client.syn(), client.say(), client.fin()]), [
    null,
    null,
    null,
  ]);
});

Deno.test("nameReader() puts segments in order and passes over repeated ones", () => {
  const client = new TcpClient();
  const first = HELLO.subarray(0, 50);
  const rest = HELLO.subarray(50);
  const syn = client.syn();
  const said = read([
    syn,
    syn,
    client.segment(rest, { ahead: 50 }),
    client.segment(rest, { ahead: 50 }),
    client.segment(first),
  ]);

  assert.deepEqual(said, [null, null, null, null, SAID]);
});

Deno.test("nameReader() refuses two segments that say different things", () => {
  const client = new TcpClient();
  const lie = HELLO.slice(0, 60);
  lie[59]! ^= 1;
  const said = read([
    client.syn(),
    client.segment(HELLO.subarray(0, 60)),
    client.segment(lie),
  ]);

  assert.deepEqual(said, [null, null, UNREADABLE]);
});

Deno.test("nameReader() refuses a stream whose beginning it has not seen", () => {
  assert.deepEqual(read([new TcpClient().say(HELLO)]), [UNREADABLE]);
});

Deno.test("nameReader() refuses urgent data", () => {
  const client = new TcpClient();
  const { URG, ACK } = TCP_FLAG;
  const said = read([
    client.syn(),
    client.segment(HELLO, { flags: URG | ACK }),
  ]);

  assert.deepEqual(said, [null, UNREADABLE]);
});

/** Larger than one datagram, as with a post-quantum key share. */
const LARGE = makeHello({
  extensions: [serverName("www.example.org"), VERSIONS, keyShare([4588, 1216])],
});
const PARTS = [[0, 1000], [1000, LARGE.length]].map(([from, to], number) =>
  sealDatagram({ frames: cryptoFrame(from!, LARGE.subarray(from, to)), number })
);
const EARLY = longPacket(0xd0, { bytes: 40 });

const DATAGRAMS: readonly {
  readonly name: string;
  readonly datagrams: readonly Uint8Array[];
  readonly said: readonly (Said | null)[];
}[] = [
  ...[["1", V1_CLIENT_INITIAL], ["2", V2_CLIENT_INITIAL]].map((
    [version, dump],
  ) => ({
    name: `the sample packet of version ${version}`,
    datagrams: [hex(dump!)],
    said: [{ kind: "tls" as const, name: "example.com" }],
  })),
  { name: "a hello of two datagrams", datagrams: PARTS, said: [null, SAID] },
  {
    name: "the second datagram first",
    datagrams: PARTS.toReversed(),
    said: [null, SAID],
  },
  {
    name: "a hello without a name",
    datagrams: [sealHello(makeHello({ extensions: [VERSIONS] }))],
    said: [{ kind: "tls", name: null }],
  },
  {
    name: "a hello with a name that no host has",
    datagrams: [sealHello(makeHello({ extensions: [serverName("a b")] }))],
    said: [UNREADABLE],
  },
  {
    name: "early data before the name is whole",
    datagrams: [join([PARTS[0]!, EARLY]), PARTS[1]!],
    said: [null, SAID],
  },
  {
    name: "early data in front of the hello",
    datagrams: [EARLY, ...PARTS],
    said: [null, null, SAID],
  },
  {
    name: "another protocol",
    datagrams: [hex("1b0a0b0c")],
    said: [OTHER],
  },
  { name: "an empty datagram", datagrams: [hex("")], said: [OTHER] },
  {
    name: "another protocol behind half of a hello",
    datagrams: [PARTS[0]!, hex("1b0a0b0c")],
    said: [null, UNREADABLE],
  },
  {
    name: "a short header behind half of a hello",
    datagrams: [PARTS[0]!, hex(V1_SHORT)],
    said: [null, UNREADABLE],
  },
  {
    name: "a version that nobody knows",
    datagrams: [damaged(1, 0x7a)],
    said: [UNREADABLE],
  },
  {
    name: "a packet that is not sealed as it should be",
    datagrams: [damaged(600, 0xff)],
    said: [UNREADABLE],
  },
  {
    name: "a datagram that servers discard",
    datagrams: [sealInitial({ frames: cryptoFrame(0, makeHello()) })],
    said: [UNREADABLE],
  },
  {
    name: "another connection before the name is whole",
    datagrams: [
      PARTS[0]!,
      sealHello(makeHello(), Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9)),
    ],
    said: [null, UNREADABLE],
  },
];

for (const { name, datagrams, said } of DATAGRAMS) {
  Deno.test(`nameReader() takes ${name} over UDP for what it is`, () => {
    const packets = datagrams.map((each) => datagram(each));

    assert.equal(packets[0]!.protocol, PROTOCOL.UDP);
    assert.deepEqual(read(packets), said);
  });
}

function sealHello(hello: Uint8Array, destination?: Uint8Array): Uint8Array {
  const frames = cryptoFrame(0, hello);
  return sealDatagram(destination ? { frames, destination } : { frames });
}

function damaged(at: number, mask: number): Uint8Array {
  const bytes = hex(V1_CLIENT_INITIAL);
  bytes[at]! ^= mask;
  return bytes;
}
