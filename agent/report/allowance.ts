/**
 * From what a run did to the policy entries that allow it.
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

/** Attempts of a whole run, or only those that are, or would be, refused. */
export type AllowanceScope = "seen" | "refused";

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

/** ICMP and ICMPv6 (IANA 1 and 58); an entry names both by the word. */
const ICMP: ReadonlySet<string> = new Set(["icmp", "1", "58"]);

/** Record types of a look-up that a connection follows. */
const CONNECT_TYPES: ReadonlySet<string> = new Set(["A", "AAAA", "HTTPS"]);

const DEFAULT_PORT = 443;

/**
 * The smallest list of endpoints that would have allowed exactly this.
 *
 * A name that was looked up and refused was never connected to, so its port is
 * not known: its entry is the host alone, which means TCP to port 443. The name
 * that a client said is listed alone. Where it was not asked, all names that led
 * to the address are, because which of them comes last differs from run to run.
 * A client that says none gets out by the address only.
 *
 * @param summary From `aggregate`.
 * @param which `refused` leaves out what the policy in force allows.
 * @returns Endpoints as a policy writes them, sorted, each once. What cannot be
 * written safely is missing: {@linkcode withheldFrom} says what.
 */
export function allowanceFor(
  summary: Summary,
  which: AllowanceScope,
): readonly string[] {
  return needsOf(summary, inScope(summary, which)).entries();
}

/**
 * What {@linkcode allowanceFor} leaves out because no entry can allow it.
 *
 * @param summary From `aggregate`.
 * @param which As for `allowanceFor`.
 * @returns Each subject and reason once, in the order of the rows.
 */
export function withheldFrom(
  summary: Summary,
  which: AllowanceScope,
): readonly Withheld[] {
  return needsOf(summary, inScope(summary, which)).withheld();
}

/**
 * The entries that would have allowed one row.
 *
 * @param row Of the summary.
 * @param summary From `aggregate`.
 * @returns As `allowanceFor`; empty when none is needed or none helps.
 */
export function allowanceForRow(
  row: Row,
  summary: Summary,
): readonly string[] {
  return needsOf(summary, [row]).entries();
}

function needsOf(summary: Summary, rows: readonly Row[]): Needs {
  const needs = new Needs(summary);
  for (const row of rows) needs.addRow(row);
  return needs;
}

function inScope(summary: Summary, which: AllowanceScope): readonly Row[] {
  if (which === "seen") return summary.rows;
  return summary.rows.filter(({ decision }) => decision === "deny");
}

class Needs {
  readonly #summary: Summary;
  readonly #entries = new Set<string>();
  /** Hosts with an entry for a connection, which allows their look-up too. */
  readonly #connected = new Set<string>();
  /** Hosts refused at the look-up: nobody knows where they would connect. */
  readonly #guessed = new Set<string>();
  readonly #lookedUp = new Set<string>();
  readonly #withheld = new Map<string, Withheld>();

  constructor(summary: Summary) {
    this.#summary = summary;
  }

  addRow(row: Row): void {
    if (NEEDS_NO_ENTRY.has(row.why)) return;
    const reason = NO_ENTRY_HELPS.get(row.why);
    if (reason !== undefined) {
      this.#withhold(row.name ?? row.addresses[0] ?? "", reason);
    } else if (row.protocol === "dns") {
      this.#addLookUp(row);
    } else {
      this.#addConnection(row);
    }
  }

  entries(): readonly string[] {
    const all = new Set(this.#entries);
    for (const host of this.#guessed) {
      if (!this.#connected.has(host)) all.add(host);
    }
    for (const host of this.#lookedUp) {
      const isCovered = this.#connected.has(host) || this.#guessed.has(host);
      if (!isCovered) all.add(`${host}/dns`);
    }
    return [...all].sort();
  }

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
      row.decision === "allow" && row.name === name
    );
  }

  /** The client says a name that the policy allows, but where none leads. */
  #isRefusedForAddress({ decision, sni, port, protocol }: Row): boolean {
    if (decision === "allow" || sni === null) return false;
    return this.#summary.rows.some((row) =>
      row.decision === "allow" && row.name === sni && row.port === port &&
      row.protocol === protocol
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
function suffixOf({ protocol, port }: Row): string | null {
  if (port === 0) return null;
  if (protocol === "tcp") return port === DEFAULT_PORT ? "" : `:${port}`;
  return protocol === "udp" ? `:${port}/udp` : null;
}
