/**
 * Addresses that nobody on the internet has.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6890 | RFC 6890}
 * @module
 */
import { parseAddress } from "../../decode/address.ts";

/** RFC 1918, RFC 6598, RFC 4193: first bytes, and how many bits of them. */
const PRIVATE: readonly {
  readonly bytes: readonly number[];
  readonly bits: number;
}[] = [
  { bytes: [10], bits: 8 },
  { bytes: [172, 16], bits: 12 },
  { bytes: [192, 168], bits: 16 },
  { bytes: [100, 64], bits: 10 },
];
const PRIVATE_V6 = { bytes: [0xfc], bits: 7 } as const;

/** Whether a text is an address that is private. */
export function isPrivateAddress(text: string): boolean {
  return privateBits(text) !== null;
}

/** Whether a text such as `10.1.0.0/16` is a network with private ones only. */
export function isPrivateSubnet(text: string): boolean {
  const found = /^([^/]+)\/([0-9]{1,3})$/.exec(text);
  if (found === null) return false;
  const bits = privateBits(found[1]!);
  return bits !== null && Number(found[2]) >= bits;
}

/** How many bits make it private; null when none do. */
function privateBits(text: string): number | null {
  const address = parseAddress(text);
  if (address === null) return null;
  const ranges = address.length === 4 ? PRIVATE : [PRIVATE_V6];
  const range = ranges.find((each) => begins(address, each));
  return range?.bits ?? null;
}

function begins(
  address: Uint8Array,
  { bytes, bits }: { readonly bytes: readonly number[]; readonly bits: number },
): boolean {
  return bytes.every((byte, index) => {
    const left = Math.min(bits - index * 8, 8);
    const mask = (0xff << (8 - left)) & 0xff;
    return (address[index]! & mask) === (byte & mask);
  });
}
