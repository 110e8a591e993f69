/**
 * Addresses and networks as people write them.
 *
 * @module
 */
import { formatAddress, parseAddress } from "../decode/address.ts";
import { maskAddress, unmapAddress } from "./address_key.ts";
import type { Target } from "./policy.ts";
import { quote, Refusal } from "./refusal.ts";

/** A target that is a range of addresses. */
export type Network = Extract<Target, { kind: "network" }>;

/**
 * Reads an address, or returns null when the text is none (a host, perhaps).
 *
 * @param text An IPv4 or IPv6 address without brackets.
 * @param prefix What stood behind the slash; null when nothing did.
 * @returns The network; one address is a network of its full length.
 * @throws {Refusal} When the prefix does not fit, or bits behind it are set.
 */
export function readNetwork(
  text: string,
  prefix: string | null,
): Network | null {
  const address = parseAddress(text);
  if (address === null) return null;
  const maxBits = address.length * 8;
  const prefixBits = prefix === null ? maxBits : readPrefix(prefix, maxBits);
  const masked = maskAddress(address, prefixBits);
  if (!equalBytes(masked, address)) {
    const right = `${formatAddress(masked)}/${prefixBits}`;
    throw new Refusal(
      `${text}/${prefixBits} has bits set behind its prefix, none may be`,
      `Write ${right} for the network, or ${text} for the one address`,
    );
  }
  const unmapped = unmapAddress(masked);
  const cutBits = maxBits - unmapped.length * 8;
  if (prefixBits < cutBits) {
    return { kind: "network", address: masked, prefixBits };
  }
  return {
    kind: "network",
    address: unmapped.slice(),
    prefixBits: prefixBits - cutBits,
  };
}

function readPrefix(text: string, maxBits: number): number {
  const bits = /^(?:0|[1-9][0-9]{0,2})$/.test(text) ? Number(text) : NaN;
  if (bits <= maxBits) return bits;
  throw new Refusal(
    `the prefix is ${quote(text)}, a number from 0 to ${maxBits} is needed`,
    `Write /${maxBits} for one address, or leave the prefix away`,
  );
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  return left.every((byte, at) => byte === right[at]);
}
