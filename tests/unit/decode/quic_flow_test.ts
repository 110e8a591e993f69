import assert from "node:assert/strict";
import {
  QuicFlow,
  type QuicFlowReading,
} from "../../../agent/decode/quic_flow.ts";
import { QUIC_VERSION } from "../../../agent/decode/quic_header.ts";
import { hex } from "../../hex.ts";
import {
  cryptoFrame,
  DESTINATION,
  helloOf,
  join,
  longPacket,
  sealDatagram,
  sealInitial,
} from "./quic_seal.ts";
import { V1_SHORT } from "./quic_vectors.ts";

const HELLO = helloOf(600);
const OTHER_HELLO = helloOf(700);
const OTHER = hex("1112131415161718");
/** What a server chose: nothing is sealed with keys that are derived of it. */
const CHOSEN = hex("c1c2c3c4");

const WHOLE = sealDatagram({ frames: cryptoFrame(0, HELLO) });
const OTHER_WHOLE = sealDatagram({
  frames: cryptoFrame(0, OTHER_HELLO),
  destination: OTHER,
});
/** The client's acknowledgement of the server's Initial packet. */
const ACKNOWLEDGED = sealDatagram({
  frames: hex("02 00 00 00 00"),
  destination: CHOSEN,
  keysOf: DESTINATION,
});
/** Opens a connection under the ID that the server chose for the first. */
const SECOND_OF_CHOSEN = sealDatagram({
  frames: cryptoFrame(0, OTHER_HELLO),
  destination: CHOSEN,
});
const ZEROS = new Uint8Array(1200);
const FINISHED = longPacket(0xe0, { destination: CHOSEN, bytes: 60 });
const DATA = hex(V1_SHORT);

/** By name, the datagrams of a flow and what each is. */
const FLOWS: readonly {
  name: string;
  datagrams: readonly Uint8Array[];
  kinds: readonly string[];
}[] = [
  {
    name: "a connection from its hello to its data",
    datagrams: [WHOLE, ACKNOWLEDGED, FINISHED, DATA],
    kinds: ["crypto", "crypto", "handshake", "not_quic"],
  },
  {
    name: "a handshake that goes on in one datagram",
    datagrams: [WHOLE, join([ACKNOWLEDGED, FINISHED, DATA])],
    kinds: ["crypto", "crypto"],
  },
  {
    name: "data before any hello",
    datagrams: [DATA, FINISHED, ACKNOWLEDGED],
    kinds: ["not_quic", "handshake", "unauthentic"],
  },
  {
    name: "data behind half of a hello",
    datagrams: [
      sealDatagram({ frames: cryptoFrame(0, HELLO.subarray(0, 300)) }),
      DATA,
      sealDatagram({ frames: cryptoFrame(300, HELLO.subarray(300)) }),
      DATA,
    ],
    kinds: ["incomplete", "not_quic", "crypto", "not_quic"],
  },
  {
    name: "a second connection that shows its hello",
    datagrams: [WHOLE, DATA, OTHER_WHOLE, DATA],
    kinds: ["crypto", "not_quic", "crypto", "not_quic"],
  },
  {
    name: "a second connection whose hello is in two halves",
    datagrams: [
      WHOLE,
      sealDatagram({
        frames: cryptoFrame(300, OTHER_HELLO.subarray(300)),
        destination: OTHER,
      }),
      WHOLE,
      sealDatagram({
        frames: cryptoFrame(0, OTHER_HELLO.subarray(0, 300)),
        destination: OTHER,
      }),
    ],
    kinds: ["crypto", "incomplete", "crypto", "crypto"],
  },
  {
    name: "a second hello behind a Handshake packet",
    datagrams: [
      WHOLE,
      join([
        longPacket(0xe0, { destination: OTHER, bytes: 40 }),
        OTHER_WHOLE,
      ]),
    ],
    kinds: ["crypto", "crypto"],
  },
  {
    name: "a second hello behind a packet that cannot be opened",
    datagrams: [
      WHOLE,
      join([
        sealDatagram({
          frames: hex("01"),
          destination: OTHER,
          keysOf: DESTINATION,
        }),
        OTHER_WHOLE,
      ]),
    ],
    // Sealed for the one and for the other: the server chooses.
    kinds: ["crypto", "refused"],
  },
  {
    name: "a second connection in a version that is not known",
    datagrams: [WHOLE, join([hex("c0 1a2a3a4a 00 00"), ZEROS]), DATA],
    kinds: ["crypto", "unreadable", "not_quic"],
  },
  {
    name: "what is too short to open a connection in any other version",
    datagrams: [hex("c0 1a2a3a4a 00 00"), hex("80"), hex("e30003fa0001000000")],
    kinds: ["not_quic", "not_quic", "not_quic"],
  },
  {
    name: "what is no connection in any other version",
    datagrams: [join([hex("80 60aabbcc 15 00"), ZEROS])],
    kinds: ["not_quic"],
  },
  {
    name: "a second hello that the server asked for, in two pieces",
    datagrams: [
      WHOLE,
      sealDatagram({
        frames: cryptoFrame(HELLO.length, OTHER_HELLO.subarray(0, 300)),
        destination: CHOSEN,
        keysOf: DESTINATION,
      }),
      sealInitial({
        frames: cryptoFrame(HELLO.length + 300, OTHER_HELLO.subarray(300)),
        destination: CHOSEN,
        keysOf: DESTINATION,
      }),
    ],
    kinds: ["crypto", "incomplete", "crypto"],
  },
  {
    name: "a second hello without an answer",
    datagrams: [
      WHOLE,
      sealDatagram({ frames: cryptoFrame(HELLO.length, OTHER_HELLO) }),
    ],
    kinds: ["crypto", "refused"],
  },
  {
    name: "the same connection ID in another version, after a negotiation",
    datagrams: [
      WHOLE,
      sealDatagram({
        frames: cryptoFrame(0, OTHER_HELLO),
        version: QUIC_VERSION.V2,
      }),
      sealDatagram({
        frames: cryptoFrame(OTHER_HELLO.length, HELLO),
        version: QUIC_VERSION.V2,
      }),
    ],
    kinds: ["crypto", "crypto", "refused"],
  },
  {
    name: "an acknowledgement in another version, with the same keys' origin",
    datagrams: [
      WHOLE,
      sealDatagram({
        frames: hex("02 00 00 00 00"),
        version: QUIC_VERSION.V2,
        destination: CHOSEN,
        keysOf: DESTINATION,
      }),
    ],
    kinds: ["crypto", "crypto"],
  },
  {
    name: "a datagram that is of a known connection and opens another",
    datagrams: [WHOLE, join([ACKNOWLEDGED, SECOND_OF_CHOSEN])],
    kinds: ["crypto", "refused"],
  },
  {
    name: "an Initial packet that is of no connection",
    datagrams: [
      WHOLE,
      sealDatagram({
        frames: hex("01"),
        destination: CHOSEN,
        keysOf: OTHER,
      }),
    ],
    kinds: ["crypto", "unauthentic"],
  },
  {
    name: "a hello in a datagram that servers discard",
    datagrams: [WHOLE, OTHER_WHOLE.subarray(0, 100), DATA],
    kinds: ["crypto", "refused", "not_quic"],
  },
  {
    name: "the first hello said again in other words",
    datagrams: [
      WHOLE,
      sealDatagram({ frames: cryptoFrame(0, OTHER_HELLO), number: 1 }),
      WHOLE,
    ],
    kinds: ["crypto", "refused", "refused"],
  },
  {
    name: "early data of a second connection before its hello",
    datagrams: [
      WHOLE,
      longPacket(0xd0, { destination: OTHER, bytes: 40 }),
      OTHER_WHOLE,
    ],
    kinds: ["crypto", "early_data", "crypto"],
  },
  {
    name: "an empty datagram",
    datagrams: [WHOLE, hex("")],
    kinds: ["crypto", "not_quic"],
  },
];

for (const { name, datagrams, kinds } of FLOWS) {
  Deno.test(`QuicFlow reads ${name}`, () => {
    const flow = new QuicFlow();

    assert.deepEqual(datagrams.map((each) => flow.add(each).kind), kinds);
  });
}

Deno.test("QuicFlow gives each connection its own hello", () => {
  const flow = new QuicFlow();

  assert.deepEqual(messageOf(flow.add(WHOLE)), HELLO);
  assert.deepEqual(messageOf(flow.add(OTHER_WHOLE)), OTHER_HELLO);
  assert.deepEqual(messageOf(flow.add(WHOLE)), HELLO);
});

for (
  const [file, kinds] of [
    ["quic_go_v1", ["incomplete", "crypto"]],
    ["aioquic_v1", ["crypto", "crypto", "not_quic"]],
    ["aioquic_v1to2", ["crypto", "crypto", "not_quic"]],
    ["aioquic_retry", ["crypto", "crypto", "crypto", "not_quic"]],
    ["aioquic_early", ["crypto", "crypto", "not_quic"]],
  ] as const
) {
  Deno.test(`QuicFlow reads the captured datagrams of ${file}`, () => {
    const text = Deno.readTextFileSync(`tests/fixtures/quic/${file}.hex`);
    const flow = new QuicFlow();
    const found = text.trim().split("\n").map((each) => flow.add(hex(each)));

    assert.deepEqual(found.map(({ kind }) => kind), kinds);
  });
}

Deno.test("QuicFlow asks a connection that it has forgotten for all of its hello", () => {
  const flow = new QuicFlow();
  const half = sealDatagram({ frames: cryptoFrame(300, HELLO.subarray(300)) });
  const open = (number: number) =>
    flow.add(sealDatagram({
      frames: cryptoFrame(0, HELLO),
      destination: new Uint8Array(8).fill(number),
    }));
  flow.add(WHOLE);
  for (let number = 10; number < 25; number++) {
    assert.equal(open(number).kind, "crypto");
  }
  assert.equal(flow.add(half).kind, "crypto");
  open(25);

  assert.equal(flow.add(half).kind, "incomplete");
  assert.equal(flow.add(WHOLE).kind, "crypto");
});

Deno.test("QuicFlow tells connections apart, also under an ID of the server's", () => {
  const flow = new QuicFlow();
  const { connection } = flow.add(WHOLE);

  assert.notEqual(flow.add(OTHER_WHOLE).connection, connection);
  assert.equal(flow.add(ACKNOWLEDGED).connection, connection);
  assert.equal(flow.add(DATA).connection, null);
  assert.ok(flow.knows(WHOLE));
  assert.ok(!flow.knows(ACKNOWLEDGED));
});

Deno.test("QuicFlow forgets a connection that it is told to", () => {
  const flow = new QuicFlow();
  const { connection } = flow.add(WHOLE);
  assert.ok(flow.size > HELLO.length);
  flow.forget(connection!);

  assert.equal(flow.size, 0);
  assert.equal(flow.add(ACKNOWLEDGED).kind, "unauthentic");
});

function messageOf(reading: QuicFlowReading): Uint8Array | null {
  return reading.kind === "crypto" ? reading.bytes : null;
}
