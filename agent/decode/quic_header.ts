/**
 * QUIC's long headers, versions 1 and 2: what is readable without a key.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-17.2 | RFC 9000}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9369#section-3 | RFC 9369}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint32 } from "./integer.ts";
import { readVarint } from "./quic_varint.ts";

/** The versions that are read: RFC 9000 section 15, RFC 9369 section 3.1. */
export const QUIC_VERSION = { V1: 0x0000_0001, V2: 0x6b33_43cf } as const;

/** RFC 9000 section 14.1: servers discard Initial packets in smaller ones. */
export const MIN_INITIAL_DATAGRAM_BYTES = 1200;

const LONG_HEADER = 0x80;
/** First byte, version, two empty connection IDs. */
const MIN_HEADER_BYTES = 7;
/** RFC 8999 section 6: this version announces others. */
const VERSION_NEGOTIATION = 0;
/** RFC 9000 section 17.2. */
const MAX_CONNECTION_ID_BYTES = 20;

/** What kind of packet a long header begins. */
export type QuicPacketType =
  | "initial"
  | "early_data"
  | "handshake"
  | "retry"
  | "version_negotiation"
  | "unknown_version";

/** By the two type bits, RFC 9000 section 17.2. */
const V1_TYPES = ["initial", "early_data", "handshake", "retry"] as const;
/** By the same bits, RFC 9369 section 3.2. */
const V2_TYPES = ["retry", "initial", "early_data", "handshake"] as const;

/** One packet with a long header, still protected. */
export interface QuicPacket {
  readonly type: QuicPacketType;
  /** The 32 bits of the header. */
  readonly version: number;
  /** The Destination Connection ID, a view; empty of an unknown version. */
  readonly destination: Uint8Array;
  /** Offset of the first byte in the datagram. */
  readonly start: number;
  /**
   * Offset of the packet number, whose length is under protection; the same as
   * the end where there is none to read.
   */
  readonly numberAt: number;
  /** Offset of the first byte after the packet. */
  readonly end: number;
}

/**
 * Says whether a packet has a long header, as every packet that can open a
 * connection has.
 *
 * The fixed bit is not looked at: a client may clear it, RFC 9287 section 3.
 *
 * @param datagram A UDP payload.
 * @param at Offset of the packet's first byte.
 */
export function hasLongHeader(datagram: Uint8Array, at: number): boolean {
  return at < datagram.length && (datagram[at]! & LONG_HEADER) !== 0;
}

/**
 * Decodes a long header.
 *
 * Packets without a length of their own (Retry, Version Negotiation, those of
 * other versions) reach to the end of the datagram.
 *
 * @param datagram A UDP payload.
 * @param start Offset of a byte for which {@linkcode hasLongHeader} holds.
 * @returns The header, or why it was refused.
 */
export function decodeQuicHeader(
  datagram: Uint8Array,
  start: number,
): Decoded<QuicPacket> {
  const { length } = datagram;
  if (length - start < MIN_HEADER_BYTES) {
    return refuse(`header is ${length - start} of ${MIN_HEADER_BYTES} bytes`);
  }
  const version = readUint32(datagram, start + 1);
  if (version !== QUIC_VERSION.V1 && version !== QUIC_VERSION.V2) {
    const type = version === VERSION_NEGOTIATION
      ? "version_negotiation"
      : "unknown_version";
    const destination = datagram.subarray(0, 0);
    const packet = { version, destination, start, numberAt: length };
    return { ok: true, value: { ...packet, type, end: length } };
  }
  const destinationBytes = datagram[start + 5]!;
  const sourceAt = start + 6 + destinationBytes;
  const sourceBytes = datagram[sourceAt];
  if (sourceBytes === undefined) {
    return refuse("destination connection id is cut");
  }
  const afterIds = sourceAt + 1 + sourceBytes;
  if (Math.max(destinationBytes, sourceBytes) > MAX_CONNECTION_ID_BYTES) {
    return refuse(
      `connection ids are ${destinationBytes} and ${sourceBytes} of at most ${MAX_CONNECTION_ID_BYTES} bytes`,
    );
  }
  if (afterIds > length) return refuse("source connection id is cut");
  const bits = (datagram[start]! >> 4) & 0x03;
  const type = (version === QUIC_VERSION.V1 ? V1_TYPES : V2_TYPES)[bits]!;
  const destination = datagram.subarray(start + 6, sourceAt);
  const packet = { type, version, destination, start };
  if (type === "retry") {
    return { ok: true, value: { ...packet, numberAt: length, end: length } };
  }
  const lengthAt = type === "initial"
    ? skipToken(datagram, afterIds)
    : afterIds;
  if (lengthAt < 0) return refuse("token is cut");
  const rest = readVarint(datagram, lengthAt);
  if (rest === null) return refuse("length is cut");
  const end = rest.end + rest.value;
  if (end > length) {
    return refuse(`packet is ${length - rest.end} of ${rest.value} bytes`);
  }
  return { ok: true, value: { ...packet, numberAt: rest.end, end } };
}

/**
 * Names the connection that a datagram's first packet belongs to.
 *
 * @param datagram A UDP payload.
 * @returns A key for a map: version and Destination Connection ID; null when
 * there is no long header of a known version.
 */
export function readQuicConnection(datagram: Uint8Array): string | null {
  if (!hasLongHeader(datagram, 0)) return null;
  const decoded = decodeQuicHeader(datagram, 0);
  if (!decoded.ok) return null;
  const { type, version, destination } = decoded.value;
  const isNone = type === "version_negotiation" || type === "unknown_version";
  return isNone ? null : `${version} ${destination.toHex()}`;
}

/**
 * Whether a server could take a datagram for the beginning of a connection.
 *
 * @param datagram A UDP payload.
 * @returns False for 0-RTT and Handshake packets alone, for packets with a
 * short header, and for what is not QUIC.
 */
export function mayOpenConnection(datagram: Uint8Array): boolean {
  if (!isQuic(datagram)) return false;
  for (let at = 0; hasLongHeader(datagram, at);) {
    const decoded = decodeQuicHeader(datagram, at);
    if (!decoded.ok) return true;
    const { type, end } = decoded.value;
    if (type !== "early_data" && type !== "handshake") return true;
    at = end;
  }
  return false;
}

/**
 * Whether a datagram with a long header is one of QUIC, or at least could begin
 * a connection in a version that is not known here.
 *
 * Other protocols set the same bit (NTP, RTP).
 *
 * @param datagram A UDP payload.
 */
export function isQuic(datagram: Uint8Array): boolean {
  const { length } = datagram;
  if (!hasLongHeader(datagram, 0) || length < MIN_HEADER_BYTES) return false;
  const version = readUint32(datagram, 1);
  if (version === QUIC_VERSION.V1 || version === QUIC_VERSION.V2) return true;
  const destinationBytes = datagram[5]!;
  const sourceBytes = datagram[6 + destinationBytes] ?? Infinity;
  return length >= MIN_INITIAL_DATAGRAM_BYTES &&
    Math.max(destinationBytes, sourceBytes) <= MAX_CONNECTION_ID_BYTES;
}

/** Offset after an Initial's token, RFC 9000 section 17.2.2; -1 when cut. */
function skipToken(datagram: Uint8Array, at: number): number {
  const token = readVarint(datagram, at);
  if (token === null || token.end + token.value > datagram.length) return -1;
  return token.end + token.value;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `quic ${why}` };
}
