/**
 * What the clients of the pipeline's scripts say.
 *
 * @module
 */
import { QUIC_VERSION } from "../../agent/decode/quic_header.ts";
import { hex } from "../hex.ts";
import {
  ascii,
  concat,
  keyShare,
  makeHello,
  makeRecords,
  prefixed,
  serverName,
  VERSIONS,
} from "../unit/decode/hellos.ts";
import {
  cryptoFrame,
  cryptoFrames,
  sealDatagram,
} from "../unit/decode/quic_seal.ts";
import { dnsMessage } from "./packets.ts";
import { ALLOWED, SHARED_NAME } from "./world.ts";

/** A datagram and what a server can make of it. */
export interface Datagram {
  readonly bytes: Uint8Array;
  /** Which parts of an allowed hello it has: 1, 2, or both as 3. */
  readonly goodParts: number;
  /** Whether another name stands in it. */
  readonly isEvil: boolean;
}

function helloFor(...names: readonly string[]): Uint8Array {
  return makeHello({ extensions: [...names.map(serverName), VERSIONS] });
}

/** Streams; scripts send any part of any of them at any time. */
export function makeStreamContents(): readonly Uint8Array[] {
  const good = helloFor(ALLOWED.name);
  const evil = helloFor(SHARED_NAME);
  const large = makeHello({
    extensions: [keyShare([4588, 1216], [29, 32]), serverName(ALLOWED.name)],
  });
  const host = (name: string) => `Host: ${name}\r\n`;
  return [
    makeRecords(good),
    makeRecords(evil),
    makeRecords(good, [1, 40]),
    makeRecords(makeHello({ extensions: [VERSIONS] })),
    makeRecords(large),
    concat([makeRecords(good), makeRecords(evil)]),
    concat([makeRecords(good), hex("140303000101 1703030004 00000000")]),
    makeRecords(helloFor(ALLOWED.name, SHARED_NAME)),
    ascii(`GET / HTTP/1.1\r\n${host(ALLOWED.name)}\r\n`),
    ascii(`GET / HTTP/1.1\r\n${host(SHARED_NAME)}\r\n`),
    ascii(`GET http://${SHARED_NAME}/ HTTP/1.1\r\n${host(ALLOWED.name)}\r\n`),
    ascii(`GET / HTTP/1.1\r\n${host(ALLOWED.name)}${host(SHARED_NAME)}\r\n`),
    ascii("SSH-2.0-OpenSSH_9.2p1\r\n"),
    ascii("\0\0\0\0"),
    ascii(
      `GET / HTTP/1.1\r\n${host(ALLOWED.name)}\r\n` +
        `GET / HTTP/1.1\r\n${host(SHARED_NAME)}\r\n`,
    ),
    ascii(
      `GET / HTTP/1.1\r\n${host(ALLOWED.name)}\r\n` +
        `GET /a HTTP/1.1\r\n${host(ALLOWED.name)}Connection: close\r\n\r\n`,
    ),
  ];
}

/** Questions and answers as DNS over TCP frames them, RFC 1035 section 4.2.2. */
export function makeDnsStreams(): readonly Uint8Array[] {
  const later = Uint8Array.of(203, 0, 113, 99);
  const message = (name: string, id: number, isAnswer = false) =>
    prefixed(
      2,
      dnsMessage({ id, name, type: 1, addresses: isAnswer ? [later] : null }),
    );
  const good = message(ALLOWED.name, 1);
  const evil = message(SHARED_NAME, 2);
  return [
    good,
    evil,
    concat([good, evil]),
    concat([good, message(ALLOWED.name, 3)]),
    message(ALLOWED.name, 1, true),
    message(SHARED_NAME, 2, true),
    concat([message(ALLOWED.name, 1, true), message(ALLOWED.name, 3, true)]),
  ];
}

/** Datagrams to port 443. */
export function makeDatagrams(): readonly Datagram[] {
  const good = helloFor(ALLOWED.name);
  const evil = helloFor(SHARED_NAME);
  const end = good.length;
  // The names stand behind byte 60, so the first parts tell nothing.
  const middle = 50;
  const part = (hello: Uint8Array, number: number) =>
    sealDatagram({
      number,
      frames: cryptoFrames(
        hello,
        number === 0 ? [[0, middle]] : [[middle, hello.length]],
      ),
    });
  const whole = (hello: Uint8Array) => cryptoFrame(0, hello);
  const other = Uint8Array.of(9, 9, 9, 9, 9, 9, 9, 9);
  const version = QUIC_VERSION.V2;
  const nothing = { goodParts: 0, isEvil: false };
  return [
    {
      bytes: sealDatagram({ frames: whole(good) }),
      goodParts: 3,
      isEvil: false,
    },
    {
      bytes: sealDatagram({ frames: whole(evil) }),
      goodParts: 0,
      isEvil: true,
    },
    { bytes: part(good, 0), goodParts: 1, isEvil: false },
    { bytes: part(good, 1), goodParts: 2, isEvil: false },
    { bytes: part(evil, 1), goodParts: 0, isEvil: true },
    {
      bytes: sealDatagram({ frames: whole(evil), destination: other }),
      ...{ goodParts: 0, isEvil: true },
    },
    {
      bytes: sealDatagram({ frames: whole(good), version }),
      ...{ goodParts: 3, isEvil: false },
    },
    {
      bytes: sealDatagram({ frames: hex("01") }),
      ...nothing,
    },
    { bytes: hex("40 0102030405060708 aabbccdd"), ...nothing },
    { bytes: ascii("a secret"), ...nothing },
    {
      bytes: sealDatagram({
        frames: cryptoFrame(0, good.subarray(0, end - 1)),
      }),
      ...{ goodParts: 1, isEvil: false },
    },
  ];
}
