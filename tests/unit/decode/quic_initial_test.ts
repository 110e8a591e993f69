import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { QUIC_VERSION } from "../../../agent/decode/quic_header.ts";
import { QuicCryptoAssembler } from "../../../agent/decode/quic_initial.ts";
import type { QuicReading } from "../../../agent/decode/quic_reading.ts";
import { decodeClientHelloMessage } from "../../../agent/decode/tls_client_hello.ts";
import { hex } from "../../hex.ts";
import {
  cryptoFrame,
  cryptoFrames,
  DESTINATION,
  helloOf,
  join,
  longPacket,
  sealDatagram,
  sealInitial,
} from "./quic_seal.ts";
import {
  V1_CLIENT_INITIAL,
  V1_RETRY,
  V1_SERVER_INITIAL,
  V1_SHORT,
  V2_CLIENT_INITIAL,
  V2_RETRY,
  V2_SERVER_INITIAL,
  VECTOR_CRYPTO_FRAME,
} from "./quic_vectors.ts";

/** Type, length and body: what stands behind the CRYPTO frame's header. */
const VECTOR_HELLO = hex(VECTOR_CRYPTO_FRAME).subarray(4);
const HELLO = helloOf(600);
/** As long as with a key share of X25519MLKEM768. */
const LARGE_HELLO = helloOf(1800);
const PING = hex("01");
const OTHER = hex("1112131415161718");

function readAll(datagrams: readonly Uint8Array[]): QuicReading[] {
  const assembler = new QuicCryptoAssembler();
  return datagrams.map((datagram) => assembler.add(datagram));
}

function kindsOf(datagrams: readonly Uint8Array[]): string[] {
  return readAll(datagrams).map(({ kind }) => kind);
}

/** Zeros behind a datagram, so that only its content can be refused. */
function pad(datagram: Uint8Array): Uint8Array {
  return join([datagram, new Uint8Array(1200 - datagram.length)]);
}

/** A datagram with a part of the 1800 bytes. */
function part(from: number, to: number, number = 0): Uint8Array {
  return sealDatagram({
    frames: cryptoFrame(from, LARGE_HELLO.subarray(from, to)),
    number,
  });
}

const WHOLE = sealDatagram({ frames: cryptoFrame(0, HELLO) });

for (
  const [name, dump] of [
    ["RFC 9001", V1_CLIENT_INITIAL],
    ["RFC 9369", V2_CLIENT_INITIAL],
  ] as const
) {
  Deno.test(`QuicCryptoAssembler opens the client's packet of ${name}`, () => {
    const [reading] = readAll([hex(dump)]);

    assert.deepEqual(reading, { kind: "crypto", bytes: VECTOR_HELLO });
  });

  Deno.test(`QuicCryptoAssembler opens no truncation of the packet of ${name}`, () => {
    const datagram = hex(dump);
    for (let length = 0; length < datagram.length; length++) {
      const [reading] = readAll([datagram.subarray(0, length)]);
      assert.equal(
        reading!.kind,
        length === 0 ? "not_quic" : "refused",
        `${length} bytes`,
      );
    }
  });

  Deno.test(`QuicCryptoAssembler opens no damaged packet of ${name}`, () => {
    const datagram = hex(dump);
    for (let at = 0; at < datagram.length; at++) {
      const damaged = datagram.slice();
      damaged[at]! ^= 1;
      const [reading] = readAll([damaged]);
      const isOpen = reading!.kind === "crypto" ||
        reading!.kind === "incomplete";
      assert.equal(isOpen, false, `byte ${at}`);
    }
  });
}

for (
  const [name, dump] of [
    ["RFC 9001", V1_SERVER_INITIAL],
    ["RFC 9369", V2_SERVER_INITIAL],
  ] as const
) {
  Deno.test(`QuicCryptoAssembler does not take the server's packet of ${name} for a client's`, () => {
    assert.deepEqual(kindsOf([pad(hex(dump))]), ["unauthentic"]);
  });
}

/** The captures and what is in them, one kind for each datagram. */
const CAPTURES: readonly {
  name: string;
  file: string;
  kinds: readonly string[];
  /** What each datagram would be to an assembler of its own. */
  alone: readonly string[];
}[] = [
  {
    name: "quic-go, its hello in two datagrams and scrambled",
    file: "quic_go_v1",
    kinds: ["incomplete", "crypto"],
    alone: ["incomplete", "incomplete"],
  },
  {
    name: "quic-go in version 2",
    file: "quic_go_v2",
    kinds: ["incomplete", "crypto"],
    alone: ["incomplete", "incomplete"],
  },
  {
    name: "aioquic, with the packets after the answer",
    file: "aioquic_v1",
    kinds: ["crypto", "other_connection", "not_quic"],
    alone: ["crypto", "unauthentic", "not_quic"],
  },
  {
    name: "aioquic as it goes from version 1 to 2",
    file: "aioquic_v1to2",
    kinds: ["crypto", "other_connection", "not_quic"],
    alone: ["crypto", "unauthentic", "not_quic"],
  },
  {
    name: "aioquic, told to retry with a token",
    file: "aioquic_retry",
    kinds: ["crypto", "other_connection", "other_connection", "not_quic"],
    alone: ["crypto", "crypto", "unauthentic", "not_quic"],
  },
  {
    name: "aioquic with early data",
    file: "aioquic_early",
    kinds: ["crypto", "other_connection", "not_quic"],
    alone: ["crypto", "unauthentic", "not_quic"],
  },
];

for (const { name, file, kinds, alone } of CAPTURES) {
  Deno.test(`QuicCryptoAssembler reads ${name}`, () => {
    const datagrams = readCapture(file);

    const readings = readAll(datagrams);

    assert.deepEqual(readings.map(({ kind }) => kind), kinds);
    const found = readings.find(({ kind }) => kind === "crypto");
    assert.ok(found?.kind === "crypto");
    const hello = decodeClientHelloMessage(found.bytes);
    assert.ok(hello.kind === "hello", hello.kind);
    assert.equal(hello.hello.sni, "registry.example.com");
    assert.deepEqual(hello.hello.alpn, ["h3"]);
  });

  Deno.test(`QuicCryptoAssembler reads each datagram alone of ${name}`, () => {
    const kinds = readCapture(file).map((each) => kindsOf([each])[0]);

    assert.deepEqual(kinds, alone);
  });
}

Deno.test("QuicCryptoAssembler reads the captured hello whichever half comes first", () => {
  const [one, two] = readCapture("quic_go_v1");
  assert.deepEqual(kindsOf([two!, one!]), ["incomplete", "crypto"]);
  assert.deepEqual(kindsOf([two!, two!, one!]), [
    "incomplete",
    "incomplete",
    "crypto",
  ]);
});

/** Datagrams of one client and what the last one is. */
const READ: readonly {
  name: string;
  datagrams: readonly Uint8Array[];
  kinds: readonly string[];
}[] = [
  {
    name: "a post-quantum hello over two datagrams",
    datagrams: [part(0, 1100), part(1100, 1800, 1)],
    kinds: ["incomplete", "crypto"],
  },
  {
    name: "the second half before the first",
    datagrams: [part(1100, 1800, 1), part(0, 1100)],
    kinds: ["incomplete", "crypto"],
  },
  {
    name: "the same half many times",
    datagrams: [
      part(0, 1100),
      part(0, 1100),
      part(0, 1100, 7),
      part(1000, 1800),
    ],
    kinds: ["incomplete", "incomplete", "incomplete", "crypto"],
  },
  {
    name: "a datagram with no handshake in it first",
    datagrams: [
      sealDatagram({ frames: PING }),
      part(0, 1100),
      part(1100, 1800),
    ],
    kinds: ["incomplete", "incomplete", "crypto"],
  },
  {
    name: "pieces out of order in one packet",
    datagrams: [sealDatagram({
      frames: cryptoFrames(HELLO, [[500, 600], [0, 7], [300, 520], [7, 310]]),
    })],
    kinds: ["crypto"],
  },
  {
    name: "two Initial packets in one datagram",
    datagrams: [join([
      sealInitial({ frames: cryptoFrame(0, HELLO.subarray(0, 50)) }),
      sealDatagram({ frames: cryptoFrame(50, HELLO.subarray(50)), number: 1 }),
    ])],
    kinds: ["crypto"],
  },
  {
    name: "an Initial packet behind one that cannot be opened",
    datagrams: [join([
      sealInitial({ frames: cryptoFrame(0, HELLO), keysOf: OTHER }),
      WHOLE,
    ])],
    kinds: ["crypto"],
  },
  {
    name: "an Initial packet behind a Handshake packet",
    datagrams: [join([longPacket(0xe0, { bytes: 40 }), WHOLE])],
    kinds: ["crypto"],
  },
  {
    name: "half of a hello behind a Handshake packet",
    datagrams: [
      join([longPacket(0xe0, { bytes: 40 }), part(0, 1100)]),
      part(1100, 1800),
    ],
    kinds: ["incomplete", "crypto"],
  },
  {
    name: "an Initial packet at the end that is too short to be opened",
    datagrams: [join([
      WHOLE,
      hex("c0 00000001 08 0102030405060708 00 00 13"),
      new Uint8Array(19).fill(0xa5),
    ])],
    kinds: ["crypto"],
  },
  {
    name: "zeros behind a packet",
    datagrams: [pad(sealInitial({ frames: cryptoFrame(0, HELLO) }))],
    kinds: ["crypto"],
  },
  {
    name: "early data behind the whole hello",
    datagrams: [join([WHOLE, longPacket(0xd0, { bytes: 40 })])],
    kinds: ["crypto"],
  },
  {
    name: "early data behind half of the hello",
    datagrams: [
      join([part(0, 1100), longPacket(0xd0, { bytes: 40 })]),
      part(1100, 1800),
    ],
    kinds: ["early_data", "crypto"],
  },
  {
    name: "early data in a datagram of its own before the hello",
    datagrams: [longPacket(0xd0, { bytes: 40 }), WHOLE],
    kinds: ["early_data", "crypto"],
  },
  {
    name: "early data in a datagram of its own after the hello",
    datagrams: [WHOLE, longPacket(0xd0, { bytes: 40 })],
    kinds: ["crypto", "crypto"],
  },
  {
    name: "a Handshake packet without an answer to it",
    datagrams: [longPacket(0xe0, { bytes: 40 }), WHOLE],
    kinds: ["handshake", "crypto"],
  },
  {
    name: "another connection in the same flow",
    datagrams: [
      part(0, 1100),
      sealDatagram({ frames: cryptoFrame(0, HELLO), destination: OTHER }),
      part(1100, 1800),
    ],
    kinds: ["incomplete", "other_connection", "crypto"],
  },
  {
    name: "a datagram of nobody between two of a hello",
    datagrams: [
      part(0, 1100),
      sealDatagram({ frames: cryptoFrame(1100, LARGE_HELLO), keysOf: OTHER }),
      part(1100, 1800),
    ],
    kinds: ["incomplete", "unauthentic", "crypto"],
  },
  {
    name: "a connection that a forged packet did not claim",
    datagrams: [
      sealDatagram({ frames: PING, destination: OTHER, keysOf: DESTINATION }),
      WHOLE,
    ],
    kinds: ["unauthentic", "crypto"],
  },
  {
    name: "a version that is not known, and then one that is",
    datagrams: [hex("c0 1a2a3a4a 00 00"), WHOLE],
    kinds: ["unreadable", "crypto"],
  },
  {
    name: "a short header first",
    datagrams: [hex(V1_SHORT), WHOLE],
    kinds: ["not_quic", "crypto"],
  },
  {
    name: "an empty connection ID",
    datagrams: [
      sealDatagram({ frames: cryptoFrame(0, HELLO), destination: hex("") }),
    ],
    kinds: ["crypto"],
  },
  {
    name: "a token and both connection IDs at their longest",
    datagrams: [sealDatagram({
      frames: cryptoFrame(0, HELLO),
      destination: new Uint8Array(20).fill(1),
      source: new Uint8Array(20).fill(2),
      token: new Uint8Array(300).fill(3),
    })],
    kinds: ["crypto"],
  },
  ...[1, 2, 3, 4].map((numberBytes) => ({
    name: `a packet number in ${numberBytes} bytes`,
    datagrams: [
      sealDatagram({ frames: PING, number: 0x7f, numberBytes }),
      sealDatagram({
        frames: cryptoFrame(0, HELLO),
        number: 0xfe,
        numberBytes,
      }),
      sealDatagram({
        frames: PING,
        number: 2 ** (8 * numberBytes) - 1,
        numberBytes,
      }),
    ],
    kinds: ["incomplete", "crypto", "crypto"],
  })),
  {
    name: "a cleared fixed bit",
    datagrams: [
      sealDatagram({ frames: cryptoFrame(0, HELLO), fixedBit: false }),
    ],
    kinds: ["crypto"],
  },
  {
    name: "version 2 over two datagrams",
    datagrams: [
      sealDatagram({
        frames: cryptoFrame(100, HELLO.subarray(100)),
        version: QUIC_VERSION.V2,
      }),
      sealDatagram({
        frames: cryptoFrame(0, HELLO.subarray(0, 200)),
        version: QUIC_VERSION.V2,
      }),
    ],
    kinds: ["incomplete", "crypto"],
  },
];

for (const { name, datagrams, kinds } of READ) {
  Deno.test(`QuicCryptoAssembler reads ${name}`, () => {
    const readings = readAll(datagrams);

    assert.deepEqual(readings.map(({ kind }) => kind), kinds);
    for (const reading of readings) {
      if (reading.kind !== "crypto") continue;
      const isLarge = reading.bytes.length === LARGE_HELLO.length;
      assert.deepEqual(reading.bytes, isLarge ? LARGE_HELLO : HELLO);
    }
  });
}

/** Refused at the last datagram, and for good. */
const REFUSED: readonly {
  name: string;
  datagrams: readonly Uint8Array[];
  why: string;
}[] = [
  {
    name: "a Retry packet",
    datagrams: [hex(V1_RETRY)],
    why: "quic retry is for servers to send",
  },
  {
    name: "a Retry packet of version 2",
    datagrams: [hex(V2_RETRY)],
    why: "quic retry is for servers to send",
  },
  {
    name: "Version Negotiation",
    datagrams: [hex("80 00000000 00 00 00000001")],
    why: "quic version_negotiation is for servers to send",
  },
  {
    name: "a frame that has no place there",
    datagrams: [sealDatagram({ frames: hex("08 00 00") })],
    why: "quic frame has type 8",
  },
  {
    name: "two hellos that differ",
    datagrams: [
      WHOLE,
      sealDatagram({ frames: cryptoFrame(4, hex("ffff")), number: 1 }),
    ],
    why: "quic crypto stream differs from what was sent for byte 4 on",
  },
  {
    name: "more behind a hello that was whole",
    datagrams: [
      WHOLE,
      sealDatagram({ frames: cryptoFrame(600, hex("01")), number: 1 }),
    ],
    why: "quic crypto stream goes on at byte 600",
  },
  {
    name: "a second version of the same connection in one datagram",
    datagrams: [join([
      WHOLE,
      sealInitial({ frames: cryptoFrame(0, HELLO), version: QUIC_VERSION.V2 }),
    ])],
    why: "quic datagram is of two connections",
  },
  {
    name: "a second connection in one datagram",
    datagrams: [join([
      WHOLE,
      sealInitial({ frames: cryptoFrame(0, HELLO), destination: OTHER }),
    ])],
    why: "quic datagram is of two connections",
  },
  {
    name: "a packet with a short header behind the hello",
    datagrams: [join([WHOLE, hex("40 aa")])],
    why: "quic datagram goes on behind its packets at byte 1200",
  },
  {
    name: "a second datagram behind zeros",
    datagrams: [join([WHOLE, hex("00"), WHOLE])],
    why: "quic datagram goes on behind its packets at byte 1200",
  },
  {
    name: "five packets in one datagram",
    datagrams: [join([
      WHOLE,
      ...Array.from({ length: 4 }, () => longPacket(0xd0, { bytes: 20 })),
    ])],
    why: "quic datagram has more than 4 packets",
  },
  {
    name: "a packet behind the hello that is cut",
    datagrams: [
      join([WHOLE, longPacket(0xd0, { bytes: 40 }).subarray(0, 30)]),
    ],
    why: "quic packet is 14 of 40 bytes",
  },
];

for (const { name, datagrams, why } of REFUSED) {
  Deno.test(`QuicCryptoAssembler refuses ${name}, for good`, () => {
    const assembler = new QuicCryptoAssembler();
    for (const each of datagrams.slice(0, -1)) {
      assert.notEqual(assembler.add(each).kind, "refused");
    }

    const refused = { kind: "refused", why };
    assert.deepEqual(assembler.add(datagrams.at(-1)!), refused);
    assert.deepEqual(assembler.add(WHOLE), refused);
  });
}

Deno.test("QuicCryptoAssembler does not take a hello out of a datagram that servers discard", () => {
  const assembler = new QuicCryptoAssembler();
  const small = sealInitial({ frames: cryptoFrame(0, helloOf(1157)) });
  const reading = assembler.add(small);

  const why = "quic initial datagram is 1199 of 1200 bytes";
  assert.deepEqual(reading, { kind: "discarded", why });
  // It must not count as said when a server has not heard it.
  assert.deepEqual(assembler.add(WHOLE), { kind: "crypto", bytes: HELLO });
});

Deno.test("QuicCryptoAssembler says which version it cannot read", () => {
  const [reading] = readAll([hex("c0 ff00001d 00 00")]);

  assert.deepEqual(reading, {
    kind: "unreadable",
    why: "quic version is 0xff00001d",
  });
});

Deno.test("QuicCryptoAssembler leaves the datagram as it is, be it a Buffer", () => {
  const first = Buffer.from(part(0, 1100, 3));
  const second = Buffer.from(part(1100, 1800, 4));
  const before = [first.toString("hex"), second.toString("hex")];

  assert.deepEqual(kindsOf([first, second]), ["incomplete", "crypto"]);
  assert.deepEqual([first.toString("hex"), second.toString("hex")], before);
});

Deno.test("QuicCryptoAssembler keeps nothing of the receive buffer", () => {
  const assembler = new QuicCryptoAssembler();
  const buffer = part(0, 1100);
  assembler.add(buffer);
  buffer.fill(0);
  const reading = assembler.add(part(1100, 1800));

  assert.deepEqual(reading, { kind: "crypto", bytes: LARGE_HELLO });
});

function readCapture(file: string): Uint8Array[] {
  const text = Deno.readTextFileSync(`tests/fixtures/quic/${file}.hex`);
  return text.trim().split("\n").map(hex);
}
