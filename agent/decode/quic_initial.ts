/**
 * The ClientHello in the first datagrams of a QUIC client.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-17.2.2 | RFC 9000}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9001#section-5.2 | RFC 9001}
 * @module
 */
import { decodeInitialFrames } from "./quic_frame.ts";
import {
  decodeQuicHeader,
  hasLongHeader,
  MIN_INITIAL_DATAGRAM_BYTES,
  type QuicPacket,
} from "./quic_header.ts";
import { deriveClientKeys, type QuicKeys } from "./quic_keys.ts";
import { openInitial, openInitials } from "./quic_protection.ts";
import type { QuicReading } from "./quic_reading.ts";
import { QuicStream } from "./quic_stream.ts";

/**
 * One for each of the four levels of encryption. Each may cost a decryption
 * while others wait, and 64 KiB hold over a thousand.
 */
const MAX_PACKETS = 4;

/** What was met in one datagram, and where the reader is. */
interface Progress {
  readonly datagram: Uint8Array;
  at: number;
  early: boolean;
  handshake: boolean;
  initial: boolean;
  /** Why a packet could not be opened; null while all could. */
  unauthentic: string | null;
}

/**
 * Reads the datagrams that a client sends before it had an answer.
 *
 * One object is for one connection: the first Initial packet that is sealed
 * with its own keys says which. After `crypto`, further datagrams are compared
 * with what was said: a hello that is sent again must be the same.
 */
export class QuicCryptoAssembler {
  readonly #stream = new QuicStream();
  #connection: { packet: QuicPacket; keys: QuicKeys } | null = null;
  #refused: QuicReading | null = null;

  /**
   * Reads one datagram.
   *
   * @param datagram A whole UDP payload as it will be on the wire, not several
   * that the kernel has yet to split (UDP_SEGMENT). It is not changed and not
   * kept.
   */
  add(datagram: Uint8Array): QuicReading {
    if (this.#refused !== null) return this.#refused;
    const reading = this.#read(datagram);
    if (reading.kind === "refused") this.#refused = reading;
    return reading;
  }

  /** Bytes that it keeps. */
  get size(): number {
    return this.#stream.size;
  }

  /**
   * Opens the Initial packets that a datagram brings under another connection
   * ID or version, which its server has chosen: the keys stay the first ones'
   * (RFC 9001 section 5.2, RFC 9369 section 4.1).
   *
   * @param first The datagram's first header.
   * @returns The frames of each; nothing when it is not of this connection.
   */
  openAnswered(
    datagram: Uint8Array,
    first: QuicPacket,
  ): readonly Uint8Array[] {
    if (this.#connection === null) return [];
    const { packet: { version, destination }, keys } = this.#connection;
    // No server chooses the ID that its client has: so it opens a connection.
    if (isEqual(destination, first.destination)) return [];
    return openInitials(
      datagram,
      (chosen) =>
        chosen === version ? keys : deriveClientKeys(chosen, destination),
    );
  }

  /** Reads what {@linkcode openAnswered} gave. */
  addAnswered(frames: readonly Uint8Array[]): QuicReading {
    this.#stream.answer();
    for (const each of frames) {
      this.#refused ??= this.#readFrames(each);
    }
    if (this.#refused !== null) return this.#refused;
    const { message } = this.#stream;
    return message === null
      ? { kind: "incomplete" }
      : { kind: "crypto", bytes: message };
  }

  #read(datagram: Uint8Array): QuicReading {
    if (!hasLongHeader(datagram, 0)) return notQuic(datagram);
    const progress: Progress = {
      datagram,
      at: 0,
      early: false,
      handshake: false,
      initial: false,
      unauthentic: null,
    };
    let first: QuicPacket | null = null;
    for (let packets = 0; hasLongHeader(datagram, progress.at); packets++) {
      if (packets === MAX_PACKETS) {
        return refuse(`datagram has more than ${MAX_PACKETS} packets`);
      }
      const decoded = decodeQuicHeader(datagram, progress.at);
      if (!decoded.ok) return { kind: "refused", why: decoded.why };
      const packet = decoded.value;
      // RFC 9000 section 12.2: one datagram is of one connection.
      if (first !== null && !isSameConnection(first, packet)) {
        return refuse("datagram is of two connections");
      }
      first ??= packet;
      const ended = this.#readPacket(packet, progress);
      if (ended !== null) return ended;
      progress.at = packet.end;
    }
    return this.#conclude(progress);
  }

  /** Reads one packet; null when the next one is to be looked at. */
  #readPacket(packet: QuicPacket, progress: Progress): QuicReading | null {
    switch (packet.type) {
      case "unknown_version":
        return {
          kind: "unreadable",
          why: `quic version is 0x${packet.version.toString(16)}`,
        };
      case "version_negotiation":
      case "retry":
        return refuse(`${packet.type} is for servers to send`);
    }
    const known = this.#connection;
    if (known !== null && !isSameConnection(known.packet, packet)) {
      return { kind: "other_connection" };
    }
    if (packet.type === "initial") return this.#readInitial(packet, progress);
    if (packet.type === "early_data") progress.early = true;
    else progress.handshake = true;
    return null;
  }

  #readInitial(packet: QuicPacket, progress: Progress): QuicReading | null {
    const { datagram } = progress;
    const bytes = datagram.length;
    if (bytes < MIN_INITIAL_DATAGRAM_BYTES) {
      const why =
        `quic initial datagram is ${bytes} of ${MIN_INITIAL_DATAGRAM_BYTES} bytes`;
      return { kind: "discarded", why };
    }
    const keys = this.#connection?.keys ??
      deriveClientKeys(packet.version, packet.destination);
    const opened = openInitial(datagram, { packet, keys });
    if (!opened.ok) {
      // A server passes over it too, and reads what follows in the datagram.
      progress.unauthentic = opened.why;
      return null;
    }
    if (this.#connection === null) {
      const destination = new Uint8Array(packet.destination);
      this.#connection = { packet: { ...packet, destination }, keys };
    }
    progress.initial = true;
    return this.#readFrames(opened.value);
  }

  #readFrames(frames: Uint8Array): QuicReading | null {
    const pieces = decodeInitialFrames(frames);
    if (!pieces.ok) return { kind: "refused", why: pieces.why };
    for (const piece of pieces.value) {
      const added = this.#stream.add(piece);
      if (!added.ok) return { kind: "refused", why: added.why };
    }
    return null;
  }

  #conclude(progress: Progress): QuicReading {
    const { datagram, at, early, handshake, initial, unauthentic } = progress;
    if (!initial && unauthentic !== null) {
      return { kind: "unauthentic", why: unauthentic };
    }
    // Behind the last packet can be zeros, or a packet under keys that a client
    // without an answer has not got: a second datagram might hide in it.
    if (initial && !isZero(datagram, at)) {
      return refuse(`datagram goes on behind its packets at byte ${at}`);
    }
    const { message } = this.#stream;
    if (message !== null) return { kind: "crypto", bytes: message };
    if (early) return { kind: "early_data" };
    return { kind: handshake && !initial ? "handshake" : "incomplete" };
  }
}

function isSameConnection(one: QuicPacket, other: QuicPacket): boolean {
  return one.version === other.version &&
    isEqual(one.destination, other.destination);
}

function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  return one.length === other.length &&
    one.every((byte, at) => byte === other[at]);
}

function isZero(bytes: Uint8Array, from: number): boolean {
  for (let at = from; at < bytes.length; at++) {
    if (bytes[at] !== 0) return false;
  }
  return true;
}

function notQuic(datagram: Uint8Array): QuicReading {
  const why = datagram.length === 0
    ? "quic datagram is empty"
    : `quic datagram begins with ${datagram[0]}`;
  return { kind: "not_quic", why };
}

function refuse(why: string): QuicReading {
  return { kind: "refused", why: `quic ${why}` };
}
