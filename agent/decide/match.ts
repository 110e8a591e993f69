/**
 * The entries of a policy, arranged so that one packet asks few questions.
 *
 * @module
 */
import { maskAddress, unmapAddress } from "./address_key.ts";
import { matchHost } from "./pattern.ts";
import type { Entry, Policy } from "./policy.ts";
import { runnerEntries } from "./runner_endpoints.ts";

/** What is looked up: an address, and the names it was answered for. */
export interface Subject {
  /** Lower case, without the last dot; their order does not matter. */
  readonly names: readonly string[];
  /** 4 or 16 bytes in network order; null when only names are known. */
  readonly address: Uint8Array | null;
}

/** A policy, ready for the packet thread. */
export interface CompiledPolicy {
  /** Whether refusals are carried out. */
  readonly egress: "audit" | "block";
  /** What may leave. */
  readonly allow: EntryIndex;
  /** What may not, in audit neither. */
  readonly deny: EntryIndex;
  /** Allowed patterns by the text of their entry: the host behind the `*`. */
  readonly wildcards: ReadonlyMap<string, string>;
  /** As in `Policy.dns`. */
  readonly unseen: Policy["dns"]["unseen"];
  /** Which of the allowed places is an HTTP proxy. */
  readonly proxy: EntryIndex;
}

/** An entry and its place in the list, which decides between two. */
interface Ranked {
  readonly entry: Entry;
  readonly rank: number;
}

/** A pattern that is neither a host nor a suffix. */
interface Pattern {
  readonly pattern: string;
  /** What follows its last `*`: most names differ there already. */
  readonly tail: string;
  /** In a list, as the other tables have them. */
  readonly found: readonly [Ranked];
}

/**
 * Arranges a policy's entries; nothing of it is parsed again.
 *
 * @param policy Plain data, as structured clone brings it into the thread.
 * @returns Its lists, indexed.
 */
export function compilePolicy(policy: Policy): CompiledPolicy {
  const runner = policy.runner === "allow" ? runnerEntries() : [];
  return {
    egress: policy.egress,
    // The runner's come last: what an author wrote is what the journal names.
    allow: new EntryIndex([...policy.proxy, ...policy.allow, ...runner]),
    deny: new EntryIndex(policy.deny),
    wildcards: new Map(
      [...policy.proxy, ...policy.allow].flatMap(({ text, target }) => {
        if (target.kind !== "host" || !target.pattern.includes("*")) return [];
        const tail = target.pattern.slice(target.pattern.lastIndexOf("*") + 1);
        // What is in the label of the `*` is chosen with it.
        const dot = tail.indexOf(".");
        return [[text, dot < 0 ? "" : tail.slice(dot + 1)]];
      }),
    ),
    unseen: policy.dns.unseen,
    proxy: new EntryIndex(policy.proxy),
  };
}

/** One list of entries, found by name or by address. */
export class EntryIndex {
  readonly #isEmpty: boolean;
  readonly #exact = new Map<string, Ranked[]>();
  /** `*.a.example` under `a.example`: nearly every pattern has this form. */
  readonly #suffixes = new Map<string, Ranked[]>();
  readonly #patterns: Pattern[] = [];
  /** By address length and prefix, then by the masked address. */
  readonly #networks: NetworkTable[] = [];

  /**
   * Arranges the entries.
   *
   * @param entries In the order of the policy: the first that fits decides.
   */
  constructor(entries: readonly Entry[]) {
    this.#isEmpty = entries.length === 0;
    for (const [rank, entry] of entries.entries()) this.#add({ entry, rank });
  }

  /** Whether there is no entry at all. */
  get isEmpty(): boolean {
    return this.#isEmpty;
  }

  /**
   * The first entry of the list that names the subject and is accepted.
   *
   * @param subject Names and address; either is enough for an entry.
   * @param accept Whether an entry that names the subject also fits otherwise.
   * @returns The entry, or null when there is none.
   */
  first(subject: Subject, accept: (entry: Entry) => boolean): Entry | null {
    // The usual list of deny entries.
    if (this.#isEmpty) return null;
    let best: Entry | null = null;
    let bestRank = Infinity;
    const consider = (found: readonly Ranked[] | undefined) => {
      if (found === undefined) return;
      for (const { entry, rank } of found) {
        if (rank >= bestRank) return;
        if (!accept(entry)) continue;
        best = entry;
        bestRank = rank;
      }
    };
    for (const name of subject.names) this.#considerName(name, consider);
    if (subject.address !== null && this.#networks.length > 0) {
      const address = unmapAddress(subject.address);
      for (const table of this.#networks) consider(table.find(address));
    }
    return best;
  }

  #considerName(
    name: string,
    consider: (found: readonly Ranked[] | undefined) => void,
  ): void {
    consider(this.#exact.get(name));
    if (this.#suffixes.size > 0) {
      let dot = name.indexOf(".");
      while (dot >= 0) {
        // An empty first label is no subdomain.
        if (dot > 0) consider(this.#suffixes.get(name.slice(dot + 1)));
        dot = name.indexOf(".", dot + 1);
      }
    }
    for (const { pattern, tail, found } of this.#patterns) {
      if (name.endsWith(tail) && matchHost(pattern, name)) consider(found);
    }
  }

  #add(ranked: Ranked): void {
    const { target } = ranked.entry;
    if (target.kind === "network") {
      this.#addNetwork(ranked, target);
      return;
    }
    const { pattern } = target;
    const lastStar = pattern.lastIndexOf("*");
    if (lastStar < 0) listOf(this.#exact, pattern).push(ranked);
    else if (lastStar === 0 && pattern.startsWith("*.")) {
      listOf(this.#suffixes, pattern.slice(2)).push(ranked);
    } else {
      const tail = pattern.slice(lastStar + 1);
      this.#patterns.push({ pattern, tail, found: [ranked] });
    }
  }

  #addNetwork(
    ranked: Ranked,
    target: Extract<Entry["target"], { kind: "network" }>,
  ): void {
    const { address, prefixBits } = target;
    let table = this.#networks.find((known) =>
      known.bytes === address.length && known.prefixBits === prefixBits
    );
    if (table === undefined) {
      table = new NetworkTable(address.length, prefixBits);
      this.#networks.push(table);
    }
    table.add(address, ranked);
  }
}

/** All networks of one address length and one prefix length. */
class NetworkTable {
  readonly bytes: number;
  readonly prefixBits: number;
  readonly #entries = new Map<string | number, Ranked[]>();

  constructor(bytes: number, prefixBits: number) {
    this.bytes = bytes;
    this.prefixBits = prefixBits;
  }

  add(address: Uint8Array, ranked: Ranked): void {
    listOf(this.#entries, this.#keyOf(address)).push(ranked);
  }

  find(address: Uint8Array): readonly Ranked[] | undefined {
    if (address.length !== this.bytes) return undefined;
    return this.#entries.get(this.#keyOf(address));
  }

  /** A number for IPv4 and 16 bytes as characters for IPv6: no formatting. */
  #keyOf(address: Uint8Array): string | number {
    if (address.length !== 4) {
      return String.fromCharCode(...maskAddress(address, this.prefixBits));
    }
    // A shift by 32 would be a shift by 0.
    if (this.prefixBits === 0) return 0;
    const value = address[0]! << 24 | address[1]! << 16 |
      address[2]! << 8 | address[3]!;
    return value & (-1 << (32 - this.prefixBits));
  }
}

function listOf<K>(map: Map<K, Ranked[]>, key: K): Ranked[] {
  let list = map.get(key);
  if (list === undefined) map.set(key, list = []);
  return list;
}
