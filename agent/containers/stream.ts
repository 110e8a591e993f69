/**
 * One end of a connection that somebody writes faster than another reads.
 *
 * @module
 */
import { POLL } from "../../ffi/poll_set.ts";
import type { Libc } from "../../ffi/libc.ts";
import { endSending, receiveSome, sendSome } from "../../ffi/unix_streams.ts";

/** As long as so much waits, nothing more should be sent. */
const MAX_WAITING = 1 << 20;
/** What was received dies with the next call, of any stream. */
const RECEIVED = new Uint8Array(65_536);

/** Sends and receives without waiting. It owns its descriptor. */
export class Stream implements Disposable {
  readonly #libc: Libc;
  #fd: number;
  #waiting: Uint8Array<ArrayBuffer>[] = [];
  #waitingBytes = 0;
  #isEnding = false;
  #isGone = false;

  /** @param fd Of a socket that is connected, and never blocks. */
  constructor(libc: Libc, fd: number) {
    this.#libc = libc;
    this.#fd = fd;
  }

  /** -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /** Whether nobody is there to take what is sent. */
  get isGone(): boolean {
    return this.#isGone;
  }

  /** Whether more should be sent now. */
  get hasRoom(): boolean {
    return this.#waitingBytes < MAX_WAITING;
  }

  /** Whether all that was sent is with the system. */
  get isEmpty(): boolean {
    return this.#waitingBytes === 0;
  }

  /** What to wait for, so that what waits can be sent. */
  get events(): number {
    return this.isEmpty || this.#isGone ? 0 : POLL.OUT;
  }

  /** Sends, now or later; what waits is copied. */
  send(bytes: Uint8Array): void {
    if (bytes.length === 0 || this.#isGone) return;
    this.#waiting.push(bytes.slice());
    this.#waitingBytes += bytes.length;
    this.flush();
  }

  /** Says that nothing more is to be sent, when all is sent. */
  end(): void {
    this.#isEnding = true;
    this.flush();
  }

  /** Sends what waits, as much of it as can be sent now. */
  flush(): void {
    while (this.#waiting.length > 0) {
      const first = this.#waiting[0]!;
      const sent = sendSome(this.#libc, this.fd, first);
      if (sent === null) return this.#lose();
      this.#waitingBytes -= sent;
      if (sent < first.length) {
        this.#waiting[0] = first.subarray(sent);
        return;
      }
      this.#waiting.shift();
    }
    if (!this.#isEnding) return;
    this.#isEnding = false;
    endSending(this.#libc, this.fd);
  }

  /**
   * Receives what is there.
   *
   * @returns A view; empty at the end, null when there is nothing yet.
   */
  receive(): Uint8Array | null {
    const count = receiveSome(this.#libc, this.#fd, RECEIVED);
    return count < 0 ? null : RECEIVED.subarray(0, count);
  }

  #lose(): void {
    this.#isGone = true;
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}
