/**
 * One connection to a job's guard: a line comes, a line goes.
 *
 * @module
 */
import { ERRNO } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { WakeUp } from "../../ffi/wake_up.ts";
import { MAX_REQUEST_BYTES } from "./request.ts";

/** Until the next piece of a line, and until an answer is taken. */
const PIECE_MS = 5_000;
const RETRY_MS = 5;
const CHUNK_BYTES = 65_536;

/** What it serves. */
export interface JobClientOptions {
  /** The connection; this object's from now on. */
  readonly fd: number;
  readonly answer: (line: string) => Promise<string>;
}

/** Serves from when it is made. */
export class JobClient {
  readonly #libc: Libc;
  readonly #options: JobClientOptions;
  readonly #ending: WakeUp;
  /** Settled when the connection is closed. */
  readonly served: Promise<void>;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc, options: JobClientOptions) {
    this.#libc = libc;
    this.#options = options;
    this.#ending = new WakeUp(libc);
    this.served = this.#serve();
  }

  /** Ends it; what is being answered is still said. */
  async end(): Promise<void> {
    this.#ending.set();
    await this.served;
  }

  async #serve(): Promise<void> {
    const { fd, answer } = this.#options;
    try {
      const line = await this.#readLine();
      if (line !== null) await this.#write(`${await answer(line)}\n`);
    } finally {
      this.#libc.symbols.close(fd);
      this.#ending[Symbol.dispose]();
    }
  }

  async #readLine(): Promise<string | null> {
    const pieces: Uint8Array[] = [];
    let length = 0;
    const chunk = new Uint8Array(CHUNK_BYTES);
    while (await this.#wait()) {
      const { fd } = this.#options;
      const size = BigInt(CHUNK_BYTES);
      const count = this.#libc.symbols.read(fd, chunk, size);
      if (count < 0 && this.#libc.errno() === ERRNO.EAGAIN) continue;
      if (count <= 0) return null;
      const end = chunk.subarray(0, count).indexOf(0x0a);
      pieces.push(chunk.slice(0, end < 0 ? count : end));
      length += pieces.at(-1)!.length;
      if (length > MAX_REQUEST_BYTES) return null;
      if (end < 0) continue;
      return new TextDecoder().decode(joined(pieces, length));
    }
    return null;
  }

  /** Also while it is ended: what was answered may be a verdict. */
  async #write(text: string): Promise<void> {
    const untilMs = performance.now() + PIECE_MS;
    let rest = new TextEncoder().encode(text);
    while (rest.length > 0 && performance.now() < untilMs) {
      const { fd } = this.#options;
      const size = BigInt(rest.length);
      const count = this.#libc.symbols.write(fd, rest, size);
      if (count >= 0) {
        rest = rest.subarray(count);
        continue;
      }
      if (this.#libc.errno() !== ERRNO.EAGAIN) return;
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }

  /** Whether there is something to read; false when time is over. */
  async #wait(): Promise<boolean> {
    if (this.#ending.isSet) return false;
    const { fd } = this.#options;
    const isReady = await this.#ending.orReadable(fd, PIECE_MS);
    return isReady && !this.#ending.isSet;
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array {
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
