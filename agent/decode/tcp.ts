/**
 * A TCP header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.1 | RFC 9293}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16, readUint32 } from "./integer.ts";

/** Byte offsets from the first byte of the header, RFC 9293 section 3.1. */
const AT = {
  sourcePort: 0,
  destinationPort: 2,
  sequence: 4,
  acknowledgment: 8,
  dataOffset: 12,
  flags: 13,
} as const;

const MIN_HEADER_BYTES = 20;

/** Control bits as they stand in {@linkcode Tcp.flags}, RFC 9293 section 3.1. */
export const TCP_FLAG = {
  FIN: 0x01,
  SYN: 0x02,
  RST: 0x04,
  PSH: 0x08,
  ACK: 0x10,
  URG: 0x20,
} as const;

/** The fields a verdict depends on. */
export interface Tcp {
  /** 0 to 65535. */
  readonly sourcePort: number;
  /** 0 to 65535. */
  readonly destinationPort: number;
  /** Of the first byte of the payload, or of the SYN before it; 32 bits. */
  readonly sequence: number;
  /** What the sender expects next; without meaning unless ACK is set. */
  readonly acknowledgment: number;
  /** Eight control bits, to be read with {@linkcode TCP_FLAG}. */
  readonly flags: number;
  /** The bytes after the header and its options, a view into the segment. */
  readonly payload: Uint8Array;
}

/**
 * Decodes one TCP header, treating every byte as hostile.
 *
 * Options are skipped by the header's own length and not read.
 *
 * @param segment The bytes after the IP header.
 * @returns The fields, or why they were refused. The payload is a view.
 */
export function decodeTcp(segment: Uint8Array): Decoded<Tcp> {
  const { length } = segment;
  if (length < MIN_HEADER_BYTES) {
    return refuse(`header is ${length} of ${MIN_HEADER_BYTES} bytes`);
  }
  const headerBytes = (segment[AT.dataOffset]! >> 4) * 4;
  if (headerBytes < MIN_HEADER_BYTES) {
    return refuse(`header length is ${headerBytes}`);
  }
  if (headerBytes > length) {
    return refuse(`header is ${length} of ${headerBytes} bytes`);
  }
  return {
    ok: true,
    value: {
      sourcePort: readUint16(segment, AT.sourcePort),
      destinationPort: readUint16(segment, AT.destinationPort),
      sequence: readUint32(segment, AT.sequence),
      acknowledgment: readUint32(segment, AT.acknowledgment),
      flags: segment[AT.flags]!,
      payload: segment.subarray(headerBytes),
    },
  };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `tcp ${why}` };
}
