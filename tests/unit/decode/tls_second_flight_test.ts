import assert from "node:assert/strict";
import {
  decodeClientHello,
  decodeClientHelloMessage,
} from "../../../agent/decode/tls_client_hello.ts";
import {
  decodeSecondFlight,
  type SecondFlightResult,
} from "../../../agent/decode/tls_second_flight.ts";
import { hex } from "../../hex.ts";
import {
  CAPTURED,
  concat,
  makeHello,
  makeRecords,
  readHello,
  serverName,
} from "./hellos.ts";

const CHANGE = hex("14 0303 0001 01");
const DATA = hex("17 0303 0002 cafe");
const AGAIN = makeHello({ extensions: [serverName("evil.example")] });

/** What a captured client said after its first hello. */
function readFlight(name: string): Uint8Array {
  const stream = readHello(`flight_${name}`);
  const first = decodeClientHello(stream);
  assert.equal(first.kind, "hello");
  return stream.subarray(first.end);
}

/** The second name, or the kind of another result. */
function outcomeOf(result: SecondFlightResult): string | null {
  return result.kind === "hello" ? result.hello.sni : result.kind;
}

const FLIGHTS: readonly {
  name: string;
  stream: Uint8Array;
  earlyData?: boolean;
  outcome: string;
}[] = [
  {
    name: "a captured second hello",
    stream: readFlight("retry"),
    outcome: "again.example.org",
  },
  { name: "TLS 1.3", stream: readFlight("tls13"), outcome: "no_hello" },
  { name: "TLS 1.2", stream: readFlight("tls12"), outcome: "no_hello" },
  {
    name: "TLS 1.2 that resumes a session",
    stream: readFlight("resumed"),
    outcome: "no_hello",
  },
  { name: "nothing", stream: hex(""), outcome: "incomplete" },
  { name: "an alert", stream: hex("15"), outcome: "no_hello" },
  {
    name: "a second hello at once",
    stream: makeRecords(AGAIN),
    outcome: "evil.example",
  },
  {
    name: "a second hello in small records behind a change of ciphers",
    stream: concat([CHANGE, makeRecords(AGAIN, [1, 2, 7])]),
    outcome: "evil.example",
  },
  {
    name: "a second hello behind early data",
    stream: concat([CHANGE, DATA, makeRecords(AGAIN)]),
    earlyData: true,
    outcome: "evil.example",
  },
  {
    name: "early data and nothing else",
    stream: concat([CHANGE, DATA]),
    earlyData: true,
    outcome: "incomplete",
  },
  { name: "data of no early kind", stream: DATA, outcome: "no_hello" },
  {
    name: "a second hello that is refused",
    stream: makeRecords(makeHello({ extensions: [serverName("a b")] })),
    outcome: "refused",
  },
  {
    name: "64 KiB of early data",
    stream: concat(
      Array(4).fill(
        concat([hex("17 0303 4000"), new Uint8Array(16384)]),
      ),
    ),
    earlyData: true,
    outcome: "refused",
  },
];

for (const { name, stream, earlyData = false, outcome } of FLIGHTS) {
  Deno.test(`decodeSecondFlight() finds ${outcome} in ${name}`, () => {
    const result = decodeSecondFlight(stream, earlyData);
    assert.equal(outcomeOf(result), outcome, JSON.stringify(result));
  });

  Deno.test(`decodeSecondFlight() takes no answer to ${name} back`, () => {
    let last: SecondFlightResult | null = null;
    for (let length = 0; length <= stream.length; length++) {
      const next = decodeSecondFlight(stream.subarray(0, length), earlyData);
      if (last !== null && last.kind !== "incomplete") {
        assert.deepEqual(next, last);
      }
      last = next;
    }
  });
}

for (const { name, sni } of CAPTURED) {
  const message = readHello(name).subarray(5);

  Deno.test(`decodeClientHelloMessage() reads the captured hello of ${name}`, () => {
    const result = decodeClientHelloMessage(message);
    assert.equal(result.kind, "hello");
    assert.equal(result.hello.sni, sni);
    assert.equal(result.end, message.length);
  });

  Deno.test(`decodeClientHelloMessage() wants more of every truncation of ${name}`, () => {
    for (let length = 0; length < message.length; length++) {
      const neededBytes = length < 4 ? 65536 - length : message.length - length;
      assert.deepEqual(decodeClientHelloMessage(message.subarray(0, length)), {
        kind: "incomplete",
        neededBytes,
      });
    }
  });
}

for (
  const { name, message, why } of [
    { name: "a ServerHello", message: hex("02"), why: "message type is 2" },
    {
      name: "a message of 64 KiB",
      message: hex("01 00fffd"),
      why: "message has 65537 of at most 65536 bytes",
    },
    {
      name: "a byte after the message",
      message: concat([AGAIN, hex("00")]),
      why: "message goes on after the ClientHello",
    },
    {
      name: "a malformed hello",
      message: hex("01 000002 0303"),
      why: "hello has 2 bytes",
    },
  ]
) {
  Deno.test(`decodeClientHelloMessage() refuses ${name}`, () => {
    assert.deepEqual(decodeClientHelloMessage(message), {
      kind: "refused",
      why: `tls ${why}`,
    });
  });
}
