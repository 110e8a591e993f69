/**
 * What an oracle reads out of a packet, in its own way.
 *
 * @module
 */

/** A packet's fields; what cannot be told is null. */
export interface RawPacket {
  readonly source: Uint8Array;
  readonly destination: Uint8Array;
  /** Behind all extension headers. */
  readonly protocol: number;
  readonly isFragment: boolean;
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Of TCP; 0 without. */
  readonly flags: number;
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly payload: Uint8Array;
}

const EXTENSIONS = new Set([0, 43, 51, 60, 135, 139, 140]);
const AUTHENTICATION = 51;
const FRAGMENT = 44;

/**
 * Reads a packet that need not be sound.
 *
 * @returns Its fields, or null when a receiver could not tell them.
 */
export function readPacket(bytes: Uint8Array): RawPacket | null {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  try {
    return (bytes[0]! >> 4) === 4
      ? readIpv4(bytes, view)
      : (bytes[0]! >> 4) === 6
      ? readIpv6(bytes, view)
      : null;
  } catch (error) {
    // Past the end.
    if (error instanceof RangeError) return null;
    throw error;
  }
}

function readIpv4(bytes: Uint8Array, view: DataView): RawPacket | null {
  const at = (bytes[0]! & 15) * 4;
  const fragment = view.getUint16(6);
  const isFragment = (fragment & 0x3fff) !== 0;
  if (at < 20 || view.getUint16(2) !== bytes.length) return null;
  return readTransport(bytes, view, {
    source: bytes.slice(12, 16),
    destination: bytes.slice(16, 20),
    protocol: bytes[9]!,
    isFragment,
    at,
  });
}

function readIpv6(bytes: Uint8Array, view: DataView): RawPacket | null {
  if (view.getUint16(4) + 40 !== bytes.length) return null;
  let protocol = bytes[6]!;
  let at = 40;
  while (EXTENSIONS.has(protocol)) {
    const before = at;
    const units = view.getUint8(at + 1);
    at += protocol === AUTHENTICATION ? (units + 2) * 4 : (units + 1) * 8;
    protocol = view.getUint8(before);
  }
  return readTransport(bytes, view, {
    source: bytes.slice(8, 24),
    destination: bytes.slice(24, 40),
    protocol,
    isFragment: protocol === FRAGMENT,
    at,
  });
}

function readTransport(
  bytes: Uint8Array,
  view: DataView,
  network:
    & Pick<RawPacket, "source" | "destination" | "protocol" | "isFragment">
    & { readonly at: number },
): RawPacket | null {
  const { at, ...rest } = network;
  const none = {
    sourcePort: 0,
    destinationPort: 0,
    flags: 0,
    sequence: 0,
    acknowledgment: 0,
  };
  if (rest.isFragment || (rest.protocol !== 6 && rest.protocol !== 17)) {
    return { ...rest, ...none, payload: bytes.slice(at) };
  }
  const isTcp = rest.protocol === 6;
  const ports = {
    sourcePort: view.getUint16(at),
    destinationPort: view.getUint16(at + 2),
  };
  const headerBytes = isTcp ? (view.getUint8(at + 12) >> 4) * 4 : 8;
  return {
    ...rest,
    ...ports,
    flags: isTcp ? view.getUint8(at + 13) : 0,
    sequence: isTcp ? view.getUint32(at + 4) : 0,
    acknowledgment: isTcp ? view.getUint32(at + 8) : 0,
    payload: bytes.slice(at + headerBytes),
  };
}
