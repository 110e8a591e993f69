/**
 * Bytes that come in pieces and are looked at as a whole.
 *
 * @module
 */

/** Collects; what was added may die afterwards. */
export class ByteQueue {
  #bytes = new Uint8Array(4_096);
  #length = 0;

  /** How many there are. */
  get length(): number {
    return this.#length;
  }

  /** Adds a copy. */
  add(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#bytes.length) {
      const larger = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
      larger.set(this.#bytes.subarray(0, this.#length));
      this.#bytes = larger;
    }
    this.#bytes.set(bytes, this.#length);
    this.#length = needed;
  }

  /** All of them, as a view that the next addition may change. */
  peek(): Uint8Array {
    return this.#bytes.subarray(0, this.#length);
  }

  /** Takes all of them out. */
  take(): Uint8Array {
    const taken = this.peek();
    this.#bytes = new Uint8Array(4_096);
    this.#length = 0;
    return taken;
  }
}
