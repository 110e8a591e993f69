/**
 * One IP packet down to its ports, flat, as a verdict needs it.
 *
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeIpv4 } from "./ipv4.ts";
import { decodeIpv6 } from "./ipv6.ts";
import { decodeTcp } from "./tcp.ts";
import { decodeUdp } from "./udp.ts";

/** IANA protocol numbers that Sluice knows by name. */
export const PROTOCOL = { ICMP: 1, TCP: 6, UDP: 17, ICMPV6: 58 } as const;

/** The fields a verdict depends on, of either IP version. */
export interface Packet {
  /** IP version. */
  readonly version: 4 | 6;
  /** 4 or 16 bytes in network order, a view into the packet. */
  readonly source: Uint8Array;
  /** 4 or 16 bytes in network order, a view into the packet. */
  readonly destination: Uint8Array;
  /** IANA protocol number, after extension headers. */
  readonly protocol: number;
  /** True for any fragment, also a whole packet with a fragment header. */
  readonly fragment: boolean;
  /** Length of IPv4 options, or of all IPv6 extension headers. */
  readonly optionsBytes: number;
  /** 0 unless TCP or UDP; 0 in a fragment that is not the first. */
  readonly sourcePort: number;
  /** 0 unless TCP or UDP; 0 in a fragment that is not the first. */
  readonly destinationPort: number;
  /** Control bits of a TCP header, to be read with `TCP_FLAG`; 0 without one. */
  readonly tcpFlags: number;
  /** `Tcp.sequence`; 0 without a TCP header. */
  readonly tcpSequence: number;
  /** `Tcp.acknowledgment`; 0 without a TCP header. */
  readonly tcpAcknowledgment: number;
  /**
   * A view of what follows the TCP or UDP header; in all other cases, ICMP
   * among them, of what follows the IP header.
   */
  readonly payload: Uint8Array;
}

/** What both IP versions say, before the transport header is read. */
interface Network {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  readonly protocol: number;
  readonly fragmentOffset: number;
  readonly moreFragments: boolean;
  readonly optionsBytes: number;
  readonly payload: Uint8Array;
}

/**
 * Decodes one IP packet down to its ports, treating every byte as hostile.
 *
 * @param bytes The packet from the version nibble on.
 * @returns The fields, or why one of the headers was refused. Addresses and
 * payload are views: copy what must outlive the receive buffer.
 */
export function decodePacket(bytes: Uint8Array): Decoded<Packet> {
  if (bytes.length === 0) return { ok: false, why: "packet is empty" };
  if (bytes[0]! >> 4 === 6) {
    const decoded = decodeIpv6(bytes);
    if (!decoded.ok) return decoded;
    const { fragmentHeader } = decoded.value;
    return decodeTransport(decoded.value, {
      version: 6,
      fragment: fragmentHeader,
    });
  }
  const decoded = decodeIpv4(bytes);
  if (!decoded.ok) return decoded;
  const { fragmentOffset, moreFragments } = decoded.value;
  const fragment = fragmentOffset !== 0 || moreFragments;
  return decodeTransport(decoded.value, { version: 4, fragment });
}

function decodeTransport(
  network: Network,
  { version, fragment }: Pick<Packet, "version" | "fragment">,
): Decoded<Packet> {
  let { payload } = network;
  let sourcePort = 0;
  let destinationPort = 0;
  let tcpFlags = 0;
  let tcpSequence = 0;
  let tcpAcknowledgment = 0;
  // Ports stand in the first fragment only; a later one would read them from
  // the middle of the payload.
  if (network.fragmentOffset === 0) {
    if (network.protocol === PROTOCOL.TCP) {
      const tcp = decodeTcp(payload);
      if (!tcp.ok) return tcp;
      ({ sourcePort, destinationPort, payload } = tcp.value);
      tcpFlags = tcp.value.flags;
      tcpSequence = tcp.value.sequence;
      tcpAcknowledgment = tcp.value.acknowledgment;
    } else if (network.protocol === PROTOCOL.UDP) {
      const coverage = network.moreFragments ? "first_fragment" : "whole";
      const udp = decodeUdp(payload, coverage);
      if (!udp.ok) return udp;
      ({ sourcePort, destinationPort, payload } = udp.value);
    }
  }
  return {
    ok: true,
    value: {
      version,
      source: network.source,
      destination: network.destination,
      protocol: network.protocol,
      fragment,
      optionsBytes: network.optionsBytes,
      sourcePort,
      destinationPort,
      tcpFlags,
      tcpSequence,
      tcpAcknowledgment,
      payload,
    },
  };
}
