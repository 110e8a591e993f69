/**
 * The checksum of UDP and TCP.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1071 | RFC 1071}
 * @module
 */

/**
 * Sums up a segment or datagram whose own checksum field is zero.
 *
 * @param addresses Source and destination, 8 or 32 bytes.
 * @param of The IANA protocol number, and all that the checksum covers.
 */
export function transportChecksum(
  addresses: Uint8Array,
  of: { readonly protocol: number; readonly segment: Uint8Array },
): number {
  const { protocol, segment } = of;
  let sum = protocol + segment.length;
  for (const bytes of [addresses, segment]) {
    for (let at = 0; at < bytes.length; at += 2) {
      sum += (bytes[at]! << 8) | (bytes[at + 1] ?? 0);
    }
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
