/**
 * A map that knows which of its keys was written longest ago.
 *
 * A plain Map keeps that order too, but finding its first key again after many
 * deletions costs a walk over the holes they left.
 *
 * @module
 */

interface Link<K, V> {
  readonly key: K;
  value: V;
  older: Link<K, V> | null;
  newer: Link<K, V> | null;
}

/** Every operation takes constant time. */
export class AgedMap<K, V> {
  readonly #links = new Map<K, Link<K, V>>();
  #oldest: Link<K, V> | null = null;
  #newest: Link<K, V> | null = null;

  /** How many keys there are. */
  get size(): number {
    return this.#links.size;
  }

  /** The key written longest ago, with its value; null when empty. */
  get oldest(): { readonly key: K; readonly value: V } | null {
    return this.#oldest;
  }

  /** The value of a key; its age does not change. */
  get(key: K): V | undefined {
    return this.#links.get(key)?.value;
  }

  /** Writes a key, which is the newest from then on. */
  set(key: K, value: V): void {
    let link = this.#links.get(key);
    if (link === undefined) {
      link = { key, value, older: null, newer: null };
      this.#links.set(key, link);
    } else {
      link.value = value;
      this.#unlink(link);
    }
    link.older = this.#newest;
    if (this.#newest === null) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
  }

  /** Forgets a key; false when it was not there. */
  delete(key: K): boolean {
    const link = this.#links.get(key);
    if (link === undefined) return false;
    this.#links.delete(key);
    this.#unlink(link);
    return true;
  }

  #unlink(link: Link<K, V>): void {
    const { older, newer } = link;
    if (older === null) this.#oldest = newer;
    else older.newer = newer;
    if (newer === null) this.#newest = older;
    else newer.older = older;
    link.older = null;
    link.newer = null;
  }
}
