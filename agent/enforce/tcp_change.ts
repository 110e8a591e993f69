/**
 * Changes to a TCP packet that goes on in the place of what was read.
 *
 * The length stays, so nothing but the checksum has to follow.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.1 | RFC 9293}
 * @module
 */
import type { Packet } from "../decode/packet.ts";
import { TCP_FLAG } from "../decode/tcp.ts";
import { transportChecksum } from "./checksum.ts";

const IPPROTO_TCP = 6;
const IPV4_HEADER_BYTES = 20;
const IPV6_HEADER_BYTES = 40;

/** Byte offsets from the first byte of the TCP header. */
const AT = { sequence: 4, flags: 13, checksum: 16 } as const;

/** Writes the checksum anew, after a change of the packet's payload. */
export function mendChecksum(bytes: Uint8Array, packet: Packet): void {
  const segment = segmentOf(bytes, packet);
  const view = new DataView(segment.buffer, segment.byteOffset);
  view.setUint16(AT.checksum, 0);
  const { source, destination } = packet;
  const addresses = new Uint8Array([...source, ...destination]);
  const of = { protocol: IPPROTO_TCP, segment };
  view.setUint16(AT.checksum, transportChecksum(addresses, of));
}

/**
 * Makes a reset of a packet, for whoever it is on its way to.
 *
 * @param bytes The packet, which is written to.
 * @param of The same decoded, and what its receiver expects next: a reset with
 * any other number is not believed (RFC 5961 section 3.2).
 */
export function makeReset(
  bytes: Uint8Array,
  of: { readonly packet: Packet; readonly sequence: number },
): void {
  const { packet, sequence } = of;
  const segment = segmentOf(bytes, packet);
  const view = new DataView(segment.buffer, segment.byteOffset);
  view.setUint32(AT.sequence, sequence);
  view.setUint8(AT.flags, TCP_FLAG.RST | TCP_FLAG.ACK);
  packet.payload.fill(0);
  mendChecksum(bytes, packet);
}

function segmentOf(
  bytes: Uint8Array,
  { version, optionsBytes }: Packet,
): Uint8Array {
  const header = version === 4 ? IPV4_HEADER_BYTES : IPV6_HEADER_BYTES;
  return bytes.subarray(header + optionsBytes);
}
