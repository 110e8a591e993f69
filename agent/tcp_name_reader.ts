/**
 * From a TCP connection's first bytes to what its client said.
 *
 * @module
 */
import type { Said } from "./decide/said_name.ts";
import { decodeHttpRequest } from "./decode/http_host.ts";
import type { Packet } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { TcpAssembler } from "./decode/tcp_stream.ts";
import { decodeClientHello } from "./decode/tls_client_hello.ts";
import { decodeSecondFlight } from "./decode/tls_second_flight.ts";
import {
  type NameReader,
  type Reading,
  settledOn,
  SILENT,
  UNREADABLE,
  WAITING,
} from "./reading.ts";

/** CR LF CR LF. */
const HEADER_END = Uint8Array.of(0x0d, 0x0a, 0x0d, 0x0a);

/** Reads one TCP connection. */
export class TcpNameReader implements NameReader {
  readonly #stream = new TcpAssembler();
  /** The hello's name, and where in the stream it ends. */
  #hello: { said: Said; end: number } | null = null;
  /** What the client had of the server when it had said nothing; -1 before. */
  #acknowledged = -1;

  add(packet: Packet): Reading {
    const stream = this.#stream.add({
      sequence: packet.tcpSequence,
      flags: packet.tcpFlags,
      payload: packet.payload,
    });
    if (stream.kind === "refused") return UNREADABLE;
    const isAnswered = this.#isAnswered(packet);
    const { bytes, ended } = stream;
    if (this.#hello !== null) {
      return this.#readOn(this.#hello, { bytes, isAnswered });
    }
    // Behind a gap, it is part of something all the same.
    if (bytes.length === 0) return packet.payload.length > 0 ? WAITING : SILENT;
    const reading = this.#readFirst(bytes);
    if (!reading.waiting) return reading;
    if (ended) return readEnded(bytes);
    return packet.payload.length > 0 ? WAITING : SILENT;
  }

  #readFirst(bytes: Uint8Array): Reading {
    const tls = decodeClientHello(bytes);
    switch (tls.kind) {
      case "incomplete":
        return tls.neededBytes > 0 ? WAITING : UNREADABLE;
      case "refused":
        return UNREADABLE;
      case "not_tls":
        return readHttp(bytes);
      case "hello": {
        // Data sent before the answer hide whether another hello follows.
        if (tls.hello.earlyData) return UNREADABLE;
        const said: Said = { kind: "tls", name: tls.hello.sni };
        this.#hello = { said, end: tls.end };
        return { said, settled: false, waiting: false };
      }
    }
  }

  /**
   * After a HelloRetryRequest the client says hello again, and some servers
   * take the second name. And what was sent can be sent again with another
   * content, until the server has it: only its answer shows that.
   */
  #readOn(
    hello: { said: Said; end: number },
    of: { bytes: Uint8Array; isAnswered: boolean },
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

  #isAnswered({ tcpFlags, tcpAcknowledgment }: Packet): boolean {
    if ((tcpFlags & TCP_FLAG.ACK) === 0) return false;
    if (this.#acknowledged < 0) this.#acknowledged = tcpAcknowledgment;
    // Signed: sequence numbers wrap.
    return ((tcpAcknowledgment - this.#acknowledged) | 0) > 0;
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
  const http = readHttp(whole);
  return http.said?.kind === "other" ? http : UNREADABLE;
}

function readHttp(bytes: Uint8Array): Reading {
  const http = decodeHttpRequest(bytes);
  switch (http.kind) {
    case "incomplete":
      return http.neededBytes > 0 ? WAITING : UNREADABLE;
    case "request":
      return settledOn({ kind: "http", name: http.request.host });
    case "refused":
      return UNREADABLE;
    case "not_http":
      return settledOn({ kind: "other" });
  }
}
