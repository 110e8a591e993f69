import assert from "node:assert/strict";
import type { Said } from "../../../agent/decide/said.ts";
import type { Packet } from "../../../agent/decode/packet.ts";
import type { Reading } from "../../../agent/reading.ts";
import { TcpNameReader } from "../../../agent/tcp_name_reader.ts";
import { hex } from "../../hex.ts";
import { ascii, makeHello, makeRecords, serverName } from "../decode/hellos.ts";
import { TcpClient } from "./clients.ts";

const CONNECT = "CONNECT a.example:443 HTTP/1.1\r\nHost: a.example:443\r\n\r\n";
const OTHER_CONNECT = CONNECT.replaceAll("a.example:443", "b.example:22");
const GET = "GET / HTTP/1.1\r\nHost: a.example\r\n\r\n";
const HELLO = makeRecords(
  makeHello({ extensions: [serverName("a.example")] }),
);
const FINISHED = hex("1403030001 01 1703030004 00000000");
const SOCKET =
  "GET / HTTP/1.1\r\nHost: a.example\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
const FRAME = hex("818537fa213d 7f9f4d5158");

function textOf(said: Said): string {
  const name = "name" in said ? ` ${said.name}` : "";
  const through = said.through === undefined
    ? ""
    : ` in ${said.through.host}:${said.through.port}`;
  return said.kind + name + through;
}

/** All that a packet says, and what becomes of it. */
function wordsOf(reading: Reading): string {
  const { said, before = [], settled, waiting, early = false } = reading;
  const all = said === null ? before : [...before, said];
  return [
    ...all.map(textOf),
    ...Object.entries({ settled, waiting, early }).flatMap(([name, is]) =>
      is ? [`(${name})`] : []
    ),
  ].join(", ");
}

class Reader {
  readonly #reader = new TcpNameReader();
  /** What the server has, to be set. */
  there: number | null = null;
  asked = 0;

  get keptBytes(): number {
    return this.#reader.keptBytes;
  }

  read(...packets: readonly Packet[]): string {
    const words = packets.map((packet) =>
      wordsOf(this.#reader.add(packet, () => {
        this.asked++;
        return this.there;
      }))
    );
    return words.at(-1)!;
  }
}

function begin(): { reader: Reader; client: TcpClient } {
  const [reader, client] = [new Reader(), new TcpClient()];
  reader.read(client.syn(), client.say());
  return { reader, client };
}

function join(...parts: readonly (string | Uint8Array)[]): Uint8Array {
  return Uint8Array.from(
    parts.flatMap((part) => [...typeof part === "string" ? ascii(part) : part]),
  );
}

Deno.test("TcpNameReader reads a hello in a tunnel", () => {
  const { reader, client } = begin();

  assert.equal(reader.read(client.say(CONNECT)), "http a.example");
  assert.equal(
    reader.read(client.say(HELLO)),
    "tls a.example in a.example:443",
  );
  const last = client.hear(100).say(FINISHED);
  assert.equal(reader.read(last), "tls a.example in a.example:443");
  reader.there = last.tcpSequence + last.payload.length;
  assert.equal(
    reader.read(client.say("data")),
    "tls a.example in a.example:443, (settled)",
  );
});

Deno.test("TcpNameReader reads a tunnel wherever its packets are cut", () => {
  const stream = join(CONNECT, HELLO);
  for (let at = 1; at < stream.length; at++) {
    const { reader, client } = begin();
    const first = reader.read(client.say(stream.subarray(0, at)));
    const second = reader.read(client.say(stream.subarray(at)));
    const whole = "tls a.example in a.example:443";
    const expected = at < CONNECT.length
      ? ["(waiting)", `http a.example, ${whole}`]
      : at === CONNECT.length
      ? ["http a.example", whole]
      : ["http a.example, (waiting)", whole];
    assert.deepEqual([first, second], expected, `at ${at}`);
  }
});

Deno.test("TcpNameReader reads what is asked of a proxy that opened no tunnel", () => {
  const { reader, client } = begin();
  const inTunnel = "in a.example:443";

  reader.read(client.say(CONNECT));
  assert.equal(reader.read(client.say(GET)), `http a.example ${inTunnel}`);
  assert.equal(
    reader.read(client.say(OTHER_CONNECT)),
    `http b.example ${inTunnel}`,
  );
  reader.there = client.say().tcpSequence + 100;
  assert.equal(
    reader.read(client.say("SSH-2.0-x\r\n")),
    "other in b.example:22, (settled)",
  );
});

Deno.test("TcpNameReader reads many tunnels in one packet", () => {
  const { reader, client } = begin();
  const said = reader.read(client.say(CONNECT.repeat(400)));

  assert.equal(said.split(", ").length, 400);
});

Deno.test("TcpNameReader refuses another CONNECT in the place of one, also from the tunnel", () => {
  const { reader, client } = begin();
  const again = client.segment(OTHER_CONNECT);
  reader.read(client.say(CONNECT));
  reader.read(client.say(HELLO));

  assert.equal(reader.read(again), "unreadable in a.example:443, (settled)");
});

Deno.test("TcpNameReader settles on a web socket when the server has its frame", () => {
  const { reader, client } = begin();
  reader.read(client.say(SOCKET));
  assert.equal(reader.read(client.say(FRAME)), "http a.example");
  reader.there = client.say().tcpSequence - 1;
  assert.equal(reader.read(client.say()), "http a.example");
  reader.there++;
  assert.equal(reader.read(client.say()), "http a.example, (settled)");
});

Deno.test("TcpNameReader refuses another request in the place of one whose web socket is open", () => {
  const { reader, client } = begin();
  const again = client.segment(SOCKET.replace("a.ex", "b.ex"));
  reader.read(client.say(SOCKET), client.say(FRAME));

  assert.equal(reader.read(again), "unreadable, (settled)");
});

Deno.test("TcpNameReader keeps little of many requests that the server has", () => {
  const { reader, client } = begin();
  let most = 0;
  for (let count = 0; count < 2_000; count++) {
    reader.there = client.say().tcpSequence;
    assert.equal(reader.read(client.say(GET)), "http a.example");
    most = Math.max(most, reader.keptBytes);
  }
  assert.ok(most < 10_000, `${most} bytes`);
  assert.ok(reader.asked < 200, `asked ${reader.asked} times`);
});

Deno.test("TcpNameReader takes no more requests in than the server takes", () => {
  const { reader, client } = begin();
  let taken = 0;
  let packet = client.say(GET);
  while (reader.read(packet) !== "(early)") {
    taken++;
    packet = client.say(GET);
  }
  assert.ok(taken > 300, `${taken} requests`);
  assert.ok(reader.keptBytes < 100_000);
  // What is sent again is not more, and with room it goes on.
  const before = client.segment(GET, { ahead: -2 * GET.length });
  assert.equal(reader.read(before), "");
  reader.there = packet.tcpSequence;
  assert.equal(reader.read(packet), "http a.example");
});

Deno.test("TcpNameReader takes nothing in behind a gap in HTTP", () => {
  const { reader, client } = begin();
  reader.read(client.say(GET));
  const ahead = client.segment(GET, { ahead: 10 });

  assert.equal(reader.read(ahead), "(early)");
  assert.equal(reader.read(client.say(GET)), "http a.example");
});

Deno.test("TcpNameReader refuses a request in front of which something waits", () => {
  const { reader, client } = begin();

  const ahead = client.segment("x", { ahead: GET.length + 9 });
  assert.equal(reader.read(ahead), "(waiting)");
  assert.equal(reader.read(client.say(GET)), "unreadable, (settled)");
});

Deno.test("TcpNameReader refuses a head that its client's end cuts off", () => {
  const { reader, client } = begin();
  reader.read(client.say(GET));

  assert.equal(
    reader.read(client.fin(GET.slice(0, -2))),
    "unreadable, (settled)",
  );
});

Deno.test("TcpNameReader lets a body go that is sent again with other bytes", () => {
  const { reader, client } = begin();
  const post = GET.replace("GET", "PUT")
    .replace("\r\n\r\n", "\r\nContent-Length: 8\r\n\r\n");
  reader.read(client.say(post));
  const again = client.segment("ABCD");

  assert.equal(reader.read(client.say("abcd")), "");
  assert.equal(reader.read(again), "");
  assert.equal(reader.read(client.say("efgh")), "");
  assert.equal(reader.read(client.say(GET)), "http a.example");
});

Deno.test("TcpNameReader waits with what may be sent again of half a head", () => {
  const { reader, client } = begin();
  reader.read(client.say(GET));
  const half = GET.slice(0, 20);
  const again = client.segment(half);
  const other = client.segment(half.replace("GET", "PUT"));

  assert.equal(reader.read(client.say(half)), "(waiting)");
  assert.equal(reader.read(again), "(waiting)");
  assert.equal(reader.read(other), "unreadable, (settled)");
});
