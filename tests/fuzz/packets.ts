/**
 * Whole IP packets, as clients and servers send them.
 *
 * @module
 */
import { concat } from "../unit/decode/hellos.ts";

/** Where a packet comes from and goes to; both of one family. */
export interface Ends {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly sourcePort: number;
  readonly destinationPort: number;
}

/** A TCP segment's own fields. */
export interface SegmentParts {
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

const PROTOCOL = { TCP: 6, UDP: 17 } as const;
const WINDOW = 0xfaf0;

/** A TCP segment without options, RFC 9293 section 3.1. */
export function tcpPacket(ends: Ends, parts: SegmentParts): Uint8Array {
  const header = new Uint8Array(20);
  const view = new DataView(header.buffer);
  view.setUint16(0, ends.sourcePort);
  view.setUint16(2, ends.destinationPort);
  view.setUint32(4, parts.sequence);
  view.setUint32(8, parts.acknowledgment);
  view.setUint16(12, 0x5000 | parts.flags);
  view.setUint16(14, WINDOW);
  return ipPacket(ends, {
    protocol: PROTOCOL.TCP,
    payload: concat([header, parts.payload]),
  });
}

/** A UDP datagram, RFC 768. */
export function udpPacket(ends: Ends, payload: Uint8Array): Uint8Array {
  const header = new Uint8Array(8);
  const view = new DataView(header.buffer);
  view.setUint16(0, ends.sourcePort);
  view.setUint16(2, ends.destinationPort);
  view.setUint16(4, header.length + payload.length);
  return ipPacket(ends, {
    protocol: PROTOCOL.UDP,
    payload: concat([header, payload]),
  });
}

/** A packet of any protocol, without options or extension headers. */
export function ipPacket(
  ends: Pick<Ends, "source" | "destination">,
  of: { readonly protocol: number; readonly payload: Uint8Array },
): Uint8Array {
  const { source, destination } = ends;
  const { protocol, payload } = of;
  const isV4 = source.length === 4;
  const header = new Uint8Array(isV4 ? 20 : 40);
  const view = new DataView(header.buffer);
  if (isV4) {
    view.setUint16(0, 0x4500);
    view.setUint16(2, header.length + payload.length);
    view.setUint16(8, (64 << 8) | protocol);
  } else {
    view.setUint8(0, 0x60);
    view.setUint16(4, payload.length);
    view.setUint16(6, (protocol << 8) | 64);
  }
  header.set(source, isV4 ? 12 : 8);
  header.set(destination, isV4 ? 16 : 24);
  return concat([header, payload]);
}

/** A DNS query or answer for one name, RFC 1035 section 4. */
export function dnsMessage(parts: {
  readonly id: number;
  readonly name: string;
  readonly type: number;
  /** Of an answer; a query has null. */
  readonly addresses: readonly Uint8Array[] | null;
}): Uint8Array {
  const { id, name, type, addresses } = parts;
  const labels = name.split(".").filter((label) => label !== "");
  const header = new Uint8Array(12);
  const view = new DataView(header.buffer);
  view.setUint16(0, id);
  view.setUint16(2, addresses === null ? 0x0100 : 0x8180);
  view.setUint16(4, 1);
  view.setUint16(6, addresses?.length ?? 0);
  return concat([
    header,
    ...labels.map((label) =>
      Uint8Array.of(label.length, ...new TextEncoder().encode(label))
    ),
    Uint8Array.of(0, 0, type, 0, 1),
    ...(addresses ?? []).map((address) =>
      concat([
        Uint8Array.of(0xc0, 12, 0, address.length === 4 ? 1 : 28, 0, 1),
        Uint8Array.of(0, 0, 0, 60, 0, address.length),
        address,
      ])
    ),
  ]);
}
