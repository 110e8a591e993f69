/**
 * How /proc writes a socket.
 *
 * @module
 */

/** Writes `socket:[INODE]` again and again, without an allocation. */
export class SocketLink {
  readonly #bytes = new Uint8Array(32);

  /** @returns A view, good until the next call. */
  of(inode: number): Uint8Array {
    // By hand, as TextEncoder would cost more than the look-up itself.
    const text = `socket:[${inode}]`;
    for (let at = 0; at < text.length; at++) {
      this.#bytes[at] = text.charCodeAt(at);
    }
    return this.#bytes.subarray(0, text.length);
  }
}
