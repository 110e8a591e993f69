/**
 * What was in an Ethernet frame, for a test to compare.
 *
 * Sluice's own decoders are not used: a fault they share with what is being
 * tested would hide the packet that got out.
 *
 * @module
 */

/** One packet that was on the wire. */
export interface CapturedPacket {
  /** Seconds since 1970, with microseconds. */
  readonly seconds: number;
  /** `tcp`, `udp`, `icmp`, `icmp6`, an IANA number, or `ethertype 0x…`. */
  readonly protocol: string;
  /** In the canonical text form; empty when the frame is not IP. */
  readonly source: string;
  /** 0 where the protocol has no ports, or the fragment does not show them. */
  readonly sourcePort: number;
  readonly destination: string;
  readonly destinationPort: number;
  /** TCP flags from high to low bit, such as `SYN ACK`. */
  readonly flags: string;
  /** Of the frame, with its link header. */
  readonly bytes: number;
  /** After the transport header; for other protocols, after the IP header. */
  readonly payload: Uint8Array;
  /** The payload, one character per byte. */
  readonly text: string;
}

type Layer = Omit<CapturedPacket, "seconds" | "bytes" | "text">;

const ETHERNET_BYTES = 14;
const NO_LAYER: Layer = {
  protocol: "",
  source: "",
  sourcePort: 0,
  destination: "",
  destinationPort: 0,
  flags: "",
  payload: new Uint8Array(),
};

/** IANA protocol numbers that have a name here. */
const PROTOCOL_NAMES: ReadonlyMap<number, string> = new Map([
  [1, "icmp"],
  [6, "tcp"],
  [17, "udp"],
  [58, "icmp6"],
]);

/** RFC 8200 section 4.1: hop-by-hop, routing, destination options. */
const EXTENSION_HEADERS: ReadonlySet<number> = new Set([0, 43, 60]);
const FRAGMENT_HEADER = 44;
const TCP_FLAGS = ["CWR", "ECE", "URG", "ACK", "PSH", "RST", "SYN", "FIN"];

/**
 * Reads a frame. What it cannot read is shown by its EtherType, never left out.
 *
 * @param frame From the destination link address on.
 * @param seconds When it was seen.
 */
export function readFrame(frame: Uint8Array, seconds: number): CapturedPacket {
  const { buffer, byteOffset, length } = frame;
  const etherType = new DataView(buffer, byteOffset, length).getUint16(12);
  const rest = frame.subarray(ETHERNET_BYTES);
  const layer = readNetwork(etherType, rest) ?? {
    ...NO_LAYER,
    protocol: `ethertype 0x${etherType.toString(16).padStart(4, "0")}`,
    payload: rest,
  };
  const text = Array.from(layer.payload, (b) => String.fromCharCode(b)).join(
    "",
  );
  return { seconds, bytes: length, text, ...layer };
}

/**
 * Whether a packet only keeps the wire itself going: ARP, neighbour and router
 * discovery (RFC 4861), multicast listeners (RFC 2710, RFC 3810).
 *
 * @param packet Any packet.
 */
export function isLinkChatter(packet: CapturedPacket): boolean {
  if (packet.protocol === "ethertype 0x0806") return true;
  const type = packet.payload[0] ?? 0;
  return packet.protocol === "icmp6" &&
    ((type >= 130 && type <= 137) || type === 143);
}

function readNetwork(etherType: number, bytes: Uint8Array): Layer | undefined {
  if (etherType === 0x0800 && bytes.length >= 20) return readIpv4(bytes);
  if (etherType === 0x86dd && bytes.length >= 40) return readIpv6(bytes);
  return undefined;
}

function readIpv4(bytes: Uint8Array): Layer {
  const headerBytes = (bytes[0]! & 0x0f) * 4;
  // Ethernet pads short frames; the packet says where it ends.
  const payload = bytes.subarray(headerBytes, uint16(bytes, 2));
  const isFirst = (uint16(bytes, 6) & 0x1fff) === 0;
  const addresses = {
    source: bytes.subarray(12, 16).join("."),
    destination: bytes.subarray(16, 20).join("."),
  };
  return {
    ...readTransport(bytes[9]!, payload, isFirst),
    ...addresses,
  };
}

function readIpv6(bytes: Uint8Array): Layer {
  let next = bytes[6]!;
  let payload = bytes.subarray(40, 40 + uint16(bytes, 4));
  let isFirst = true;
  while (EXTENSION_HEADERS.has(next) || next === FRAGMENT_HEADER) {
    if (payload.length < 8) break;
    if (next === FRAGMENT_HEADER) isFirst &&= uint16(payload, 2) >> 3 === 0;
    const skip = next === FRAGMENT_HEADER ? 8 : (payload[1]! + 1) * 8;
    next = payload[0]!;
    payload = payload.subarray(skip);
    if (!isFirst) break;
  }
  return {
    ...readTransport(next, payload, isFirst),
    source: formatIpv6(bytes.subarray(8, 24)),
    destination: formatIpv6(bytes.subarray(24, 40)),
  };
}

function readTransport(
  number: number,
  bytes: Uint8Array,
  isFirst: boolean,
): Layer {
  const protocol = PROTOCOL_NAMES.get(number) ?? String(number);
  const plain = { ...NO_LAYER, protocol, payload: bytes };
  if (!isFirst) return plain;
  if (protocol === "tcp" && bytes.length >= 20) {
    const flags = TCP_FLAGS.filter((_, bit) => bytes[13]! & (0x80 >> bit));
    const payload = bytes.subarray((bytes[12]! >> 4) * 4);
    return { ...plain, ...ports(bytes), flags: flags.join(" "), payload };
  }
  if (protocol === "udp" && bytes.length >= 8) {
    return { ...plain, ...ports(bytes), payload: bytes.subarray(8) };
  }
  return plain;
}

function ports(
  bytes: Uint8Array,
): Pick<Layer, "sourcePort" | "destinationPort"> {
  return { sourcePort: uint16(bytes, 0), destinationPort: uint16(bytes, 2) };
}

function uint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function formatIpv6(address: Uint8Array): string {
  const groups = Array.from(
    { length: 8 },
    (_, group) => uint16(address, group * 2).toString(16),
  );
  // The URL standard's serializer writes the form of RFC 5952.
  return new URL(`http://[${groups.join(":")}]`).hostname.slice(1, -1);
}
