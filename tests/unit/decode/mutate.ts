/**
 * Damaged packets, the same ones each time: packet number `index` of a seed
 * does not depend on the packets before it, so any one can be made again.
 *
 * @module
 */
import { hex } from "../../hex.ts";
import {
  ADDRESS_V4,
  ADDRESS_V6,
  LINK_PORT,
  ROUTE_MULTIPATH,
  ROUTE_MULTIPATH_V6,
} from "./rtnetlink_samples.ts";
import {
  DIAG_IPV4,
  DIAG_IPV6,
  DNS_ANSWER_PACKET,
  DNS_QUERY_PACKET,
  DNS_SRV_ANSWER,
  IPV6_LAST_FRAGMENT,
  NETLINK_ERROR,
  QUEUED_IPV4_SYN,
  QUEUED_IPV6_SYN,
} from "./samples.ts";

/** The packet of one sample in the frame that the kernel would put it in. */
function queue(packet: Uint8Array): Uint8Array {
  const frame = hex(`
    00000000 0003 0000 00000000 00000000  02 00 0007
    0b00 0100 00000001 0800 01 00  0800 0500 00000001  0000 0a00
  `);
  const datagram = new Uint8Array(frame.length + packet.length);
  datagram.set(frame);
  datagram.set(packet, frame.length);
  const view = new DataView(datagram.buffer);
  view.setUint32(0, datagram.length, true);
  view.setUint16(frame.length - 4, packet.length + 4, true);
  return datagram;
}

/** A payload behind the header of a netlink message. */
function message(type: number, payload: Uint8Array): Uint8Array {
  const datagram = new Uint8Array(16 + payload.length);
  const view = new DataView(datagram.buffer);
  view.setUint32(0, datagram.length, true);
  view.setUint16(4, type, true);
  datagram.set(payload, 16);
  return datagram;
}

// A chain of extension headers in front of a DNS question, by hand.
const IPV6_CHAIN = `
  60000000 0039 00 40 20010db8000000000000000000000001
  20010db8000000000000000000000002
  2b 00 0502 0000 0100  3c 00 03 00 00000000  2c 00 0104 00000000
  11 00 0000 00000007
  d83b 0035 0019 0000  1234 0100 0001 0000 0000 0000 00 0001 0001
`;

// A router alert, RFC 2113, no operation and a timestamp, RFC 791, in front of
// an echo request.
const IPV4_OPTIONS = `
  4a 00 0030 12344000 4001 0000 c0000201 c6336402
  94 04 0000  01  44 0c 05 00 00000000 00000000  00 00 00
  080022c8 1d940001
`;

// Names that point at names that point at names.
const DNS_POINTERS = `
  1234 8180 0001 0003 0000 0000
  0377 7777 0161 0162 00 0001 0001  c00c 0005 0001 0000003c 0004 0163 c010
  c025 0005 0001 0000003c 0002 c010  c010 0001 0001 0000003c 0004 c0000201
`;

/** Types of messages, <linux/rtnetlink.h>. */
export const RTM = { NEWLINK: 16, NEWADDR: 20, NEWROUTE: 24 } as const;

/** Whole netlink datagrams, each with its decoders' good way to the end. */
export const DATAGRAMS: readonly Uint8Array[] = [
  hex(QUEUED_IPV4_SYN),
  hex(QUEUED_IPV6_SYN),
  queue(hex(DNS_QUERY_PACKET)),
  queue(hex(DNS_ANSWER_PACKET)),
  queue(hex(IPV4_OPTIONS)),
  queue(hex(IPV6_CHAIN)),
  queue(hex(IPV6_LAST_FRAGMENT)),
  queue(udpOf(hex(DNS_SRV_ANSWER))),
  queue(udpOf(hex(DNS_POINTERS))),
  hex(DIAG_IPV4),
  hex(DIAG_IPV6),
  hex(NETLINK_ERROR),
  message(RTM.NEWLINK, hex(LINK_PORT)),
  message(RTM.NEWROUTE, hex(ROUTE_MULTIPATH)),
  message(RTM.NEWROUTE, hex(ROUTE_MULTIPATH_V6)),
  message(RTM.NEWADDR, hex(ADDRESS_V4)),
  message(RTM.NEWADDR, hex(ADDRESS_V6)),
];

/** Long enough for the longest sample. */
export const MAX_DATAGRAM_BYTES = 512;

/** Values at the edges of lengths, flags, label types and header numbers. */
const EDGES = hex("00 01 02 05 06 11 2b 2c 3c 3f 40 45 60 7f 80 c0 c1 fe ff");

/**
 * Makes one damaged datagram.
 *
 * @param seed Any 32-bit number.
 * @param index Which one.
 * @param samples What to damage.
 * @param into Receives the bytes, from its start on.
 * @returns The part of `into` that is the datagram.
 */
export function mutate(
  { seed, index, samples = DATAGRAMS }: {
    seed: number;
    index: number;
    samples?: readonly Uint8Array[];
  },
  into: Uint8Array,
): Uint8Array {
  let state = scramble(seed ^ scramble(index));
  const sample = samples[state % samples.length]!;
  into.set(sample);
  state = scramble(state);
  const changes = 1 + state % 4;
  for (let change = 0; change < changes; change++) {
    state = scramble(state);
    const at = (state >>> 8) % sample.length;
    const kind = state & 7;
    state = scramble(state);
    if (kind < 3) into[at] = state;
    else if (kind < 6) into[at] = EDGES[state % EDGES.length]!;
    else if (kind === 6) into[at]! ^= 1 << (state & 7);
    else into.copyWithin(at, state % sample.length, sample.length);
  }
  const isCut = (state >>> 28) === 0;
  return into.subarray(0, isCut ? state % sample.length : sample.length);
}

/** A bijection on 32 bits that tells neighbours far apart. */
function scramble(value: number): number {
  let mixed = (value + 0x9e37_79b9) | 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85eb_ca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2_ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}

/** An IPv4 and UDP header in front, from port 53. */
function udpOf(payload: Uint8Array): Uint8Array {
  const headers = hex(`
    45000000 12344000 4011 0000 c6336435 c0000201  0035 d83b 0000 0000
  `);
  const packet = new Uint8Array(headers.length + payload.length);
  packet.set(headers);
  packet.set(payload, headers.length);
  const view = new DataView(packet.buffer);
  view.setUint16(2, packet.length);
  view.setUint16(24, payload.length + 8);
  return packet;
}
