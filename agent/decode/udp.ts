/**
 * A UDP header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc768 | RFC 768}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";

/** Byte offsets from the first byte of the header, RFC 768. */
const AT = { sourcePort: 0, destinationPort: 2, length: 4 } as const;

const HEADER_BYTES = 8;

/** How much of a datagram is there: all of it, or the start in a fragment. */
export type UdpCoverage = "whole" | "first_fragment";

/** The fields a verdict depends on. */
export interface Udp {
  /** 0 to 65535. */
  readonly sourcePort: number;
  /** 0 to 65535. */
  readonly destinationPort: number;
  /** The bytes after the header, a view into the datagram. */
  readonly payload: Uint8Array;
}

/**
 * Decodes one UDP header, treating every byte as hostile.
 *
 * Bytes past the length field are refused: the receiver's kernel would cut
 * them off, but whoever listens on the way would not.
 *
 * @param datagram The bytes after the IP header.
 * @param coverage A first fragment is shorter than its length field says.
 * @returns The fields, or why they were refused. The payload is a view.
 */
export function decodeUdp(
  datagram: Uint8Array,
  coverage: UdpCoverage = "whole",
): Decoded<Udp> {
  const { length } = datagram;
  if (length < HEADER_BYTES) {
    return refuse(`header is ${length} of ${HEADER_BYTES} bytes`);
  }
  const totalBytes = readUint16(datagram, AT.length);
  const fits = coverage === "whole"
    ? totalBytes === length
    : totalBytes >= length;
  if (!fits) return refuse(`length is ${totalBytes} of ${length} bytes`);
  return {
    ok: true,
    value: {
      sourcePort: readUint16(datagram, AT.sourcePort),
      destinationPort: readUint16(datagram, AT.destinationPort),
      payload: datagram.subarray(HEADER_BYTES),
    },
  };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `udp ${why}` };
}
