/**
 * When one entry of a policy makes another one useless.
 *
 * @module
 */
import { maskAddress } from "./address_key.ts";
import { matchHost } from "./pattern.ts";
import type { Entry, Target } from "./policy.ts";
import { coversScope } from "./scope.ts";

/**
 * Whether everything the one entry names is named by the other.
 *
 * @param wide The entry that may cover.
 * @param narrow The entry that may be covered.
 * @returns True only when it certainly is.
 */
export function covers(wide: Entry, narrow: Entry): boolean {
  return coversTarget(wide.target, narrow.target) &&
    (wide.port === null || wide.port === narrow.port) &&
    (wide.protocol === null || wide.protocol === narrow.protocol) &&
    coversScope(wide, narrow);
}

function coversTarget(wide: Target, narrow: Target): boolean {
  if (wide.kind === "host" || narrow.kind === "host") {
    // A * of the narrow pattern is matched as a character of a label: what
    // matches it there matches whatever it stands for.
    return wide.kind === "host" && narrow.kind === "host" &&
      matchHost(wide.pattern, narrow.pattern);
  }
  if (wide.address.length !== narrow.address.length) return false;
  if (wide.prefixBits > narrow.prefixBits) return false;
  const masked = maskAddress(narrow.address, wide.prefixBits);
  return masked.every((byte, at) => byte === wide.address[at]);
}
