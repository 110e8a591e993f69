/**
 * An eventfd that wakes a thread for work that is to be done.
 *
 * @module
 */
import type { Libc } from "./libc.ts";

/** <sys/eventfd.h> */
const EFD = { NONBLOCK: 0o4000, CLOEXEC: 0o2000000 } as const;

/** Up or down. It borrows its {@linkcode Libc} and owns its fd. */
export class ReadySign implements Disposable {
  readonly #libc: Libc;
  readonly #count = new Uint8Array(8);
  #fd: number;
  #isUp = false;

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

  /** Readable while it is up; -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /** Puts it up or down. */
  set(isUp: boolean): void {
    if (isUp === this.#isUp) return;
    this.#isUp = isUp;
    const { read, write } = this.#libc.symbols;
    this.#count.fill(0);
    if (!isUp) read(this.#fd, this.#count, 8n);
    else write(this.#fd, this.#count.with(0, 1), 8n);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
