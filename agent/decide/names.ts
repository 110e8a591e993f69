/**
 * Which names were answered with which address, and until when that counts.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import { AgedMap } from "./aged_map.ts";

/**
 * How long a name counts after its answer has expired.
 *
 * Programs keep an address longer than they may: a connection pool reconnects
 * to what it looked up at its start, and a build's look-up may come minutes
 * before its connect. The price is that an address counts a little longer for a
 * name that was allowed anyway.
 */
export const GRACE_SECONDS = 300;

/** RFC 2181 section 8: a larger value has its top bit set and means zero. */
const MAX_TTL_SECONDS = 0x7fff_ffff;

/** About 20 MB when full of names of usual length. */
const MAX_PAIRS = 65_536;

/**
 * A flow looks at every name of its address while its packet waits: whoever
 * owns an allowed wildcard must not be able to make that long.
 */
const MAX_NAMES_OF_ADDRESS = 256;

interface Pair {
  readonly key: string;
  readonly name: string;
  expiresMs: number;
}

/**
 * The pairs of name and address that answers have vouched for.
 *
 * Bounded: where a new pair has no room, the one written longest ago goes. A
 * pair that is lost can only cause a refusal, never let anything out.
 */
export class NameTable {
  readonly #maxPairs: number;
  /** By address key, then by name, the newest last. */
  readonly #byAddress = new Map<string, Map<string, Pair>>();
  readonly #aged = new AgedMap<string, Pair>();
  #pinned = 0;
  #lost = 0;

  /**
   * Makes an empty table.
   *
   * @param maxPairs How many pairs are kept, pinned ones included.
   */
  constructor(maxPairs: number = MAX_PAIRS) {
    this.#maxPairs = maxPairs;
  }

  /** How many pairs there are, pinned and expired ones included. */
  get size(): number {
    return this.#aged.size + this.#pinned;
  }

  /** How many pairs that still counted had to go, or found no room. */
  get lost(): number {
    return this.#lost;
  }

  /**
   * Remembers that a name was answered with an address.
   *
   * A pair that is known already never gets a shorter life by this: a client
   * may still hold the earlier answer.
   *
   * @param name The name that was asked for, lower case, without the last dot.
   * @param address 4 or 16 bytes in network order, or its address key.
   * @param options The answer's TTL, an unsigned 32-bit number of seconds, and
   * the time of its arrival on a clock that never goes back.
   */
  learn(
    name: string,
    address: Uint8Array | string,
    options: { readonly ttlSeconds: number; readonly nowMs: number },
  ): void {
    const { ttlSeconds, nowMs } = options;
    const ttl = ttlSeconds > MAX_TTL_SECONDS ? 0 : ttlSeconds;
    const expiresMs = nowMs + (ttl + GRACE_SECONDS) * 1000;
    const pair = this.#renew(name, address, { nowMs });
    if (pair === null || pair.expiresMs === Infinity) return;
    pair.expiresMs = Math.max(pair.expiresMs, expiresMs);
    this.#aged.set(pairKey(pair), pair);
  }

  /**
   * Remembers a pair for good, as the hosts file gives it.
   *
   * @param name Lower case, without the last dot.
   * @param address 4 or 16 bytes in network order, or its address key.
   */
  pin(name: string, address: Uint8Array | string): void {
    // Whether something expired before matters to a counter alone.
    const pair = this.#renew(name, address, { nowMs: -Infinity });
    if (pair === null || pair.expiresMs === Infinity) return;
    this.#aged.delete(pairKey(pair));
    pair.expiresMs = Infinity;
    this.#pinned++;
  }

  /**
   * The names that count for an address.
   *
   * @param key The address as `addressKey` writes it.
   * @param nowMs Milliseconds on the clock of {@linkcode NameTable.learn}.
   * @returns The newest first; empty when none is known.
   */
  namesOf(key: string, nowMs: number): readonly string[] {
    const pairs = this.#byAddress.get(key);
    if (pairs === undefined) return [];
    const names: string[] = [];
    for (const pair of pairs.values()) {
      if (pair.expiresMs > nowMs) names.push(pair.name);
    }
    return names.reverse();
  }

  /** The pair, newest of its address from now on; null when all are pinned. */
  #renew(
    name: string,
    address: Uint8Array | string,
    { nowMs }: { readonly nowMs: number },
  ): Pair | null {
    const key = typeof address === "string" ? address : addressKey(address);
    const known = this.#byAddress.get(key)?.get(name);
    if (known === undefined && !this.#makeRoom(key, nowMs)) return null;
    // Only now: making room may have removed the address's last name.
    let pairs = this.#byAddress.get(key);
    if (pairs === undefined) this.#byAddress.set(key, pairs = new Map());
    const pair = known ?? { key, name, expiresMs: -Infinity };
    pairs.delete(name);
    pairs.set(name, pair);
    return pair;
  }

  #makeRoom(key: string, nowMs: number): boolean {
    const siblings = this.#byAddress.get(key);
    if (siblings !== undefined && siblings.size >= MAX_NAMES_OF_ADDRESS) {
      for (const pair of siblings.values()) {
        if (pair.expiresMs === Infinity) continue;
        this.#forget(pair, nowMs);
        return true;
      }
      this.#lost++;
      return false;
    }
    if (this.size < this.#maxPairs) return true;
    const oldest = this.#aged.oldest?.value;
    if (oldest === undefined) {
      this.#lost++;
      return false;
    }
    this.#forget(oldest, nowMs);
    return true;
  }

  #forget(pair: Pair, nowMs: number): void {
    if (pair.expiresMs > nowMs) this.#lost++;
    this.#aged.delete(pairKey(pair));
    const pairs = this.#byAddress.get(pair.key);
    pairs?.delete(pair.name);
    if (pairs?.size === 0) this.#byAddress.delete(pair.key);
  }
}

/** An address key holds no space, so no two pairs share a key. */
function pairKey(pair: Pair): string {
  return `${pair.key} ${pair.name}`;
}
