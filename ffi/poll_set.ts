/**
 * Waiting for many descriptors, each for something else.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** <poll.h>; ERR and HUP come unasked. */
export const POLL = { IN: 1, OUT: 4, ERR: 8, HUP: 16 } as const;

/** struct pollfd, <poll.h>: fd 4, events 2, revents 2. */
const ENTRY_BYTES = 8;

/** One descriptor of a {@linkcode PollSet}. */
export interface PollEntry {
  readonly fd: number;
  /** Of {@linkcode POLL}; 0 waits for its end only. */
  readonly events: number;
}

/** Poll(2) with a table that is built anew for each wait. */
export class PollSet {
  readonly #libc: Libc;
  #view = new DataView(new ArrayBuffer(64 * ENTRY_BYTES));

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
  }

  /**
   * Blocks this thread.
   *
   * @param timeoutMs -1 waits for ever.
   * @returns What became of each entry, of {@linkcode POLL}; all 0 after the
   * timeout or an interruption.
   * @throws {SystemCallError} With the errno of poll(2).
   */
  wait(entries: readonly PollEntry[], timeoutMs: number): readonly number[] {
    const length = entries.length * ENTRY_BYTES;
    if (this.#view.byteLength < length) {
      this.#view = new DataView(new ArrayBuffer(length * 2));
    }
    for (const [index, { fd, events }] of entries.entries()) {
      this.#view.setInt32(index * ENTRY_BYTES, fd, true);
      this.#view.setInt32(index * ENTRY_BYTES + 4, events, true);
    }
    const table = new Uint8Array(this.#view.buffer);
    const count = BigInt(entries.length);
    const ready = this.#libc.symbols.poll(table, count, timeoutMs);
    if (ready < 0) {
      const errno = this.#libc.errno();
      if (errno !== ERRNO.EINTR) throw new SystemCallError("poll", errno);
    }
    return entries.map((_, index) =>
      ready <= 0 ? 0 : this.#view.getInt16(index * ENTRY_BYTES + 6, true)
    );
  }
}
