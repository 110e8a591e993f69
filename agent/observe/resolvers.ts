/**
 * Which name servers this machine asks, and which names it knows by itself.
 *
 * @module
 */
import { decodeHosts, type HostsEntry } from "../decode/hosts_file.ts";
import {
  decodeNameservers,
  decodeSearchDomains,
} from "../decode/resolv_conf.ts";
import { tryReadText } from "../../ffi/files.ts";
import type { Libc } from "../../ffi/libc.ts";

/** systemd-resolved(8): the servers that the stub in resolv.conf asks. */
const RESOLVED_UPSTREAM = "/run/systemd/resolve/resolv.conf";

/** ip-netns(8): the files of a named namespace stand in front of /etc. */
const NAMED_NETNS = /^(?:\/var)?\/run\/netns\/([^/]+)$/;

/**
 * The name servers of a network namespace.
 *
 * @param netns The namespace's file; null is the one of the process.
 * @returns Canonical addresses, each once.
 */
export function findResolvers(libc: Libc, netns: string | null): string[] {
  const own = readEtc(libc, netns, "resolv.conf");
  const upstream = tryReadText(libc, RESOLVED_UPSTREAM);
  // glibc asks this machine when nothing is configured, resolv.conf(5).
  const found = decodeNameservers(own ?? "");
  const servers = found.length > 0 ? found : ["127.0.0.1"];
  return [...new Set([...servers, ...decodeNameservers(upstream ?? "")])];
}

/**
 * The domains that a network namespace's resolver puts behind names.
 *
 * @param netns The namespace's file; null is the one of the process.
 */
export function findSearchDomains(
  libc: Libc,
  netns: string | null,
): readonly string[] {
  return [
    ...decodeSearchDomains(readEtc(libc, netns, "resolv.conf") ?? ""),
    ...decodeSearchDomains(tryReadText(libc, RESOLVED_UPSTREAM) ?? ""),
  ];
}

/** The names of /etc/hosts as that namespace sees it. */
export function findHosts(
  libc: Libc,
  netns: string | null,
): readonly HostsEntry[] {
  return decodeHosts(readEtc(libc, netns, "hosts") ?? "");
}

function readEtc(
  libc: Libc,
  netns: string | null,
  file: string,
): string | null {
  const name = netns === null ? null : NAMED_NETNS.exec(netns)?.[1] ?? null;
  const own = name === null
    ? null
    : tryReadText(libc, `/etc/netns/${name}/${file}`);
  return own ?? tryReadText(libc, `/etc/${file}`);
}
