/**
 * Unsigned integers out of byte arrays, without a DataView for each packet.
 *
 * Each function is total: bytes past the end read as zero, so a length that
 * was not checked gives a wrong number and never an exception.
 *
 * @module
 */

/**
 * Reads two bytes in network order.
 *
 * @param bytes Where to read.
 * @param at Offset of the first byte.
 * @returns 0 to 65535.
 */
export function readUint16(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 8) | bytes[at + 1]!;
}

/**
 * Reads four bytes in network order.
 *
 * @param bytes Where to read.
 * @param at Offset of the first byte.
 * @returns 0 to 2^32 - 1.
 */
export function readUint32(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) |
    (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}

/**
 * Reads two bytes in host order: little-endian, as x86_64 and arm64 are.
 *
 * @param bytes Where to read.
 * @param at Offset of the first byte.
 * @returns 0 to 65535.
 */
export function readHostUint16(bytes: Uint8Array, at: number): number {
  return bytes[at]! | (bytes[at + 1]! << 8);
}

/**
 * Reads four bytes in host order: little-endian, as x86_64 and arm64 are.
 *
 * @param bytes Where to read.
 * @param at Offset of the first byte.
 * @returns 0 to 2^32 - 1.
 */
export function readHostUint32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! | (bytes[at + 1]! << 8) | (bytes[at + 2]! << 16) |
    (bytes[at + 3]! << 24)) >>> 0;
}
