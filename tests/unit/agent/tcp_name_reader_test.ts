import assert from "node:assert/strict";
import type { Packet } from "../../../agent/decode/packet.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import type { Reading } from "../../../agent/reading.ts";
import { TcpNameReader } from "../../../agent/tcp_name_reader.ts";
import { hex } from "../../hex.ts";
import {
  CAPTURED,
  makeHello,
  makeRecords,
  readHello,
  readPackets,
  serverName,
  VERSIONS,
} from "../decode/hellos.ts";
import { decoded, TcpClient } from "./clients.ts";

const HELLO = makeRecords(makeHello());
const FINISHED = hex("1403030001 01 1703030004 00000000");
const SAID = "tls www.example.org, so far";
const SETTLED = "tls www.example.org";

/** A reading in words: what was said, and whether it can change. */
function textOf({ said, settled, waiting }: Reading): string {
  if (waiting) return "waits";
  if (said === null) return "silent";
  const name = "name" in said ? ` ${said.name}` : "";
  return `${said.kind}${name}${settled ? "" : ", so far"}`;
}

function read(packets: readonly Packet[]): readonly string[] {
  const reader = new TcpNameReader();
  // The server has all that is sent.
  return packets.map((packet) =>
    textOf(
      reader.add(packet, () => packet.tcpSequence + packet.payload.length),
    )
  );
}

/** What is known after a SYN, its acknowledgement and these. */
function readStream(...data: readonly (Uint8Array | string)[]): string {
  const client = new TcpClient();
  const opening = [client.syn(), client.say()];
  return read([...opening, ...data.map((each) => client.say(each))]).at(-1)!;
}

for (const { name, sni } of CAPTURED) {
  Deno.test(`TcpNameReader reads the name in the captured hello of ${name}`, () => {
    assert.equal(readStream(readHello(name)), `tls ${sni}, so far`);
  });
}

for (
  const [name, knownAt] of [["chromium", -1], ["fastopen", 0]] as const
) {
  Deno.test(`TcpNameReader reads the captured packets of ${name}`, () => {
    const packets = readPackets(name).map(decoded);
    const at = knownAt < 0 ? packets.length - 1 : knownAt;
    const said = read(packets.slice(0, at + 1));

    const texts = { chromium: ["silent", "silent", "waits"], fastopen: [] };
    assert.deepEqual(said, [
      ...texts[name],
      `tls ${name}.example.org, so far`,
    ]);
  });
}

Deno.test("TcpNameReader waits for the last byte of a hello, wherever it is cut", () => {
  for (let at = 1; at < HELLO.length; at++) {
    const client = new TcpClient();
    const said = read([
      client.syn(),
      client.say(),
      client.say(HELLO.subarray(0, at)),
      client.say(HELLO.subarray(at)),
    ]);
    assert.deepEqual(said.slice(2), ["waits", SAID], `${at} bytes`);
  }
});

const REQUEST = "GET / HTTP/1.1\r\nHost: WWW.Example.org:8080\r\n\r\n";

const STREAMS: readonly {
  readonly name: string;
  readonly data: readonly (Uint8Array | string)[];
  readonly said: string;
}[] = [
  { name: "nothing", data: [], said: "silent" },
  {
    name: "a hello in records of one byte",
    data: [makeRecords(makeHello(), [1, 2, 3])],
    said: SAID,
  },
  {
    name: "a hello without a name",
    data: [makeRecords(makeHello({ extensions: [VERSIONS] }))],
    said: "tls null, so far",
  },
  {
    name: "a hello with a name that no host has",
    data: [makeRecords(makeHello({ extensions: [serverName("a b")] }))],
    said: "unreadable",
  },
  {
    name: "a hello behind another record",
    data: [hex("1503010002 0100"), HELLO],
    said: "unreadable",
  },
  {
    name: "a request",
    data: [REQUEST],
    said: "http www.example.org, so far",
  },
  {
    name: "a request in pieces",
    data: [REQUEST.slice(0, 20), REQUEST.slice(20)],
    said: "http www.example.org, so far",
  },
  { name: "half of a request", data: [REQUEST.slice(0, 20)], said: "waits" },
  {
    name: "a request of HTTP/1.0 without a host",
    data: ["GET / HTTP/1.0\r\n\r\n"],
    said: "http null, so far",
  },
  {
    name: "a request to an address",
    data: ["GET / HTTP/1.1\r\nHost: 192.0.2.1\r\n\r\n"],
    said: "http 192.0.2.1, so far",
  },
  {
    name: "a request without a host",
    data: ["GET / HTTP/1.1\r\n\r\n"],
    said: "unreadable",
  },
  {
    name: "a request with two hosts",
    data: ["GET / HTTP/1.1\r\nHost: a.example\r\nHost: b.example\r\n\r\n"],
    said: "unreadable",
  },
  {
    name: "a request without an end",
    data: ["GET / HTTP/1.1\r\nX: ", new Uint8Array(16384).fill(0x61)],
    said: "unreadable",
  },
  { name: "SSH", data: ["SSH-2.0-OpenSSH_9.2\r\n"], said: "other" },
  { name: "SMTP", data: ["EHLO client.example\r\n"], said: "other" },
  {
    name: "PostgreSQL's question for TLS",
    data: [hex("00000008 04d2162f")],
    said: "other",
  },
];

for (const { name, data, said } of STREAMS) {
  Deno.test(`TcpNameReader takes ${name} for what it is`, () => {
    assert.equal(readStream(...data), said);
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
  Deno.test(`TcpNameReader cannot rely on ${name} when nothing follows`, () => {
    const client = new TcpClient();
    const said = read([client.syn(), client.say(), client.fin(data)]);

    assert.equal(said.at(-1), "unreadable");
  });
}

for (const text of ["QUIT", "two words", "ping"]) {
  Deno.test(`TcpNameReader takes "${text}" for another protocol when nothing follows`, () => {
    const client = new TcpClient();
    const said = read([client.syn(), client.say(text), client.fin()]);

    assert.deepEqual(said, ["silent", "waits", "other"]);
  });
}

Deno.test("TcpNameReader hears nothing from a client that leaves in silence", () => {
  const client = new TcpClient();

  assert.deepEqual(read([client.syn(), client.say(), client.fin()]), [
    "silent",
    "silent",
    "silent",
  ]);
});

Deno.test("TcpNameReader puts segments in order and passes over repeated ones", () => {
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

  assert.deepEqual(said, ["silent", "silent", "waits", "waits", SAID]);
});

Deno.test("TcpNameReader waits for the rest of what a SYN carries, however little", () => {
  for (const bytes of [1, 2, 50]) {
    const client = new TcpClient();
    const said = read([
      client.syn(HELLO.subarray(0, bytes)),
      client.say(HELLO.subarray(bytes)),
    ]);
    assert.deepEqual(said, ["waits", SAID], `${bytes} bytes`);
  }
});

Deno.test("TcpNameReader refuses two segments that say different things", () => {
  const client = new TcpClient();
  const lie = HELLO.slice(0, 60);
  lie[59]! ^= 1;
  const said = read([
    client.syn(),
    client.segment(HELLO.subarray(0, 60)),
    client.segment(lie),
  ]);

  assert.deepEqual(said, ["silent", "waits", "unreadable"]);
});

Deno.test("TcpNameReader refuses a stream whose beginning it has not seen", () => {
  assert.deepEqual(read([new TcpClient().say(HELLO)]), ["unreadable"]);
});

Deno.test("TcpNameReader refuses urgent data", () => {
  const client = new TcpClient();
  const { URG, ACK } = TCP_FLAG;
  const said = read([
    client.syn(),
    client.segment(HELLO, { flags: URG | ACK }),
  ]);

  assert.deepEqual(said, ["silent", "unreadable"]);
});

Deno.test("TcpNameReader settles on a name when the server has answered it", () => {
  const client = new TcpClient();
  const said = read([
    client.syn(),
    client.say(),
    client.say(HELLO),
    client.say(),
    client.say(FINISHED),
    client.hear(1200).say(),
  ]);

  assert.deepEqual(said, ["silent", "silent", SAID, SAID, SAID, SETTLED]);
});

Deno.test("TcpNameReader knows an answer by its number, also where that wraps", () => {
  const client = new TcpClient();
  const said = read([
    client.syn(),
    client.hear(1).say(),
    client.say(HELLO),
    client.hear(100).say(FINISHED),
  ]);

  assert.equal(said.at(-1), SETTLED);
});

for (const name of ["www.example.org", "evil.example"]) {
  Deno.test(`TcpNameReader takes the name of a second hello, ${name}`, () => {
    const client = new TcpClient();
    const second = makeRecords(makeHello({ extensions: [serverName(name)] }));
    const said = read([
      client.syn(),
      client.say(),
      client.say(HELLO),
      client.hear(100).say(hex("1403030001 01")),
      client.say(second.subarray(0, 50)),
      client.say(second.subarray(50)),
    ]);

    assert.deepEqual(said.slice(2), [SAID, "waits", "waits", `tls ${name}`]);
  });
}
