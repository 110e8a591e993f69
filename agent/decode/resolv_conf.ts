/**
 * The name servers and search domains in /etc/resolv.conf.
 *
 * @see resolv.conf(5)
 * @module
 */
import { formatAddress, parseAddress } from "./address.ts";

/** The keyword stands in the first column, resolv.conf(5). */
const NAMESERVER_LINE = /^nameserver[ \t]+([^ \t;#]+)/;

/** The same for what is put behind names. */
const SEARCH_LINE = /^(?:search|domain)[ \t]+([^;#]+)/;

/**
 * Reads the domains that a resolver configuration puts behind names.
 *
 * @param text The whole file.
 * @returns Lower case, without dots at their ends; those of all lines, since
 * programs do not agree on which counts.
 */
export function decodeSearchDomains(text: string): readonly string[] {
  const words = text.split("\n").flatMap((line) =>
    (SEARCH_LINE.exec(line)?.[1] ?? "").split(/\s+/)
  );
  const domains = words.map((word) => word.toLowerCase().replace(/\.$/, ""));
  return [...new Set(domains)].filter((domain) => domain !== "");
}

/**
 * Reads the name servers of a resolver configuration.
 *
 * Lines that name no plain address are left out, and with them those with a
 * zone (`fe80::1%eth0`): the zone cannot be told from a packet's addresses, so
 * such a server would be trusted on every interface.
 *
 * @param text The whole file.
 * @returns Addresses as {@linkcode formatAddress} writes them, each once, in
 * their order. None means that the C library asks 127.0.0.1.
 *
 * @example Only the keyword in the first column counts
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeNameservers } from "./resolv_conf.ts";
 *
 * const text = "# nameserver 192.0.2.1\nnameserver 2001:DB8::53\n";
 * assert.deepEqual(decodeNameservers(text), ["2001:db8::53"]);
 * ```
 */
export function decodeNameservers(text: string): readonly string[] {
  const found = new Set<string>();
  for (const line of text.split("\n")) {
    const server = NAMESERVER_LINE.exec(line)?.[1];
    const address = server === undefined ? null : parseAddress(server.trim());
    if (address !== null) found.add(formatAddress(address));
  }
  return [...found];
}
