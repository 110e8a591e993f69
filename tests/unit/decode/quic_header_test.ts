import assert from "node:assert/strict";
import {
  decodeQuicHeader,
  hasLongHeader,
  readQuicConnection,
} from "../../../agent/decode/quic_header.ts";
import { hex } from "../../hex.ts";
import {
  V1_CLIENT_INITIAL,
  V1_RETRY,
  V1_SERVER_INITIAL,
  V1_SHORT,
  V2_CLIENT_INITIAL,
  V2_RETRY,
  VECTOR_DESTINATION,
} from "./quic_vectors.ts";

/** By hand from RFC 9000 section 17.2.2: a token, both IDs, eight bytes. */
const INITIAL = `
  c3 00000001 03 aabbcc 02 ddee 0401020304 08 1122334455667788
`;

const TYPES: readonly { name: string; dump: string; type: string }[] = [
  { name: "the Initial of RFC 9001", dump: V1_CLIENT_INITIAL, type: "initial" },
  { name: "the Initial of RFC 9369", dump: V2_CLIENT_INITIAL, type: "initial" },
  { name: "the Retry of RFC 9001", dump: V1_RETRY, type: "retry" },
  { name: "the Retry of RFC 9369", dump: V2_RETRY, type: "retry" },
  {
    name: "0-RTT of version 1",
    dump: "d0 00000001 00 00 01 aa",
    type: "early_data",
  },
  {
    name: "a Handshake packet of version 1",
    dump: "e0 00000001 00 00 01 aa",
    type: "handshake",
  },
  {
    name: "0-RTT of version 2",
    dump: "e0 6b3343cf 00 00 01 aa",
    type: "early_data",
  },
  {
    name: "a Handshake packet of version 2",
    dump: "f0 6b3343cf 00 00 01 aa",
    type: "handshake",
  },
  {
    name: "an Initial with the fixed bit cleared",
    dump: "83 00000001 00 00 00 01 aa",
    type: "initial",
  },
  {
    name: "Version Negotiation",
    dump: "80 00000000 00 00 00000001",
    type: "version_negotiation",
  },
  {
    name: "a draft's version",
    dump: "c0 ff00001d 00 00 00 00",
    type: "unknown_version",
  },
  {
    name: "a connection ID of 255 bytes of another version",
    dump: "c0 1a2a3a4a ff 00",
    type: "unknown_version",
  },
];

for (const { name, dump, type } of TYPES) {
  Deno.test(`decodeQuicHeader() reads ${name}`, () => {
    const datagram = hex(dump);
    const decoded = decodeQuicHeader(datagram, 0);

    assert.ok(decoded.ok, decoded.ok ? "" : decoded.why);
    assert.equal(decoded.value.type, type);
    assert.equal(decoded.value.end, datagram.length);
  });
}

Deno.test("decodeQuicHeader() finds what an Initial packet is made of", () => {
  const decoded = decodeQuicHeader(hex(`ffff ${INITIAL} 00ff`), 2);

  assert.deepEqual(decoded, {
    ok: true,
    value: {
      type: "initial",
      version: 1,
      destination: hex("aabbcc"),
      start: 2,
      numberAt: 20,
      end: 28,
    },
  });
});

const REFUSED: readonly { name: string; dump: string; why: string }[] = [
  {
    name: "one byte less than the shortest header",
    dump: "c0 00000001 00",
    why: "quic header is 6 of 7 bytes",
  },
  {
    name: "a destination ID that leaves the datagram",
    dump: "c0 00000001 14 0102",
    why: "quic destination connection id is cut",
  },
  {
    name: "a source ID that leaves the datagram",
    dump: "c0 00000001 01 aa 05 01020304",
    why: "quic source connection id is cut",
  },
  {
    name: "a destination ID of 21 bytes",
    dump: `c0 00000001 15 ${"aa".repeat(21)} 00 00 01 aa`,
    why: "quic connection ids are 21 and 0 of at most 20 bytes",
  },
  {
    name: "a source ID of 21 bytes",
    dump: `c0 00000001 00 15 ${"aa".repeat(21)} 00 01 aa`,
    why: "quic connection ids are 0 and 21 of at most 20 bytes",
  },
  {
    name: "a token that leaves the datagram",
    dump: "c0 00000001 00 00 4100 01 aa",
    why: "quic token is cut",
  },
  {
    name: "a token of 2^62 - 1 bytes",
    dump: "c0 00000001 00 00 ffffffffffffffff 01 aa",
    why: "quic token is cut",
  },
  {
    name: "an Initial packet without a length",
    dump: "c0 00000001 00 00 00",
    why: "quic length is cut",
  },
  {
    name: "a length that leaves the datagram",
    dump: "c0 00000001 00 00 00 4003 0102",
    why: "quic packet is 2 of 3 bytes",
  },
];

for (const { name, dump, why } of REFUSED) {
  Deno.test(`decodeQuicHeader() refuses ${name}`, () => {
    assert.deepEqual(decodeQuicHeader(hex(dump), 0), { ok: false, why });
  });
}

Deno.test("decodeQuicHeader() refuses every truncation of a good header", () => {
  const datagram = hex(INITIAL);
  assert.equal(decodeQuicHeader(datagram, 0).ok, true);
  for (let length = 0; length < datagram.length; length++) {
    const { ok } = decodeQuicHeader(datagram.subarray(0, length), 0);
    assert.equal(ok, false, `${length} bytes`);
  }
});

Deno.test("hasLongHeader() tells the two kinds apart", () => {
  assert.equal(hasLongHeader(hex(V1_CLIENT_INITIAL), 0), true);
  assert.equal(hasLongHeader(hex(V1_SHORT), 0), false);
  assert.equal(hasLongHeader(hex("c0"), 1), false);
});

Deno.test("readQuicConnection() names a connection by version and ID", () => {
  const v1 = readQuicConnection(hex(V1_CLIENT_INITIAL));
  const v2 = readQuicConnection(hex(V2_CLIENT_INITIAL));

  assert.equal(v1, `1 ${VECTOR_DESTINATION}`);
  assert.notEqual(v1, v2);
  assert.notEqual(v1, readQuicConnection(hex(V1_SERVER_INITIAL)));
});

for (
  const [name, dump] of [
    ["a short header", V1_SHORT],
    ["a version that is not known", "c0 ff00001d 00 00 00 00"],
    ["a header that is cut", "c0 00000001 14 00"],
  ] as const
) {
  Deno.test(`readQuicConnection() names none for ${name}`, () => {
    assert.equal(readQuicConnection(hex(dump)), null);
  });
}
