/**
 * QUIC's first packets: as bytes, and as frames that are sealed first.
 *
 * @module
 */
import { QuicFlow } from "../../agent/decode/quic_flow.ts";
import { decodeInitialFrames } from "../../agent/decode/quic_frame.ts";
import {
  decodeQuicHeader,
  hasLongHeader,
  QUIC_VERSION,
} from "../../agent/decode/quic_header.ts";
import { QuicCryptoAssembler } from "../../agent/decode/quic_initial.ts";
import { decodeClientHelloMessage } from "../../agent/decode/tls_client_hello.ts";
import { hex } from "../hex.ts";
import { concat, makeHello } from "../unit/decode/hellos.ts";
import {
  cryptoFrame,
  cryptoFrames,
  sealDatagram,
  sealInitial,
} from "../unit/decode/quic_seal.ts";
import { decodeTwice, isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";

/** How an input's first byte says what the rest of it is. */
const MODES = 4;
const SEALED = 0;
const HELLO = makeHello();
const ACK = hex("02 00 00 00 00");

/**
 * The first byte: sealed frames of one datagram, sealed frames of two (cut in
 * their middle), a sealed datagram that is damaged at the byte it says, or raw.
 */
export function quicTarget(): Target {
  const frames = [
    cryptoFrame(0, HELLO),
    cryptoFrames(HELLO, [[60, HELLO.length], [0, 30], [20, 60]]),
    concat([ACK, cryptoFrame(0, HELLO.subarray(0, 50)), hex("01 00 00")]),
    concat([cryptoFrame(0, HELLO), hex("1c 00 06 00")]),
  ];
  const raw = [
    sealDatagram({ frames: cryptoFrame(0, HELLO) }),
    sealDatagram({
      frames: cryptoFrame(0, HELLO),
      version: QUIC_VERSION.V2,
    }),
    sealInitial({ frames: cryptoFrame(0, HELLO), token: hex("0102") }),
  ];
  return {
    name: "quic",
    seeds: [
      ...frames.flatMap((bytes) =>
        [0, 1, 2].map((mode) => concat([Uint8Array.of(mode), bytes]))
      ),
      ...raw.map((bytes) => concat([Uint8Array.of(3), bytes])),
    ],
    tokens: [
      ...["06", "0600", "1c", "02", "00", "01", "4040", "80000400"].map(hex),
      ...["c000000001", "d06b3343cf", "e0", "f0", "ffffffffffffffff"].map(hex),
    ],
    ...{ maxBytes: 1800, batch: 64 },
    run: runQuic,
  };
}

function runQuic(input: Uint8Array): void {
  const mode = (input[0] ?? 0) % MODES;
  const body = input.subarray(1);
  if (mode === MODES - 1) {
    readDatagrams([body]);
    return;
  }
  decodeTwice(body, decodeInitialFrames);
  if (mode === SEALED) {
    readDatagrams([sealDatagram({ frames: body })]);
  } else if (mode === 1) {
    const middle = body.length >> 1;
    readDatagrams([
      sealDatagram({ frames: body.subarray(0, middle), number: 0 }),
      sealDatagram({ frames: body.subarray(middle), number: 1 }),
    ]);
  } else {
    const datagram = sealDatagram({ frames: body });
    const at = ((body[0] ?? 0) * 7 + (body[1] ?? 0)) % datagram.length;
    datagram[at]! ^= 1 + ((body[2] ?? 0) & 0x7f);
    readDatagrams([datagram]);
  }
}

function readDatagrams(datagrams: readonly Uint8Array[]): void {
  const assembler = new QuicCryptoAssembler();
  const flow = new QuicFlow();
  for (const datagram of datagrams) {
    const before = datagram.slice();
    if (hasLongHeader(datagram, 0)) {
      const header = decodeTwice(
        datagram,
        (bytes) => decodeQuicHeader(bytes, 0),
      );
      if (header.ok) {
        const { end, numberAt } = header.value;
        must(end <= datagram.length, "a QUIC packet ends in its datagram");
        must(numberAt <= datagram.length, "a packet number lies inside");
      }
    }
    const reading = assembler.add(datagram);
    flow.add(datagram);
    must(isEqual(before, datagram), "a datagram is left as it is");
    if (reading.kind === "crypto") decodeClientHelloMessage(reading.bytes);
  }
}
