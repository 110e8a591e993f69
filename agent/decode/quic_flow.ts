/**
 * All QUIC connections between two ports.
 *
 * A client may open many over one socket, each to a name of its own, and it goes
 * on under connection IDs that its server chose: so what follows a hello that
 * was allowed is either of that connection, or has to show its own hello.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-5.2 | RFC 9000}
 * @module
 */
import { readQuicConnection } from "./quic_header.ts";
import { QuicCryptoAssembler, type QuicReading } from "./quic_initial.ts";

/**
 * Connections whose hello is remembered, of 64 KiB at most each. One that is
 * forgotten can only be asked for its whole hello again.
 */
const MAX_CONNECTIONS = 16;

/**
 * What is known after a datagram, as {@linkcode QuicReading} has it, but for
 * the connections, which are told apart here.
 *
 * `continuation`: it opens no connection, and a hello of this flow is known: an
 * acknowledgement, the rest of a handshake, or data. It may go when every hello
 * before it was allowed.
 */
export type QuicFlowReading =
  | Exclude<QuicReading, { readonly kind: "other_connection" }>
  | { readonly kind: "continuation" };

/** Reads the datagrams of one client's socket to one server's. */
export class QuicFlow {
  readonly #connections = new Map<string, QuicCryptoAssembler>();
  #isAnyKnown = false;

  /**
   * Reads one datagram.
   *
   * Every datagram whose first byte has its top bit set has to come here as long
   * as the flow lives: later ones too may open a connection, others cannot.
   *
   * @param datagram As for {@linkcode QuicCryptoAssembler.add}.
   */
  add(datagram: Uint8Array): QuicFlowReading {
    const key = readQuicConnection(datagram);
    const known = key === null ? undefined : this.#connections.get(key);
    const assembler = known ?? new QuicCryptoAssembler();
    const reading = assembler.add(datagram);
    switch (reading.kind) {
      case "other_connection":
        // Its key is its version and connection ID, as the assembler has them.
        return refuse("connection is not the one it was");
      case "crypto":
      case "incomplete":
      case "early_data":
        if (reading.kind === "crypto") this.#isAnyKnown = true;
        if (key !== null) this.#keep(key, assembler);
        return reading;
      case "unauthentic":
      case "handshake":
        return this.#isAnyKnown ? { kind: "continuation" } : reading;
      case "not_quic":
        return this.#isAnyKnown && datagram.length > 0
          ? { kind: "continuation" }
          : reading;
      default:
        return reading;
    }
  }

  #keep(key: string, assembler: QuicCryptoAssembler): void {
    this.#connections.set(key, assembler);
    if (this.#connections.size <= MAX_CONNECTIONS) return;
    const [oldest] = this.#connections.keys();
    this.#connections.delete(oldest!);
  }
}

function refuse(why: string): QuicFlowReading {
  return { kind: "refused", why: `quic ${why}` };
}
