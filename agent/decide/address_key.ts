/**
 * Addresses as tables know them, with IPv4-mapped IPv6 folded into IPv4.
 *
 * A socket may write the same IPv4 destination in both ways; a policy and the
 * table of names must not tell them apart.
 *
 * @module
 */
import { formatAddress } from "../decode/address.ts";

/** RFC 4291 section 2.5.5.2: ::ffff:0:0/96. */
const MAPPED_PREFIX_BYTES = 12;

/**
 * The IPv4 address inside an IPv4-mapped IPv6 address.
 *
 * @param address 4 or 16 bytes in network order.
 * @returns A view of 4 bytes when it is mapped, otherwise the address itself.
 */
export function unmapAddress(address: Uint8Array): Uint8Array {
  if (address.length !== 16) return address;
  if (address[10] !== 0xff || address[11] !== 0xff) return address;
  for (let at = 0; at < 10; at++) if (address[at] !== 0) return address;
  return address.subarray(MAPPED_PREFIX_BYTES);
}

/**
 * The text by which tables know an address.
 *
 * @param address 4 or 16 bytes in network order.
 * @returns As `formatAddress` writes it, mapped addresses as their IPv4 form.
 */
export function addressKey(address: Uint8Array): string {
  return formatAddress(unmapAddress(address));
}

/**
 * The address with every bit after the prefix set to zero.
 *
 * @param address 4 or 16 bytes in network order; it is not changed.
 * @param prefixBits From 0 to the address's length in bits.
 * @returns A new array of the same length.
 */
export function maskAddress(
  address: Uint8Array,
  prefixBits: number,
): Uint8Array {
  const masked = new Uint8Array(address.length);
  const wholeBytes = prefixBits >> 3;
  masked.set(address.subarray(0, wholeBytes));
  const restBits = prefixBits & 7;
  if (restBits > 0) {
    masked[wholeBytes] = address[wholeBytes]! & (0xff << (8 - restBits));
  }
  return masked;
}
