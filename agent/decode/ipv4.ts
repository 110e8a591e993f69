/**
 * An IPv4 header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc791#section-3.1 | RFC 791}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";

/** Byte offsets from the first byte of the header, RFC 791 section 3.1. */
const AT = {
  versionAndIhl: 0,
  totalLength: 2,
  flagsAndFragment: 6,
  protocol: 9,
  source: 12,
  destination: 16,
} as const;

const MIN_HEADER_BYTES = 20;
const FRAGMENT_OFFSET_MASK = 0x1fff;
const MORE_FRAGMENTS = 0x2000;

/** Option types with their copied flag, RFC 791 section 3.1. */
const OPTION = {
  end: 0,
  noOperation: 1,
  looseSourceRoute: 131,
  strictSourceRoute: 137,
} as const;

/** The fields a verdict depends on. */
export interface Ipv4 {
  /** Source address, 4 bytes in network order, a view into the packet. */
  readonly source: Uint8Array;
  /** Destination address, 4 bytes in network order, a view into the packet. */
  readonly destination: Uint8Array;
  /** IANA protocol number: 6 is TCP, 17 is UDP. */
  readonly protocol: number;
  /** Fragment offset in units of 8 bytes; 0 for a first or only fragment. */
  readonly fragmentOffset: number;
  /** True when this is a fragment and not the last one. */
  readonly moreFragments: boolean;
  /** Length of the options with their padding, 0 to 40. */
  readonly optionsBytes: number;
  /** The bytes after the header and its options, a view into the packet. */
  readonly payload: Uint8Array;
}

/**
 * Decodes one IPv4 header, treating every byte as hostile.
 *
 * A packet shorter or longer than its own length field is refused, not
 * repaired: a verdict must be about the bytes the kernel will send. So is a
 * source route, whose destination field names a stop on the way and not the
 * place where the packet goes.
 *
 * @param packet The packet from the version nibble on, at most 65535 bytes.
 * @returns The fields, or why they were refused. Addresses and payload are
 * views: copy what must outlive the receive buffer.
 *
 * @example A packet that stops inside its header
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeIpv4 } from "./ipv4.ts";
 *
 * const why = "ipv4 header is 2 of 20 bytes";
 * assert.deepEqual(decodeIpv4(Uint8Array.of(0x45, 0)), { ok: false, why });
 * ```
 */
export function decodeIpv4(packet: Uint8Array): Decoded<Ipv4> {
  const { length } = packet;
  if (length < MIN_HEADER_BYTES) {
    return refuse(`header is ${length} of ${MIN_HEADER_BYTES} bytes`);
  }
  const first = packet[AT.versionAndIhl]!;
  if (first >> 4 !== 4) return refuse(`version is ${first >> 4}`);

  const headerBytes = (first & 0x0f) * 4;
  const totalBytes = readUint16(packet, AT.totalLength);
  // An IHL below 5 puts the payload inside the header: ports would be read
  // from address bytes that the sender chose.
  if (headerBytes < MIN_HEADER_BYTES) {
    return refuse(`header length is ${headerBytes}`);
  }
  if (totalBytes < headerBytes) return refuse(`total length is ${totalBytes}`);
  if (totalBytes !== length) {
    return refuse(`total length is ${totalBytes} of ${length} bytes`);
  }
  if (headerBytes > MIN_HEADER_BYTES) {
    const fault = findOptionFault(packet, headerBytes);
    if (fault !== null) return refuse(fault);
  }
  const fragment = readUint16(packet, AT.flagsAndFragment);
  return {
    ok: true,
    value: {
      source: packet.subarray(AT.source, AT.source + 4),
      destination: packet.subarray(AT.destination, AT.destination + 4),
      protocol: packet[AT.protocol]!,
      fragmentOffset: fragment & FRAGMENT_OFFSET_MASK,
      moreFragments: (fragment & MORE_FRAGMENTS) !== 0,
      optionsBytes: headerBytes - MIN_HEADER_BYTES,
      payload: packet.subarray(headerBytes),
    },
  };
}

/** Why the options cannot be believed, or null when they can. */
function findOptionFault(
  packet: Uint8Array,
  headerBytes: number,
): string | null {
  let at = MIN_HEADER_BYTES;
  while (at < headerBytes) {
    const type = packet[at]!;
    if (type === OPTION.end) return null;
    if (type === OPTION.noOperation) {
      at += 1;
      continue;
    }
    if (type === OPTION.looseSourceRoute || type === OPTION.strictSourceRoute) {
      return `option ${type} is a source route`;
    }
    const optionBytes = at + 1 < headerBytes ? packet[at + 1]! : 0;
    if (optionBytes < 2 || at + optionBytes > headerBytes) {
      return `option ${type} is ${optionBytes} bytes at ${at} of ${headerBytes}`;
    }
    at += optionBytes;
  }
  return null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `ipv4 ${why}` };
}
