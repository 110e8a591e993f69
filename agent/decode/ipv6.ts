/**
 * An IPv6 header and the extension headers after it.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8200#section-3 | RFC 8200}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";

/** Byte offsets from the first byte of the header, RFC 8200 section 3. */
const AT = {
  version: 0,
  payloadLength: 4,
  nextHeader: 6,
  source: 8,
  destination: 24,
} as const;

const HEADER_BYTES = 40;
/** Every extension header is a multiple of 8 bytes, RFC 8200 section 4. */
const MIN_EXTENSION_BYTES = 8;
/**
 * RFC 8200 section 4.1 names six extension headers before the upper layer, of
 * which one may come twice; mobility, HIP and shim6 end a chain.
 */
const MAX_EXTENSIONS = 8;

/** IANA "IPv6 Extension Header Types", without ESP, which hides what follows. */
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destinationOptions: 60,
  mobility: 135,
  hostIdentity: 139,
  shim6: 140,
} as const;

/** RFC 8200 section 4.2, and RFC 2675 section 2 for the jumbo payload. */
const OPTION = { pad1: 0, jumboPayload: 0xc2 } as const;

/** The fields a verdict depends on. */
export interface Ipv6 {
  /** Source address, 16 bytes in network order, a view into the packet. */
  readonly source: Uint8Array;
  /** Destination address, 16 bytes in network order, a view into the packet. */
  readonly destination: Uint8Array;
  /** IANA protocol number after the extension headers: 6 TCP, 17 UDP, 59 none. */
  readonly protocol: number;
  /** True when there is a fragment header, also one on a whole packet. */
  readonly fragmentHeader: boolean;
  /** Fragment offset in units of 8 bytes; 0 for a first or only fragment. */
  readonly fragmentOffset: number;
  /** True when this is a fragment and not the last one. */
  readonly moreFragments: boolean;
  /** Length of all extension headers together. */
  readonly optionsBytes: number;
  /** The bytes after the extension headers, a view into the packet. */
  readonly payload: Uint8Array;
}

/** Where a walk over the extension headers stands. */
interface Walk {
  nextHeader: number;
  at: number;
  fragmentHeader: boolean;
  fragmentOffset: number;
  moreFragments: boolean;
}

/**
 * Decodes one IPv6 header and walks its extension headers to the upper layer.
 *
 * Refused are lengths that do not cover the bytes exactly, jumbo payloads,
 * chains longer than the standard can give, and a routing header that is not
 * used up, because then the destination field names a stop on the way.
 *
 * @param packet The packet from the version nibble on, at most 65575 bytes.
 * @returns The fields, or why they were refused. Addresses and payload are
 * views: copy what must outlive the receive buffer. In a fragment that is not
 * the first, `protocol` is what the fragment header says of the whole packet.
 */
export function decodeIpv6(packet: Uint8Array): Decoded<Ipv6> {
  const { length } = packet;
  if (length < HEADER_BYTES) {
    return refuse(`header is ${length} of ${HEADER_BYTES} bytes`);
  }
  const version = packet[AT.version]! >> 4;
  if (version !== 6) return refuse(`version is ${version}`);
  const totalBytes = HEADER_BYTES + readUint16(packet, AT.payloadLength);
  if (totalBytes !== length) {
    return refuse(`total length is ${totalBytes} of ${length} bytes`);
  }
  const walk: Walk = {
    nextHeader: packet[AT.nextHeader]!,
    at: HEADER_BYTES,
    fragmentHeader: false,
    fragmentOffset: 0,
    moreFragments: false,
  };
  const fault = walkExtensions(packet, walk);
  if (fault !== null) return refuse(fault);
  // A socket's IPv4-mapped address is IPv4 on the wire; in an IPv6 header it
  // would be taken for an address that it is not.
  if (isMapped(packet, AT.source) || isMapped(packet, AT.destination)) {
    return refuse("address is IPv4-mapped");
  }
  return {
    ok: true,
    value: {
      source: packet.subarray(AT.source, AT.source + 16),
      destination: packet.subarray(AT.destination, AT.destination + 16),
      protocol: walk.nextHeader,
      fragmentHeader: walk.fragmentHeader,
      fragmentOffset: walk.fragmentOffset,
      moreFragments: walk.moreFragments,
      optionsBytes: walk.at - HEADER_BYTES,
      payload: packet.subarray(walk.at),
    },
  };
}

/** Moves the walk to the upper layer; a reason when the chain is not sound. */
function walkExtensions(packet: Uint8Array, walk: Walk): string | null {
  // What follows the header of a later fragment is the middle of something.
  for (let count = 0; walk.fragmentOffset === 0; count++) {
    const type = walk.nextHeader;
    const left = packet.length - walk.at;
    if (!isExtension(type)) return null;
    if (count === MAX_EXTENSIONS) {
      return `has more than ${MAX_EXTENSIONS} extension headers`;
    }
    if (left < MIN_EXTENSION_BYTES) {
      return `extension header ${type} is ${left} of ${MIN_EXTENSION_BYTES} bytes`;
    }
    const extensionBytes = measureExtension(packet, walk);
    if (extensionBytes > left) {
      return `extension header ${type} is ${left} of ${extensionBytes} bytes`;
    }
    const extension = packet.subarray(walk.at, walk.at + extensionBytes);
    const fault = readExtension(extension, walk);
    if (fault !== null) return fault;
    walk.nextHeader = extension[0]!;
    walk.at += extensionBytes;
  }
  return null;
}

function isExtension(type: number): boolean {
  switch (type) {
    case EXTENSION.hopByHop:
    case EXTENSION.routing:
    case EXTENSION.fragment:
    case EXTENSION.authentication:
    case EXTENSION.destinationOptions:
    case EXTENSION.mobility:
    case EXTENSION.hostIdentity:
    case EXTENSION.shim6:
      return true;
    default:
      return false;
  }
}

function measureExtension(packet: Uint8Array, walk: Walk): number {
  if (walk.nextHeader === EXTENSION.fragment) return MIN_EXTENSION_BYTES;
  const units = packet[walk.at + 1]!;
  // RFC 4302 section 2.2 counts in four bytes, minus two, unlike all others.
  return walk.nextHeader === EXTENSION.authentication
    ? (units + 2) * 4
    : (units + 1) * 8;
}

/** Takes in what one extension header says; a reason when that is refused. */
function readExtension(extension: Uint8Array, walk: Walk): string | null {
  switch (walk.nextHeader) {
    case EXTENSION.hopByHop:
      // RFC 8200 section 4.1: directly after the IPv6 header or nowhere.
      if (walk.at !== HEADER_BYTES) return "hop-by-hop header is not the first";
      return findOptionFault(extension.subarray(2));
    case EXTENSION.destinationOptions:
      return findOptionFault(extension.subarray(2));
    case EXTENSION.routing: {
      const segmentsLeft = extension[3]!;
      if (segmentsLeft === 0) return null;
      return `routing header has ${segmentsLeft} segments left`;
    }
    case EXTENSION.fragment: {
      if (walk.fragmentHeader) return "has two fragment headers";
      const fragment = readUint16(extension, 2);
      walk.fragmentHeader = true;
      walk.fragmentOffset = fragment >> 3;
      walk.moreFragments = (fragment & 1) !== 0;
      return null;
    }
    default:
      return null;
  }
}

/** Why the options of one header cannot be believed, or null. */
function findOptionFault(options: Uint8Array): string | null {
  const { length } = options;
  let at = 0;
  while (at < length) {
    const type = options[at]!;
    if (type === OPTION.jumboPayload) return "has a jumbo payload";
    // An option that stops before its length is at least one byte too long.
    const next = type === OPTION.pad1
      ? at + 1
      : at + 2 + (options[at + 1] ?? 0);
    if (next > length) {
      return `option ${type} ends ${next - length} bytes too late`;
    }
    at = next;
  }
  return null;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `ipv6 ${why}` };
}

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96. */
function isMapped(packet: Uint8Array, at: number): boolean {
  for (let zero = at; zero < at + 10; zero++) {
    if (packet[zero] !== 0) return false;
  }
  return packet[at + 10] === 0xff && packet[at + 11] === 0xff;
}
