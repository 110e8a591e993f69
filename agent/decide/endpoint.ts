/**
 * One entry of a policy, as a line of text or in its parts.
 *
 * `host[:port][/protocol]`, `address[/prefix][:port][/protocol]` and
 * `[IPv6 address[/prefix]][:port][/protocol]`.
 *
 * @module
 */
import { readHost } from "./host.ts";
import { readNetwork } from "./network.ts";
import type { Entry, EntryProtocol, Target } from "./policy.ts";
import { orPolicyInvalid, quote, Refusal } from "./refusal.ts";
import { UNSCOPED } from "./scope.ts";

/** Where an entry stands; it decides what a part that is missing means. */
export type ListName = "allow" | "proxy" | "deny";

/** An entry cut into its parts, not yet understood. */
export interface EndpointParts {
  /** A host, a pattern or an address, without brackets. */
  readonly target: string;
  /** What stood behind the address's slash; null when nothing did. */
  readonly prefix: string | null;
  /** A number, or `*` for any; null when it is not written. */
  readonly port: string | null;
  /** Null when it is not written. */
  readonly protocol: string | null;
}

/** HTTPS, RFC 9110 section 4.2.2: what nearly every entry means. */
const DEFAULT_PORT = 443;
const MAX_PORT = 65_535;

const PROTOCOLS: readonly EntryProtocol[] = ["tcp", "udp", "icmp", "dns"];

const BRACKETED =
  /^\[(?<target>[^\][/]*)(?:\/(?<prefix>[^\][/]*))?\](?::(?<port>[^/]*))?(?:\/(?<protocol>.*))?$/s;
const BARE_IPV6 =
  /^(?<target>[^/]*:[^/]*:[^/]*)(?:\/(?<prefix>[0-9]+))?(?:\/(?<protocol>.*))?$/s;
// A number right behind a slash is a prefix, anything else a protocol.
const PLAIN =
  /^(?<target>[^/:]*)(?:\/(?<prefix>[0-9]+)(?=[:/]|$))?(?::(?<port>[^/]*))?(?:\/(?<protocol>.*))?$/s;

/**
 * Reads one entry of an allow or a deny list.
 *
 * Under allow a missing port is 443 and a missing protocol is TCP; under deny
 * both mean any.
 *
 * @param text The entry as its author wrote it.
 * @param list The list it stands in.
 * @returns The entry, for every step and every process.
 * @throws {AgentError} `policy_invalid`, with a hint.
 *
 * @example A subdomain of any depth, on a port of its own
 * ```ts
 * import assert from "node:assert/strict";
 * import { parseEndpoint } from "./endpoint.ts";
 *
 * const entry = parseEndpoint("*.Example.com:8443", "allow");
 * assert.deepEqual(entry.target, { kind: "host", pattern: "*.example.com" });
 * assert.equal(entry.port, 8443);
 * assert.equal(entry.protocol, "tcp");
 * ```
 */
export function parseEndpoint(text: string, list: ListName): Entry {
  const what = `Cannot read ${list} entry ${quote(text)}`;
  return orPolicyInvalid(what, () => readEndpoint(text, list));
}

/**
 * {@linkcode parseEndpoint} for callers that know the entry's place.
 *
 * @param text The entry as its author wrote it.
 * @param list The list it stands in.
 * @returns The entry.
 * @throws {Refusal} When it cannot be understood.
 */
export function readEndpoint(text: string, list: ListName): Entry {
  return { text, ...UNSCOPED, ...readParts(splitEndpoint(text), list) };
}

/**
 * Understands the parts of an entry.
 *
 * @param parts From {@linkcode splitEndpoint}, or the keys of a mapping.
 * @param list The list the entry stands in.
 * @returns What the entry names, without its text and its scope.
 * @throws {Refusal} When a part cannot be understood, or two do not agree.
 */
export function readParts(
  parts: EndpointParts,
  list: ListName,
): Pick<Entry, "target" | "port" | "protocol"> {
  const target = readTarget(parts);
  const protocol = readProtocol(parts.protocol);
  checkAgreement(target, protocol);
  const portless = protocol === "icmp" || protocol === "dns";
  if (portless && parts.port !== null) {
    throw new Refusal(
      `${protocol} has no port, and the entry names one`,
      `Remove :${parts.port}`,
    );
  }
  const port = parts.port === null ? null : readPort(parts.port);
  if (list === "deny") return { target, port, protocol };
  if (list === "proxy") checkProxy(parts, protocol);
  const missing = parts.port === null && !portless;
  return {
    target,
    port: missing ? DEFAULT_PORT : port,
    protocol: protocol ?? "tcp",
  };
}

function checkProxy(
  parts: EndpointParts,
  protocol: EntryProtocol | null,
): void {
  if (protocol !== null && protocol !== "tcp") {
    throw new Refusal(
      `an HTTP proxy is reached over TCP, and the entry says ${protocol}`,
      `Remove /${protocol}`,
    );
  }
  if (parts.port !== null) return;
  throw new Refusal(
    "an HTTP proxy has no usual port, and the entry names none",
    "Write the proxy's port: proxy.example.com:3128",
  );
}

/**
 * Cuts an entry into its parts; nothing but the cuts is checked.
 *
 * @param text The entry as its author wrote it.
 * @returns Its parts.
 * @throws {Refusal} When it has no such parts.
 */
export function splitEndpoint(text: string): EndpointParts {
  refuseForeign(text);
  const bracketed = text.startsWith("[");
  const pattern = bracketed
    ? BRACKETED
    : /^[^/]*:[^/]*:/.test(text)
    ? BARE_IPV6
    : PLAIN;
  const groups = pattern.exec(text)?.groups;
  if (groups === undefined || (bracketed && !groups.target?.includes(":"))) {
    throw new Refusal(
      "the entry has none of the known forms",
      "Write host:port/protocol, 192.0.2.0/24:port, or [2001:db8::1]:port",
    );
  }
  const { target = "", prefix = null, port = null, protocol = null } = groups;
  return { target, prefix, port, protocol };
}

function refuseForeign(text: string): void {
  // Before anything else, so that no later message has to think of them.
  if (/[\p{C}\p{Z}]/u.test(text)) {
    throw new Refusal(
      "the entry holds a space or a character that cannot be seen",
      "Write one endpoint for each entry, without spaces",
    );
  }
  const scheme = /^[a-z][a-z0-9+.-]*:\/\/(?:[^/?#]*@)?(?<host>[^/?#]*)/i.exec(
    text,
  );
  if (scheme === null) return;
  throw new Refusal(
    "the entry is a URL, only its host and port can be allowed or denied",
    `Write only the host: ${scheme.groups!.host || "api.example.com"}`,
  );
}

function readTarget(parts: EndpointParts): Target {
  const { target, prefix } = parts;
  const network = readNetwork(target, prefix);
  if (network !== null) return network;
  if (target.includes(":")) {
    throw new Refusal(
      `${quote(target)} is no IPv6 address, and a host has only one colon`,
      "Write host:port, 2001:db8::1, or [2001:db8::1]:port",
    );
  }
  const pattern = readHost(target);
  if (prefix !== null) {
    throw new Refusal(
      "only an address has a prefix, and this is a host",
      `For a port write ${pattern}:${prefix}`,
    );
  }
  return { kind: "host", pattern };
}

function readPort(text: string): number | null {
  if (text === "*") return null;
  const port = /^[1-9][0-9]{0,4}$/.test(text) ? Number(text) : NaN;
  if (port <= MAX_PORT) return port;
  throw new Refusal(
    text === ""
      ? "nothing stands behind the colon, a port is needed"
      : `the port is ${
        quote(text)
      }, a number from 1 to ${MAX_PORT} or * is needed`,
    `Write :${DEFAULT_PORT} for HTTPS, or :* for any port`,
  );
}

function readProtocol(text: string | null): EntryProtocol | null {
  if (text === null) return null;
  const folded = text.toLowerCase();
  const protocol = PROTOCOLS.find((known) => known === folded);
  if (protocol !== undefined) return protocol;
  throw new Refusal(
    `behind the slash stands ${quote(text)}, one of ${
      PROTOCOLS.join(", ")
    } is needed`,
    "Write host:port/udp; a path cannot be allowed or denied, and a prefix stands right behind its address",
  );
}

function checkAgreement(target: Target, protocol: EntryProtocol | null): void {
  if (protocol === "icmp" && target.kind === "host") {
    throw new Refusal(
      "icmp is allowed or denied by address only, and this is a host",
      "Write the address: 192.0.2.1/icmp",
    );
  }
  if (protocol === "dns" && target.kind === "network") {
    throw new Refusal(
      "dns is the look-up of a name, and this is an address",
      "To reach a DNS server write its address with :53/udp",
    );
  }
}
