/**
 * An entry written as a mapping, for scopes and for clarity.
 *
 * @module
 */
import { type ListName, readParts } from "./endpoint.ts";
import type { Entry } from "./policy.ts";
import type { EntryMapping } from "./policy_shape.ts";
import { quote, Refusal } from "./refusal.ts";
import type { Scope } from "./scope.ts";

/** What YAML leaves a string without quotes, in a flow mapping too. */
const PLAIN_VALUE = /^[\w/][\w./-]*$/;

/**
 * Understands an entry of the form `{ host: a.example, step: Publish }`.
 *
 * @param mapping Its keys, of the right types.
 * @param list The list it stands in.
 * @returns The entry; its text is the mapping in one line.
 * @throws {Refusal} When a value cannot be understood, or two do not agree.
 */
export function readEntryMapping(
  mapping: EntryMapping,
  list: ListName,
): Entry {
  const { host, address, port, protocol } = mapping;
  if ((host === undefined) === (address === undefined)) {
    throw new Refusal(
      `the entry has ${
        host === undefined ? "neither host nor address" : "host and address"
      }, one of them is needed`,
      "Write { host: api.example.com, port: 443 }",
    );
  }
  const [target, prefix = null] = host === undefined
    ? cutPrefix(address!)
    : [host];
  if (host !== undefined && /[:/[\]\s]/.test(host)) refuseHost(host);
  const named = readParts({
    target,
    prefix,
    port: port === undefined ? null : String(port),
    protocol: protocol ?? null,
  }, list);
  if ((named.target.kind === "host") !== (host !== undefined)) {
    refuseKind(named.target.kind, target);
  }
  return { text: writeMapping(mapping), ...named, ...readScope(mapping) };
}

function readScope(mapping: EntryMapping): Scope {
  const { step = null, process = null, ancestor = null } = mapping;
  const sha256 = mapping.sha256?.toLowerCase() ?? null;
  if (sha256 !== null && process === null) {
    throw new Refusal(
      "the entry has sha256 without process, the program's path is needed too",
      "Write process: /usr/bin/curl beside it",
    );
  }
  return { step, process, sha256, ancestor, runner: false };
}

function cutPrefix(address: string): readonly [string, string?] {
  const slash = address.indexOf("/");
  if (slash < 0) return [address];
  return [address.slice(0, slash), address.slice(slash + 1)];
}

function refuseHost(host: string): never {
  throw new Refusal(
    `host is ${quote(host)}, a name alone is needed`,
    "Write the port as port: 443 and the protocol as protocol: udp",
  );
}

function refuseKind(found: "host" | "network", target: string): never {
  throw found === "host"
    ? new Refusal(
      `address is ${quote(target)}, which is none`,
      "Write host: for a name",
    )
    : new Refusal(
      `host is the address ${quote(target)}, a name is needed`,
      "Write address: instead of host:",
    );
}

function writeMapping(mapping: EntryMapping): string {
  const pairs = Object.entries(mapping).map(([key, value]) => {
    const plain = typeof value === "number" || PLAIN_VALUE.test(value);
    return `${key}: ${plain ? value : JSON.stringify(value)}`;
  });
  return `{ ${pairs.join(", ")} }`;
}
