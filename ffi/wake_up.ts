/**
 * An eventfd that ends waits in other threads, and in this one.
 *
 * @module
 */
import type { Libc } from "./libc.ts";
import { POLLIN } from "./sockets.ts";

/** <sys/eventfd.h>; a guarded command must not inherit the way to stop us. */
const EFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** Not set, then set for good. */
export class WakeUp implements Disposable {
  readonly #libc: Libc;
  readonly #isSet = Promise.withResolvers<void>();
  #fd: number;
  #set = false;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} EMFILE without a descriptor left.
   */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#fd = libc.check(
      "eventfd",
      libc.symbols.eventfd(0, EFD.NONBLOCK | EFD.CLOEXEC),
    );
  }

  /** Becomes readable, and stays so. */
  get fd(): number {
    return this.#fd;
  }

  /** Whether it was set. */
  get isSet(): boolean {
    return this.#set;
  }

  /** Ends every wait, now and later. */
  set(): void {
    if (this.#set) return;
    this.#set = true;
    this.#isSet.resolve();
    const one = new Uint8Array(8).with(0, 1);
    this.#libc.symbols.write(this.#fd, one, 8n);
  }

  /**
   * Waits on another thread until it is set, or a descriptor is readable.
   *
   * Nothing may be closed meanwhile, the library among it.
   *
   * @param timeoutMs -1 waits for ever.
   * @returns False when time is over.
   */
  async orReadable(fd: number, timeoutMs = -1): Promise<boolean> {
    const entries = new Uint8Array(16); // two struct pollfd, <poll.h>
    const view = new DataView(entries.buffer);
    for (const [index, each] of [fd, this.#fd].entries()) {
      view.setInt32(index * 8, each, true);
      view.setInt16(index * 8 + 4, POLLIN, true);
    }
    const { pollElsewhere } = this.#libc.symbols;
    // An error is no matter: who waits looks for itself.
    return await pollElsewhere(entries, 2n, timeoutMs) !== 0;
  }

  /** Waits until it is set, or for so long. */
  async orAfter(milliseconds: number): Promise<void> {
    const later = Promise.withResolvers<void>();
    const timer = setTimeout(later.resolve, milliseconds);
    await Promise.race([later.promise, this.#isSet.promise]);
    clearTimeout(timer);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
