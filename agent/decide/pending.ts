/**
 * DNS queries that were let out and wait for their answer.
 *
 * @module
 */
import { AgedMap } from "./aged_map.ts";

/** One side of a query. */
export interface QueryPeer {
  /** As `addressKey` writes it. */
  readonly address: string;
  /** UDP port. */
  readonly port: number;
}

/**
 * All that an answer must repeat to be the answer to a query.
 *
 * An answer's client is its destination and its server is its source.
 */
export interface QueryKey {
  /** Who asked. */
  readonly client: QueryPeer;
  /** Who was asked. */
  readonly server: QueryPeer;
  /** The 16-bit identifier of the message. */
  readonly id: number;
  /** The question: its name in lower case, without the last dot. */
  readonly name: string;
  /** IANA resource record type of the question. */
  readonly type: number;
  /** IANA class of the question. */
  readonly class: number;
}

/**
 * How long an answer may take.
 *
 * Stub resolvers wait 5 s for one server (resolv.conf(5), `timeout`); twice that
 * leaves time for a slow path without keeping dead queries for long.
 */
export const ANSWER_LIMIT_MS = 10_000;

/** More than a build has in flight; each is a few hundred bytes. */
const MAX_QUERIES = 4_096;

interface Pending<T> {
  readonly value: T;
  readonly deadlineMs: number;
}

/**
 * The queries in flight, each with what is to be said about it in the end.
 *
 * A value that is added comes back exactly once: from `take`, from `expire`, or
 * from an `add` that needed its room. The exception is a retransmission (every
 * part of the key the same while the first is in flight): it is the same
 * question, so the first value stays, the new one is dropped, and the time for
 * the answer starts again. The first answer settles both.
 */
export class PendingQueries<T> {
  readonly #maxQueries: number;
  readonly #queries = new AgedMap<string, Pending<T>>();

  /**
   * Makes an empty table.
   *
   * @param maxQueries How many are kept; the oldest goes first.
   */
  constructor(maxQueries: number = MAX_QUERIES) {
    this.#maxQueries = maxQueries;
  }

  /** How many queries wait, expired ones included. */
  get size(): number {
    return this.#queries.size;
  }

  /**
   * Remembers a query that was let out.
   *
   * @param key The query, client and server as it names them.
   * @param value What `take` or `expire` will return.
   * @param nowMs Milliseconds on a clock that never goes back.
   * @returns The value of the query that had to go for it, or null.
   */
  // deno-lint-ignore sluice/max-two-parameters -- key and value as Map.set() has them, the clock last as everywhere
  add(key: QueryKey, value: T, nowMs: number): T | null {
    const text = keyText(key);
    const deadlineMs = nowMs + ANSWER_LIMIT_MS;
    const known = this.#queries.get(text);
    if (known !== undefined) {
      this.#queries.set(text, { value: known.value, deadlineMs });
      return null;
    }
    const evicted = this.#queries.size < this.#maxQueries
      ? null
      : this.#takeOldest();
    this.#queries.set(text, { value, deadlineMs });
    return evicted;
  }

  /**
   * Ends a query by its answer.
   *
   * @param key The answer, turned round: its destination is the client.
   * @param nowMs Milliseconds on the clock of {@linkcode PendingQueries.add}.
   * @returns The query's value, or null when nothing like it was asked in time.
   * A query whose time is over stays for `expire`.
   */
  take(key: QueryKey, nowMs: number): T | null {
    const text = keyText(key);
    const known = this.#queries.get(text);
    if (known === undefined || known.deadlineMs <= nowMs) return null;
    this.#queries.delete(text);
    return known.value;
  }

  /**
   * Ends every query whose time is over.
   *
   * @param nowMs Milliseconds on the clock of {@linkcode PendingQueries.add};
   * `Infinity` ends all of them.
   * @returns Their values, the oldest first.
   */
  expire(nowMs: number): T[] {
    const expired: T[] = [];
    for (;;) {
      const oldest = this.#queries.oldest;
      if (oldest === null || oldest.value.deadlineMs > nowMs) return expired;
      this.#queries.delete(oldest.key);
      expired.push(oldest.value.value);
    }
  }

  #takeOldest(): T | null {
    const oldest = this.#queries.oldest;
    if (oldest === null) return null;
    this.#queries.delete(oldest.key);
    return oldest.value.value;
  }
}

/** The name comes last: it alone may hold any character. */
function keyText(key: QueryKey): string {
  const { client, server, id, type, name } = key;
  return `${client.address} ${client.port} ${server.address} ${server.port} ${id} ${type} ${key.class} ${name}`;
}
