/**
 * From the first bytes of a TCP stream to what its client says there.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import { decodeHttpRequest } from "./decode/http_host.ts";
import type { Packet } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { TcpAssembler, type TcpSegment } from "./decode/tcp_stream.ts";
import { decodeClientHello } from "./decode/tls_client_hello.ts";
import { decodeSecondFlight } from "./decode/tls_second_flight.ts";
import {
  type Acknowledged,
  type Reading,
  settledOn,
  SILENT,
  UNREADABLE,
  WAITING,
} from "./reading.ts";

/** CR LF CR LF. */
const HEADER_END = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a);

/** What is known, or all of the stream, which begins with a request. */
export type StreamReading = Reading | {
  /** From the first byte to the first gap, and whether the client ends there. */
  readonly http: TcpSegment;
};

/** Reads one stream, until it is TLS, HTTP, or something else. */
export class StreamReader {
  readonly #stream: TcpAssembler;
  /** The hello's name, and where in the stream it ends. */
  #hello: { said: Said; end: number } | null = null;
  /** What the client had of the server when it had said nothing; -1 before. */
  #acknowledged = -1;
  /** What was said last, and the sequence number behind it. */
  #last: { said: Said; sequence: number } | null = null;

  /** @param first As {@linkcode TcpAssembler} has it. */
  constructor(first?: number) {
    this.#stream = new TcpAssembler(first);
  }

  /** What it costs to keep what it has read. */
  get keptBytes(): number {
    return this.#stream.keptBytes;
  }

  /** Adds a segment of the client's. */
  add(
    segment: TcpSegment,
    of: { readonly packet: Packet; readonly acknowledged: Acknowledged },
  ): StreamReading {
    const stream = this.#stream.add(segment);
    if (stream.kind === "refused") return UNREADABLE;
    const isAnswered = this.#isAnswered(of.packet);
    const { bytes, ended } = stream;
    const reading = this.#last !== null
      ? settledOn(this.#last.said)
      : this.#hello !== null
      ? readOn(this.#hello, { bytes, isAnswered })
      : this.#readFirst(bytes, {
        ended,
        isEmpty: !this.#isReached(segment),
      });
    return "http" in reading || !reading.settled
      ? reading
      : this.#settle(reading, { bytes, ...of });
  }

  #readFirst(
    bytes: Uint8Array,
    { ended, isEmpty }: { ended: boolean; isEmpty: boolean },
  ): StreamReading {
    // Behind a gap, it is part of something all the same.
    if (bytes.length === 0) return isEmpty ? SILENT : WAITING;
    const tls = decodeClientHello(bytes);
    if (tls.kind === "refused") return UNREADABLE;
    if (tls.kind === "hello") {
      // Data sent before the answer hide whether another hello follows.
      if (tls.hello.earlyData) return UNREADABLE;
      const said: Said = { kind: "tls", name: tls.hello.sni };
      this.#hello = { said, end: tls.end };
      return { said, settled: false, waiting: false };
    }
    const http = tls.kind === "not_tls" ? decodeHttpRequest(bytes) : tls;
    switch (http.kind) {
      case "incomplete":
        if (http.neededBytes === 0) return UNREADABLE;
        if (ended) return readEnded(bytes);
        return isEmpty ? SILENT : WAITING;
      case "refused":
        return UNREADABLE;
      case "not_http":
        return settledOn({ kind: "other" });
      case "request":
        // What came behind a gap waits, and would go with what is judged now.
        return this.#stream.hasGap
          ? UNREADABLE
          : { http: segmentOf(this.#stream.first, { bytes, ended }) };
    }
  }

  /** Whether a segment has bytes of this stream, and not of what is before. */
  #isReached({ sequence, flags, payload }: TcpSegment): boolean {
    // A SYN takes a number of its own, in front of the data that it carries.
    const isSyn = (flags & TCP_FLAG.SYN) !== 0;
    const end = sequence + payload.length + (isSyn ? 1 : 0);
    return payload.length > 0 && ((end - this.#stream.first) | 0) > 0;
  }

  /** Settles on what was said when the server has all that it was read from. */
  #settle(
    reading: Reading,
    of: { readonly bytes: Uint8Array; readonly acknowledged: Acknowledged },
  ): Reading {
    const { said } = reading;
    if (said === null || said.kind === "unreadable") return reading;
    const sequence = (this.#stream.first + of.bytes.length) >>> 0;
    this.#last ??= { said, sequence };
    const settled = isThere(this.#last.sequence, of.acknowledged);
    return { said, settled, waiting: false };
  }

  #isAnswered({ tcpFlags, tcpAcknowledgment }: Packet): boolean {
    if ((tcpFlags & TCP_FLAG.ACK) === 0) return false;
    if (this.#acknowledged < 0) this.#acknowledged = tcpAcknowledgment;
    // Signed: sequence numbers wrap.
    return ((tcpAcknowledgment - this.#acknowledged) | 0) > 0;
  }
}

/** Whether the server has all bytes in front of a sequence number. */
export function isThere(sequence: number, acknowledged: Acknowledged): boolean {
  const there = acknowledged();
  return there !== null && ((there - sequence) | 0) >= 0;
}

/**
 * What follows a hello. After a HelloRetryRequest the client says hello again,
 * and some servers take the second name.
 */
function readOn(
  hello: { readonly said: Said; readonly end: number },
  of: { readonly bytes: Uint8Array; readonly isAnswered: boolean },
): Reading {
  const { said, end } = hello;
  const rest = of.bytes.subarray(end);
  if (rest.length === 0) return { said, settled: false, waiting: false };
  const next = decodeSecondFlight(rest, false);
  switch (next.kind) {
    case "incomplete":
      return next.neededBytes > 0
        ? { said, settled: false, waiting: true }
        : UNREADABLE;
    case "refused":
      return UNREADABLE;
    case "hello":
      return settledOn({ kind: "tls", name: next.hello.sni });
    case "no_hello":
      return { said, settled: of.isAnswered, waiting: false };
  }
}

/**
 * What a stream says that ends before it is TLS or HTTP. Some servers answer a
 * request whose header the end of the stream ends, so what could be one is no
 * other protocol.
 */
function readEnded(bytes: Uint8Array): Reading {
  const whole = new Uint8Array(bytes.length + HEADER_END.length);
  whole.set(bytes);
  whole.set(HEADER_END, bytes.length);
  if (decodeClientHello(whole).kind !== "not_tls") return UNREADABLE;
  return decodeHttpRequest(whole).kind === "not_http"
    ? settledOn({ kind: "other" })
    : UNREADABLE;
}

function segmentOf(
  sequence: number,
  { bytes, ended }: { bytes: Uint8Array; ended: boolean },
): TcpSegment {
  return { sequence, flags: ended ? TCP_FLAG.FIN : 0, payload: bytes };
}
