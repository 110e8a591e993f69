/**
 * All QUIC connections between two ports.
 *
 * A client may open many over one socket, each to a name of its own, and it goes
 * on under connection IDs that its server chose, where it may say hello again:
 * every long header is of a connection that is known, or has to show a hello.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-5.2 | RFC 9000}
 * @module
 */
import { decodeQuicHeader, isQuic, readQuicConnection } from "./quic_header.ts";
import { QuicCryptoAssembler } from "./quic_initial.ts";
import type { QuicReading } from "./quic_reading.ts";

/**
 * Connections that are remembered. Of one that is forgotten the whole hello is
 * asked again, and nothing more is taken under an ID of its server's.
 */
const MAX_CONNECTIONS = 16;

/** What is known after a datagram, of which connection. */
export type QuicFlowReading =
  & Exclude<QuicReading, { readonly kind: "other_connection" }>
  & {
    /** Tells the flow's connections apart; null when it is of none. */
    readonly connection: string | null;
  };

/** Reads the datagrams of one client's socket to one server's. */
export class QuicFlow {
  /** In the order of their opening. */
  readonly #connections = new Map<string, QuicCryptoAssembler>();

  /** Bytes that it keeps. */
  get size(): number {
    let size = 0;
    for (const each of this.#connections.values()) size += each.size;
    return size;
  }

  /** Whether a datagram goes on with a connection that the client named. */
  knows(datagram: Uint8Array): boolean {
    const key = readQuicConnection(datagram);
    return key !== null && this.#connections.has(key);
  }

  /**
   * Reads one datagram.
   *
   * Every datagram that may open a connection has to come here as long as the
   * flow lives.
   *
   * @param datagram As for {@linkcode QuicCryptoAssembler.add}.
   */
  add(datagram: Uint8Array): QuicFlowReading {
    if (!isQuic(datagram)) {
      const why = "quic datagram has no long header";
      return { kind: "not_quic", why, connection: null };
    }
    const key = readQuicConnection(datagram);
    const known = key === null ? undefined : this.#connections.get(key);
    if (known !== undefined) return told(known.add(datagram), key);
    const assembler = new QuicCryptoAssembler();
    const reading = assembler.add(datagram);
    // The server takes it for one of the two, and both could be sealed into it.
    const answered = this.#findAnswered(datagram);
    const isSealed = reading.kind !== "unauthentic" &&
      reading.kind !== "discarded";
    if (answered.length > (isSealed ? 0 : 1)) {
      return refuse("datagram is of two connections");
    }
    if (!isSealed && answered.length === 1) {
      const { of, frames } = answered[0]!;
      return told(this.#connections.get(of)!.addAnswered(frames), of);
    }
    const isOpening = reading.kind === "crypto" ||
      reading.kind === "incomplete" || reading.kind === "early_data";
    if (!isOpening || key === null) return told(reading, null);
    this.#keep(key, assembler);
    return told(reading, key);
  }

  /** Asks a connection for its whole hello again. */
  forget(connection: string): void {
    this.#connections.delete(connection);
  }

  #findAnswered(
    datagram: Uint8Array,
  ): { of: string; frames: readonly Uint8Array[] }[] {
    const first = decodeQuicHeader(datagram, 0);
    if (!first.ok) return [];
    return [...this.#connections].flatMap(([of, assembler]) => {
      const frames = assembler.openAnswered(datagram, first.value);
      return frames.length === 0 ? [] : [{ of, frames }];
    });
  }

  #keep(key: string, assembler: QuicCryptoAssembler): void {
    this.#connections.set(key, assembler);
    if (this.#connections.size <= MAX_CONNECTIONS) return;
    const [oldest] = this.#connections.keys();
    this.#connections.delete(oldest!);
  }
}

function told(reading: QuicReading, connection: string | null) {
  // Its key is its version and connection ID, as the assembler has them.
  return reading.kind === "other_connection"
    ? refuse("connection is not the one it was")
    : { ...reading, connection };
}

function refuse(why: string): QuicFlowReading {
  return { kind: "refused", why: `quic ${why}`, connection: null };
}
