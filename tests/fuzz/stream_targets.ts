/**
 * What reads a client's first bytes on a TCP connection.
 *
 * @module
 */
import { DnsStream } from "../../agent/decode/dns_stream.ts";
import { decodeHttpRequest } from "../../agent/decode/http_host.ts";
import { TcpAssembler } from "../../agent/decode/tcp_stream.ts";
import {
  decodeClientHello,
  decodeClientHelloMessage,
} from "../../agent/decode/tls_client_hello.ts";
import { decodeSecondFlight } from "../../agent/decode/tls_second_flight.ts";
import { hex } from "../hex.ts";
import { ascii, concat } from "../unit/decode/hellos.ts";
import { makeStreams } from "../unit/decode/streams.ts";
import { decodeTwice, isEqual } from "./purity.ts";
import { must, type Target } from "./target.ts";

/** What a host can be written with, once it was read. */
const HOST = /^[a-z0-9_:-]+(?:\.[a-z0-9_-]+)*$/;
const MAX_BYTES = 4096;
const BATCH = 512;

/** ClientHellos in records, without them, and what follows the first. */
export function tlsTarget(): Target {
  return {
    name: "tls",
    seeds: makeStreams().filter(([first]) => first === 0x16),
    tokens: [
      ...["160301", "160303", "0100", "0303", "00000000", "002b"].map(hex),
      ...["fe0d", "002a0000", "140303000101", "170303"].map(hex),
      concat([hex("0000 0010 000e 00 000b"), ascii("a-b.example")]),
    ],
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      const hello = decodeTwice(input, decodeClientHello);
      if (hello.kind === "hello") {
        const { sni } = hello.hello;
        must(sni === null || HOST.test(sni), "an SNI is a host");
        must(hello.end <= input.length, "a hello ends in its stream");
        // What was read of a part stays so with what follows.
        const alone = decodeClientHello(input.subarray(0, hello.end));
        must(isEqual(alone, hello), "a hello does not depend on what follows");
      } else if (hello.kind === "incomplete") {
        must(hello.neededBytes >= 0, "what is missing is not negative");
      }
      decodeTwice(input.subarray(5), decodeClientHelloMessage);
      for (const early of [false, true]) {
        decodeTwice(input, (bytes) => decodeSecondFlight(bytes, early));
      }
    },
  };
}

/** HTTP/1 requests. */
export function httpTarget(): Target {
  return {
    name: "http",
    seeds: makeStreams().filter(([first]) => first !== 0x16),
    tokens: [
      ..."\r\n|\n|\r\n\r\n|Host: |host:| |\t|:|http://|@|[::1]|:80| HTTP/1.1|%"
        .split("|"),
      ...["Transfer-Encoding: chunked\r\n", "Content-Length: 1\r\n"],
      ...["\r\n Host: a.example\r\n", "Connection: close\r\n", "\0", "\xff"],
    ].map(ascii),
    ...{ maxBytes: MAX_BYTES, batch: BATCH },
    run(input) {
      const http = decodeTwice(input, decodeHttpRequest);
      if (http.kind !== "request") return;
      const { host, headerBytes } = http.request;
      must(host === null || HOST.test(host), "a host is one");
      must(headerBytes <= input.length, "a header ends in its stream");
      const head = String.fromCharCode(...input.subarray(0, headerBytes));
      if (host === null) return;
      // However it was read, its letters stand there.
      const isThere = head.toLowerCase().includes(host.replace(/^\[|\]$/g, ""));
      must(isThere || host.includes(":"), "a host stands in its header");
    },
  };
}

/** Messages on DNS over TCP: two bytes of cuts, and the stream. */
export function dnsStreamTarget(): Target {
  const message = concat([hex("000c"), hex("12340100000100000000 0000")]);
  return {
    name: "dns_stream",
    seeds: [
      concat([hex("05 09"), message, message]),
      concat([hex("01 01"), message]),
    ],
    tokens: [hex("000c"), hex("0000"), hex("ffff"), message],
    ...{ maxBytes: MAX_BYTES, batch: 2048 },
    run(input) {
      const stream = input.subarray(2);
      const whole = readMessages(new DnsStream(), [stream]);
      const cut = Math.min(stream.length, input[0] ?? 0);
      const next = Math.min(stream.length, cut + (input[1] ?? 0));
      const pieces = readMessages(new DnsStream(), [
        stream.subarray(0, cut),
        stream.subarray(cut, next),
        stream.subarray(next),
      ]);
      if (whole === null || pieces === null) return;
      must(isEqual(whole, pieces), "cuts do not change the messages");
    },
  };
}

function readMessages(
  stream: DnsStream,
  pieces: readonly Uint8Array[],
): Uint8Array[] | null {
  const messages: Uint8Array[] = [];
  for (const piece of pieces) {
    const pushed = stream.push(piece);
    if (!pushed.ok) return null;
    messages.push(...pushed.value.map((message) => message.slice()));
  }
  return messages;
}

/** Bytes of one step of a segment's script. */
const STEP_BYTES = 6;
const STREAM_BASE = 0xffff_ff00;

/**
 * Segments in any order: flags, offset (two bytes), length (two), content.
 * Their content follows from the offset, unless the last byte says otherwise.
 */
export function tcpStreamTarget(): Target {
  return {
    name: "tcp_stream",
    seeds: [
      hex("02 0000 0000 00  10 0000 0040 00  10 0040 0100 00  11 0140 0010 00"),
      hex("02 0000 0020 00  10 0100 0040 00  10 0020 00e0 00  04 0000 0000 00"),
      hex("02 0000 0000 00  10 0000 0040 00  10 0020 0040 01"),
    ],
    tokens: [hex("1000000001 00"), hex("11"), hex("02"), hex("ffff")],
    ...{ maxBytes: 60 * STEP_BYTES, batch: BATCH },
    run: runSegments,
  };
}

function runSegments(input: Uint8Array): void {
  const assembler = new TcpAssembler();
  let isHonest = true;
  for (let at = 0; at + STEP_BYTES <= input.length; at += STEP_BYTES) {
    const [flags, high, low, lengthHigh, lengthLow, odd] = input.subarray(
      at,
      at + STEP_BYTES,
    ) as unknown as [number, number, number, number, number, number];
    const offset = (high << 8) | low;
    const length = ((lengthHigh << 8) | lengthLow) & 0x0fff;
    const isSyn = (flags & 2) !== 0;
    isHonest &&= odd === 0 || length === 0;
    const result = assembler.add({
      sequence: (STREAM_BASE + (isSyn ? 0 : 1 + offset)) >>> 0,
      flags,
      payload: contentAt(isSyn ? 0 : offset, { length, odd }),
    });
    if (result.kind === "refused") return;
    must(result.bytes.length <= 65_536, "a stream is bounded");
    if (!isHonest) continue;
    must(
      isEqual(result.bytes, contentAt(0, { length: result.bytes.length })),
      "a stream has each byte in its place",
    );
  }
}

function contentAt(
  offset: number,
  of: { length: number; odd?: number },
): Uint8Array {
  const { length, odd = 0 } = of;
  return Uint8Array.from(
    { length },
    (_, index) => ((offset + index) * 31 + ((offset + index) >> 8)) ^ odd,
  );
}
