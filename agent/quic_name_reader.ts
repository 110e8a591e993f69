/**
 * From the datagrams of a UDP flow to what their client says.
 *
 * @module
 */
import type { Said } from "./decide/said.ts";
import { QuicFlow } from "./decode/quic_flow.ts";
import { decodeClientHelloMessage } from "./decode/tls_client_hello.ts";

/** What is known after a datagram. */
export interface DatagramReading {
  /** What it says; null while its hello is not whole. */
  readonly said: Said | null;
  /** Tells the connections of a flow apart; null when it is of none. */
  readonly connection: string | null;
}

const UNREADABLE: Said = { kind: "unreadable" };

/** Reads one UDP flow, of any number of QUIC connections. */
export class QuicNameReader {
  readonly #flow = new QuicFlow();

  /** Bytes that it keeps. */
  get size(): number {
    return this.#flow.size;
  }

  /** Whether a datagram goes on with a connection that was read from. */
  knows(datagram: Uint8Array): boolean {
    return this.#flow.knows(datagram);
  }

  /** Reads a UDP payload. */
  add(datagram: Uint8Array): DatagramReading {
    const reading = this.#flow.add(datagram);
    const { connection } = reading;
    switch (reading.kind) {
      case "crypto":
        return { said: readHello(reading.bytes), connection };
      case "incomplete":
      // Data that no server can read before the hello, and go with it.
      case "early_data":
        return { said: null, connection };
      case "not_quic":
        return { said: { kind: "other" }, connection };
      default:
        return { said: UNREADABLE, connection };
    }
  }

  /** Asks a connection for its whole hello again. */
  forget(connection: string): void {
    this.#flow.forget(connection);
  }
}

function readHello(message: Uint8Array): Said {
  const result = decodeClientHelloMessage(message);
  return result.kind === "hello"
    ? { kind: "tls", name: result.hello.sni }
    : UNREADABLE;
}
