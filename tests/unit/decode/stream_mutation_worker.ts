/**
 * Runs damaged streams through what reads a TCP client's first bytes.
 *
 * In a worker, because a decoder that never returns can only be noticed and
 * stopped from another thread.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { decodeHttpRequest } from "../../../agent/decode/http_host.ts";
import { TCP_FLAG } from "../../../agent/decode/tcp.ts";
import { TcpAssembler } from "../../../agent/decode/tcp_stream.ts";
import {
  decodeClientHello,
  decodeClientHelloMessage,
} from "../../../agent/decode/tls_client_hello.ts";
import { decodeSecondFlight } from "../../../agent/decode/tls_second_flight.ts";
import type { MutationOrder } from "./mutation_worker.ts";
import { mutate } from "./mutate.ts";
import { makeStreams, MAX_SAMPLE_BYTES } from "./streams.ts";

/** What came of it. */
export interface StreamMutationResult {
  /** How often each decoder gave each kind of result. */
  readonly counts: Readonly<Record<string, Record<string, number>>>;
  /** The longest time for one stream, all decoders together. */
  readonly slowestMs: number;
  /** What was thrown, at which stream; null when nothing was. */
  readonly thrown: { readonly index: number; readonly message: string } | null;
}

const HOST = /^[a-z0-9_:-]+(?:\.[a-z0-9_-]+)*$/;

const counts: Record<string, Record<string, number>> = {
  decodeClientHello: {},
  decodeClientHelloMessage: {},
  decodeSecondFlight: {},
  decodeHttpRequest: {},
  TcpAssembler: {},
};

function tally(name: string, { kind }: { kind: string }): void {
  const tallies = counts[name]!;
  tallies[kind] = (tallies[kind] ?? 0) + 1;
}

function check(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

function decodeAll(stream: Uint8Array): void {
  const hello = decodeClientHello(stream);
  tally("decodeClientHello", hello);
  if (hello.kind === "hello") {
    const { sni } = hello.hello;
    check(sni === null || HOST.test(sni), `sni is ${sni}`);
    check(hello.end <= stream.length, `end is ${hello.end}`);
  } else if (hello.kind === "incomplete") {
    check(hello.neededBytes > 0, `needed are ${hello.neededBytes}`);
  }
  tally(
    "decodeClientHelloMessage",
    decodeClientHelloMessage(stream.subarray(5)),
  );
  tally("decodeSecondFlight", decodeSecondFlight(stream, stream.length > 300));
  const http = decodeHttpRequest(stream);
  tally("decodeHttpRequest", http);
  if (http.kind === "request") {
    const { host, headerBytes } = http.request;
    check(host === null || HOST.test(host), `host is ${host}`);
    check(headerBytes <= stream.length, `header is ${headerBytes}`);
  }
}

/** Cut in three, the damaged stream overlaps the sound one of its own start. */
function assemble(stream: Uint8Array, index: number): void {
  const assembler = new TcpAssembler();
  const base = Math.imul(index, 0x9e37_79b1) >>> 0;
  const segment = (from: number, to: number, flags: number = TCP_FLAG.ACK) => ({
    sequence: (base + from + 1) >>> 0,
    flags,
    payload: stream.subarray(from, to),
  });
  assembler.add(segment(-1, 0, TCP_FLAG.SYN));
  const [low, high] = [index % 97, 97 + index % 301];
  assembler.add(segment(high, stream.length));
  // A shifted repetition: now and then it agrees, mostly it does not.
  assembler.add(segment(low, high));
  const shift = index % 16 === 0 ? 1 : 0;
  const result = assembler.add({
    ...segment(0, low + shift),
    sequence: (base + 1 + shift) >>> 0,
    payload: stream.subarray(0, low),
  });
  tally("TcpAssembler", result);
  if (result.kind === "refused" || shift > 0) return;
  check(result.bytes.length === stream.length, "assembled another length");
  for (let at = 0; at < stream.length; at++) {
    if (result.bytes[at] !== stream[at]) throw new Error(`byte ${at} differs`);
  }
}

self.onmessage = ({ data }: MessageEvent<MutationOrder>) => {
  const { seed, count, progress } = data;
  const samples = makeStreams();
  const buffer = new Uint8Array(MAX_SAMPLE_BYTES);
  let slowestMs = 0;
  let thrown: StreamMutationResult["thrown"] = null;
  let index = 0;
  try {
    for (; index < count; index++) {
      progress[0] = index;
      const stream = mutate({ seed, index, samples }, buffer);
      const startedMs = performance.now();
      decodeAll(stream);
      if (index % 8 === 0) assemble(stream, index);
      const tookMs = performance.now() - startedMs;
      if (tookMs > slowestMs) slowestMs = tookMs;
    }
  } catch (error) {
    thrown = { index, message: String(error) };
  }
  self.postMessage(
    { counts, slowestMs, thrown } satisfies StreamMutationResult,
  );
};
