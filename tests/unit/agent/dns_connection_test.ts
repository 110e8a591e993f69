import assert from "node:assert/strict";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import type { Packet } from "../../../agent/decode/packet.ts";
import { type Brought, DnsConnection } from "../../../agent/dns_connection.ts";
import { hex } from "../../hex.ts";

const { SYN, ACK, FIN, URG } = TCP_FLAG;
const CLIENT = 0xffff_fff0;
const SERVER = 7_000;

/** Two bytes of length, then a header and nothing else. */
const QUESTION = hex("000c 1234 0100 0000 0000 0000 0000");
const MESSAGE = QUESTION.subarray(2);

function segment(
  sequence: number,
  of: { payload?: Uint8Array; flags?: number; ack?: number } = {},
): Packet {
  const { payload = new Uint8Array(0), flags = ACK, ack = 0 } = of;
  return {
    ...{ version: 4, protocol: 6, fragment: false, optionsBytes: 0 },
    ...{ source: hex("c0000201"), destination: hex("c0000235") },
    ...{ sourcePort: 40_000, destinationPort: 53, tcpFlags: flags },
    tcpSequence: sequence >>> 0,
    tcpAcknowledgment: ack >>> 0,
    payload,
  };
}

/** A connection that the server has taken. */
function connected(): DnsConnection {
  const connection = new DnsConnection(CLIENT);
  const ack = connection.first;
  const taken = segment(SERVER, { flags: SYN | ACK, ack });
  assert.equal(connection.answer(taken).kind, "again");
  return connection;
}

function asked(at: number, payload: Uint8Array, flags: number = ACK): Packet {
  return segment(CLIENT + 1 + at, { payload, flags });
}

function answered(at: number, payload: Uint8Array, ack = 0): Packet {
  return segment(SERVER + 1 + at, { payload, ack: CLIENT + 1 + ack });
}

/** How many messages came of it, or its kind. */
function read(brought: Brought): string {
  return brought.kind === "next"
    ? `next ${brought.messages.length}`
    : brought.kind;
}

Deno.test("DnsConnection gives the messages of both directions", () => {
  const connection = connected();
  const question = connection.ask(asked(0, QUESTION));
  assert.deepEqual(question, { kind: "next", messages: [MESSAGE] });
  const answer = connection.answer(answered(0, QUESTION));
  assert.deepEqual(answer, { kind: "next", messages: [MESSAGE] });
});

Deno.test("DnsConnection keeps back what is there of a question, until all of it is", () => {
  const connection = connected();
  const [first, rest] = [QUESTION.subarray(0, 5), QUESTION.subarray(5)];
  assert.equal(read(connection.ask(asked(0, first))), "next 0");
  assert.ok(connection.isUnfinished);
  assert.equal(read(connection.ask(asked(0, first))), "astray");
  assert.equal(read(connection.ask(asked(5, rest))), "next 1");
  assert.equal(connection.isUnfinished, false);
  // It was lost on purpose, and comes again.
  assert.equal(read(connection.ask(asked(0, first))), "again");
});

Deno.test("DnsConnection keeps back a whole question with part of the next", () => {
  const connection = connected();
  const both = new Uint8Array([...QUESTION, ...QUESTION.subarray(0, 4)]);
  assert.equal(read(connection.ask(asked(0, both))), "next 1");
  assert.ok(connection.isUnfinished);
  assert.equal(read(connection.ask(asked(0, both))), "astray");
  const rest = QUESTION.subarray(4);
  assert.equal(read(connection.ask(asked(both.length, rest))), "next 1");
  assert.equal(read(connection.ask(asked(0, both))), "again");
});

Deno.test("DnsConnection lets a length alone go", () => {
  const connection = connected();
  connection.ask(asked(0, QUESTION.subarray(0, 1)));
  assert.equal(connection.isUnfinished, false);
  connection.ask(asked(1, QUESTION.subarray(1, 2)));
  assert.equal(connection.isUnfinished, false);
  connection.ask(asked(2, QUESTION.subarray(2, 3)));
  assert.ok(connection.isUnfinished);
});

Deno.test("DnsConnection refuses another question in the place of one that the server may not have", () => {
  const connection = connected();
  connection.ask(asked(0, QUESTION));
  const other = QUESTION.with(5, 7);
  assert.equal(read(connection.ask(asked(0, other))), "refused");
});

Deno.test("DnsConnection lets nothing go again that the server has", () => {
  const connection = connected();
  connection.ask(asked(0, QUESTION));
  const empty = new Uint8Array(0);
  connection.answer(answered(0, empty, QUESTION.length));
  assert.equal(read(connection.ask(asked(0, QUESTION))), "astray");
  assert.equal(
    read(connection.ask(asked(QUESTION.length, QUESTION))),
    "next 1",
  );
});

Deno.test("DnsConnection lets no data go before the server has taken its beginning", () => {
  const connection = new DnsConnection(CLIENT);
  assert.equal(read(connection.ask(asked(0, QUESTION))), "astray");
  // Another connection's, which the server still has.
  const ack = connection.first + 5;
  connection.answer(segment(SERVER, { flags: SYN | ACK, ack }));
  connection.answer(segment(SERVER, { ack: connection.first }));
  assert.equal(read(connection.ask(asked(0, QUESTION))), "astray");
  connection.answer(segment(SERVER, {
    ...{ flags: SYN | ACK, ack: connection.first },
  }));
  assert.equal(read(connection.ask(asked(0, QUESTION))), "next 1");
});

const REFUSED: readonly {
  name: string;
  payload: Uint8Array;
  flags?: number;
}[] = [
  { name: "urgent data", payload: QUESTION, flags: ACK | URG },
  { name: "a length of nothing", payload: hex("0000") },
  { name: "a question longer than any", payload: hex("0401") },
  { name: "TLS", payload: hex("160301") },
];

for (const { name, payload, flags } of REFUSED) {
  Deno.test(`DnsConnection refuses ${name}`, () => {
    const brought = connected().ask(asked(0, payload, flags));
    assert.equal(brought.kind, "refused");
  });
}

Deno.test("DnsConnection takes answers in order and once", () => {
  const connection = connected();
  const [first, rest] = [QUESTION.subarray(0, 5), QUESTION.subarray(5)];
  assert.equal(read(connection.answer(answered(5, rest))), "astray");
  assert.equal(read(connection.answer(answered(0, first))), "next 0");
  assert.equal(read(connection.answer(answered(0, first))), "again");
  assert.equal(read(connection.answer(answered(0, QUESTION))), "next 1");
});

Deno.test("DnsConnection is over when both sides have said so", () => {
  const connection = connected();
  const empty = new Uint8Array(0);
  connection.ask(asked(0, empty, FIN | ACK));
  assert.equal(connection.isOver, false);
  connection.answer(segment(SERVER + 1, { flags: FIN | ACK }));
  assert.ok(connection.isOver);
});
