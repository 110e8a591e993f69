/**
 * The names in /etc/hosts.
 *
 * @see hosts(5)
 * @module
 */
import { parseAddress } from "./address.ts";

/** The characters that a decoded DNS name has unescaped. */
const PLAIN_NAME = /^[a-z0-9_.-]{1,253}$/;

/** One line: an address and what it is called. */
export interface HostsEntry {
  /** 4 or 16 bytes in network order. */
  readonly address: Uint8Array;
  /** In lower case, without a last dot, at least one. */
  readonly names: readonly string[];
}

/**
 * Reads a hosts file.
 *
 * Lines without a plain address or a name are left out, and so are names with
 * characters that a DNS name would show escaped.
 *
 * @param text The whole file.
 * @returns One entry for each line that has one, in their order.
 *
 * @example Names are compared in lower case
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeHosts } from "./hosts_file.ts";
 *
 * const [entry] = decodeHosts("192.0.2.1 Build.Example. build # the builder");
 * assert.deepEqual(entry?.names, ["build.example", "build"]);
 * ```
 */
export function decodeHosts(text: string): readonly HostsEntry[] {
  const entries: HostsEntry[] = [];
  for (const line of text.split("\n")) {
    const [first, ...rest] = line.split("#", 1)[0]!.trim().split(/\s+/);
    const address = parseAddress(first!);
    if (address === null) continue;
    const names = rest.map(normalizeName).filter((name) => name !== null);
    if (names.length > 0) entries.push({ address, names });
  }
  return entries;
}

function normalizeName(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, "");
  return PLAIN_NAME.test(name) ? name : null;
}
