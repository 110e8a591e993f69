import assert from "node:assert/strict";
import {
  type DatagramReading,
  QuicNameReader,
} from "../../../agent/quic_name_reader.ts";
import { hex } from "../../hex.ts";
import {
  keyShare,
  makeHello,
  readHello,
  serverName,
  VERSIONS,
} from "../decode/hellos.ts";
import {
  cryptoFrame,
  DESTINATION,
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

const SAID = "tls www.example.org";
const OTHER = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9);

/** A reading in words. */
function textOf({ said }: DatagramReading): string {
  if (said === null) return "waits";
  return `${said.kind}${"name" in said ? ` ${said.name}` : ""}`;
}

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
  readonly said: readonly string[];
}[] = [
  ...[["1", V1_CLIENT_INITIAL], ["2", V2_CLIENT_INITIAL]].map((
    [version, dump],
  ) => ({
    name: `the sample packet of version ${version}`,
    datagrams: [hex(dump!)],
    said: ["tls example.com"],
  })),
  { name: "a hello of two datagrams", datagrams: PARTS, said: ["waits", SAID] },
  {
    name: "the second datagram first",
    datagrams: PARTS.toReversed(),
    said: ["waits", SAID],
  },
  {
    name: "a hello without a name",
    datagrams: [sealHello(makeHello({ extensions: [VERSIONS] }))],
    said: ["tls null"],
  },
  {
    name: "a hello with a name that no host has",
    datagrams: [sealHello(makeHello({ extensions: [serverName("a b")] }))],
    said: ["unreadable"],
  },
  {
    name: "early data before the name is whole",
    datagrams: [join([PARTS[0]!, EARLY]), PARTS[1]!],
    said: ["waits", SAID],
  },
  {
    name: "early data in front of the hello",
    datagrams: [EARLY, ...PARTS],
    said: ["waits", "waits", SAID],
  },
  {
    name: "a hello that its client sends again",
    datagrams: [...PARTS, PARTS[0]!],
    said: ["waits", SAID, SAID],
  },
  {
    name: "a packet that only a client with an answer sends",
    datagrams: [...PARTS, hex(V1_SHORT)],
    said: ["waits", SAID, "other"],
  },
  {
    name: "another hello behind the first",
    datagrams: [
      sealHello(makeHello()),
      sealHello(makeHello({ extensions: [serverName("evil.example")] })),
    ],
    said: [SAID, "unreadable"],
  },
  {
    name: "another connection behind the first",
    datagrams: [
      sealHello(makeHello()),
      sealHello(makeHello({ extensions: [serverName("evil.example")] }), OTHER),
    ],
    said: [SAID, "tls evil.example"],
  },
  {
    name: "another protocol",
    datagrams: [hex("1b0a0b0c")],
    said: ["other"],
  },
  { name: "an empty datagram", datagrams: [hex("")], said: ["other"] },
  {
    name: "another protocol behind half of a hello",
    datagrams: [PARTS[0]!, hex("1b0a0b0c")],
    said: ["waits", "other"],
  },
  {
    name: "a short header behind half of a hello",
    datagrams: [PARTS[0]!, hex(V1_SHORT)],
    said: ["waits", "other"],
  },
  {
    name: "a version that nobody knows",
    datagrams: [damaged(1, 0x7a)],
    said: ["unreadable"],
  },
  {
    name: "a packet that is not sealed as it should be",
    datagrams: [damaged(600, 0xff)],
    said: ["unreadable"],
  },
  {
    name: "a datagram that servers discard",
    datagrams: [
      sealInitial({ frames: cryptoFrame(0, makeHello()) }),
      sealHello(makeHello()),
    ],
    said: ["unreadable", SAID],
  },
  {
    name: "another connection before the name is whole",
    datagrams: [PARTS[0]!, sealHello(makeHello(), OTHER), PARTS[1]!],
    said: ["waits", SAID, SAID],
  },
  {
    name: "a second hello that its server asked for",
    datagrams: [
      sealHello(makeHello()),
      sealDatagram({
        frames: cryptoFrame(
          makeHello().length,
          makeHello({ extensions: [serverName("evil.example")] }),
        ),
        destination: OTHER,
        keysOf: DESTINATION,
        number: 1,
      }),
    ],
    said: [SAID, "tls evil.example"],
  },
  {
    name: "the outer name of a hello that encrypts another",
    // Behind the header of its only TLS record.
    datagrams: [sealHello(readHello("go_ech").subarray(5))],
    said: ["tls public.example.net"],
  },
  {
    name: "a request for the time",
    datagrams: [hex("e30003fa 00010000 00010000" + "00".repeat(36))],
    said: ["other"],
  },
];

for (const { name, datagrams, said } of DATAGRAMS) {
  Deno.test(`QuicNameReader takes ${name} for what it is`, () => {
    const reader = new QuicNameReader();

    assert.deepEqual(datagrams.map((each) => textOf(reader.add(each))), said);
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
