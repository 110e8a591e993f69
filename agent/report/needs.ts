/**
 * The entries that attempts need, gathered from row to row.
 *
 * A build chooses the names that it looks up, so a name becomes an entry only
 * if it is a plain host name: `*.example` as a *queried* name must not widen
 * the policy, nor `1.2.3.4` pass for an address.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import { addressInEntry, isHostName } from "./entry_text.ts";
import { meantNames, type Row } from "./row.ts";
import { isRunners } from "./sender.ts";

/** Something that no entry can allow. */
export interface Withheld {
  /** Name or address, as the journal has it: not escaped. */
  readonly subject: string;
  /** Why, as the end of a sentence: `is not a host name`. */
  readonly reason: string;
}

/** Let out without an entry. */
const NEEDS_NO_ENTRY: ReadonlySet<string> = new Set([
  "internal_interface",
  "open_before_arming",
  "dhcp",
]);

/** Refused whatever the `allow` list says. */
const NO_ENTRY_HELPS: ReadonlyMap<string, string> = new Map([
  ["denied_by_rule", "is named by a deny entry"],
  ["dns_malformed", "is not a DNS query"],
  ["tunnel_limit", "is one of too many new names under a wildcard"],
  ["dns_over_tcp", "is asked for over TCP"],
  ["fragment", "is reached in fragments"],
  ["packet_malformed", "is reached with malformed packets"],
]);

/** Refused for a name that was not answered with the address. */
const SAID_ELSEWHERE: ReadonlySet<string> = new Set([
  "sni_not_allowed",
  "host_not_allowed",
]);

/** ICMP and ICMPv6 (IANA 1 and 58); an entry names both by the word. */
const ICMP: ReadonlySet<string> = new Set(["icmp", "1", "58"]);

/** Record types of a look-up that a connection follows. */
const CONNECT_TYPES: ReadonlySet<string> = new Set(["A", "AAAA", "HTTPS"]);

const DEFAULT_PORT = 443;

/** Gathers what rows need, and what no entry can give them. */
export class Needs {
  readonly #summary: Summary;
  readonly #entries = new Set<string>();
  /** Hosts with an entry for a connection, which allows their look-up too. */
  readonly #connected = new Set<string>();
  /** Hosts refused at the look-up: nobody knows where they would connect. */
  readonly #guessed = new Set<string>();
  readonly #lookedUp = new Set<string>();
  readonly #withheld = new Map<string, Withheld>();
  readonly #proxies = new Set<string>();

  /** @param summary All rows; some needs depend on others. */
  constructor(summary: Summary) {
    this.#summary = summary;
  }

  /** Adds what one row needs. */
  addRow(row: Row): void {
    if (NEEDS_NO_ENTRY.has(row.why) || isRunners(row)) return;
    const reason = NO_ENTRY_HELPS.get(row.why);
    if (reason !== undefined) {
      this.#withhold(row.name ?? row.addresses[0] ?? "", reason);
    } else if (row.protocol === "dns") {
      this.#addLookUp(row);
    } else if (row.asked !== null) {
      this.#addAsked(row, row.asked);
    } else {
      this.#addConnection(row);
    }
  }

  /** As a policy's `allow` list has them, sorted, each once. */
  entries(): readonly string[] {
    const all = new Set(this.#entries);
    for (const host of this.#guessed) {
      if (!this.#connected.has(host)) all.add(host);
    }
    for (const host of this.#lookedUp) {
      const isCovered = this.#connected.has(host) || this.#guessed.has(host);
      if (!isCovered) all.add(`${host}/dns`);
    }
    return [...all.difference(this.#proxies)].sort();
  }

  /** The same of its `proxy` list. */
  proxies(): readonly string[] {
    return [...this.#proxies].sort();
  }

  /** Each subject and reason once. */
  withheld(): readonly Withheld[] {
    return [...this.#withheld.values()];
  }

  #addLookUp(row: Row): void {
    if (row.why === "resolver_not_allowed") {
      for (const { address, port } of row.servers) {
        this.#addAddress(address, `:${port}/udp`);
      }
      // The refusal is about the server: the name may be allowed already.
      if (this.#isNameAllowed(row.name)) return;
    }
    const host = this.#hostOf(row.name ?? "");
    if (host === null) return;
    if (row.answered) this.#lookedUp.add(host);
    else if (row.decision === "deny" && row.enforced) {
      const isConnectable = row.types.some((type) => CONNECT_TYPES.has(type));
      (isConnectable ? this.#guessed : this.#lookedUp).add(host);
    }
  }

  #isNameAllowed(name: string | null): boolean {
    return this.#summary.rows.some((row) =>
      row.decision === "allow" && row.name === name && !isRunners(row)
    );
  }

  /** The client says a name that the policy allows, but where none leads. */
  #isRefusedForAddress({ why, sni, port, protocol }: Row): boolean {
    if (!SAID_ELSEWHERE.has(why)) return false;
    return this.#summary.rows.some((row) =>
      row.decision === "allow" && row.name === sni && row.port === port &&
      row.protocol === protocol && !isRunners(row)
    );
  }

  #addConnection(row: Row): void {
    if (this.#isRefusedForAddress(row)) {
      const reason = "is allowed, but not at the address where it is said";
      this.#withhold(row.sni ?? "", reason);
      return;
    }
    const hosts = meantNames(row).map((name) => this.#hostOf(name));
    const known = hosts.filter((host) => host !== null);
    if (ICMP.has(row.protocol)) {
      for (const address of row.addresses) this.#addAddress(address, "/icmp");
      for (const host of known) this.#lookedUp.add(host);
      return;
    }
    const suffix = suffixOf(row);
    if (suffix === null) {
      const reason = /^\d+$/.test(row.protocol)
        ? `is reached by IP protocol ${row.protocol}, which no entry can name`
        : "is reached without a port";
      this.#withhold(row.name ?? row.addresses[0] ?? "", reason);
      return;
    }
    for (const host of known) {
      this.#connected.add(host);
      this.#entries.add(`${host}${suffix}`);
    }
    // Without its newest name a connection can only be allowed by address.
    if ((hosts[0] ?? null) === null) {
      for (const address of row.addresses) this.#addAddress(address, suffix);
    }
  }

  #addAsked(row: Row, { host, port }: NonNullable<Row["asked"]>): void {
    const { names, addresses, sni, decision, enforced, why } = row;
    // One that is asked, and refuses nothing itself, is named already.
    if (why === "proxy_not_allowed" || decision === "allow" || !enforced) {
      const proxies = names.length > 0 ? names.slice(0, 1) : addresses;
      for (const proxy of proxies) {
        const place = addressInEntry(proxy) ?? this.#hostOf(proxy);
        if (place !== null) this.#proxies.add(`${place}:${row.port}`);
      }
    }
    if (decision === "deny" && sni !== null && sni !== host) {
      this.#withhold(sni, `is said in a tunnel to ${host}`);
      return;
    }
    const suffix = suffixOf({ protocol: "tcp", port }) ?? "";
    const address = addressInEntry(host);
    if (address !== null) this.#entries.add(`${address}${suffix}`);
    else if (this.#hostOf(host) !== null) {
      this.#connected.add(host);
      this.#entries.add(`${host}${suffix}`);
    }
  }

  #addAddress(address: string, suffix: string): void {
    const place = addressInEntry(address);
    if (place === null) this.#withhold(address, "is not an address");
    else this.#entries.add(`${place}${suffix}`);
  }

  #hostOf(name: string): string | null {
    if (isHostName(name)) return name.toLowerCase();
    this.#withhold(name, "is not a host name");
    return null;
  }

  #withhold(subject: string, reason: string): void {
    this.#withheld.set(JSON.stringify([subject, reason]), { subject, reason });
  }
}

/** What an entry says behind its host; null when none can say it. */
function suffixOf(
  { protocol, port }: Pick<Row, "protocol" | "port">,
): string | null {
  if (port === 0) return null;
  if (protocol === "tcp") return port === DEFAULT_PORT ? "" : `:${port}`;
  return protocol === "udp" ? `:${port}/udp` : null;
}
