/**
 * DNS messages in one direction of a TCP connection.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4.2.2 | RFC 1035}
 * @see {@link https://www.rfc-editor.org/rfc/rfc7766#section-8 | RFC 7766}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";

const PREFIX_BYTES = 2;
/** RFC 1035 section 4.1.1: a message has a header at least. */
const MIN_MESSAGE_BYTES = 12;
/** What a length of two bytes can say. */
const MAX_MESSAGE_BYTES = 0xffff;
/**
 * Whole messages in one segment. A segment of 64 KiB holds four thousand
 * headers, each judged while others wait; this many small answers it may hold
 * to a client that asks for all it knows at once.
 */
const MAX_MESSAGES = 1024;

/**
 * Finds the messages in a stream that may be cut anywhere.
 *
 * It keeps at most one message that is not whole yet. After a refusal
 * nothing that follows can be told apart, so it refuses everything.
 */
export class DnsStream {
  readonly #maxMessageBytes: number;
  /** The first half of a length whose second is to come; -1 without. */
  #lengthHigh = -1;
  /** A message that is not whole, as long as it will be; null between two. */
  #message: Uint8Array | null = null;
  /** How much of it is there. */
  #filledBytes = 0;
  #refused: Decoded<never> | null = null;

  /**
   * @param maxMessageBytes A message that is to be longer is refused as soon as
   * its length is there, and takes no memory.
   */
  constructor(maxMessageBytes: number = MAX_MESSAGE_BYTES) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  /**
   * Whether the stream stops inside a message here, or inside its length.
   *
   * What leaves while this holds is no whole question: a caller that lets it go
   * has judged less than the server will read.
   */
  get isInside(): boolean {
    return this.#message !== null || this.#lengthHigh >= 0;
  }

  /** How much there is of a message that is not whole, without its length. */
  get unfinishedBytes(): number {
    return this.#message === null ? 0 : this.#filledBytes;
  }

  /**
   * Takes the next bytes of the stream.
   *
   * @param bytes What follows the bytes of the last call, without a gap and
   * without a byte twice.
   * @returns The messages that these bytes complete, without their length, in
   * order; or why the stream was refused. A message that is all in `bytes` is a
   * view into it.
   */
  push(bytes: Uint8Array): Decoded<readonly Uint8Array[]> {
    if (this.#refused !== null) return this.#refused;
    const { length } = bytes;
    const messages: Uint8Array[] = [];
    let at = 0;
    while (at < length) {
      if (this.#message === null) {
        const isSecondHalf = this.#lengthHigh >= 0;
        if (!isSecondHalf && at + 1 === length) {
          this.#lengthHigh = bytes[at]!;
          break;
        }
        const wanted = isSecondHalf
          ? (this.#lengthHigh << 8) | bytes[at]!
          : readUint16(bytes, at);
        at += isSecondHalf ? 1 : PREFIX_BYTES;
        this.#lengthHigh = -1;
        if (wanted < MIN_MESSAGE_BYTES) {
          return this.#refuse(
            `message is ${wanted} of at least ${MIN_MESSAGE_BYTES} bytes`,
          );
        }
        if (wanted > this.#maxMessageBytes) {
          return this.#refuse(
            `message is ${wanted} of at most ${this.#maxMessageBytes} bytes`,
          );
        }
        if (messages.length === MAX_MESSAGES) {
          return this.#refuse(
            `has over ${MAX_MESSAGES} messages in one segment`,
          );
        }
        if (at + wanted <= length) {
          messages.push(bytes.subarray(at, at + wanted));
          at += wanted;
          continue;
        }
        this.#message = new Uint8Array(wanted);
        this.#filledBytes = 0;
      }
      const message = this.#message;
      const part = bytes.subarray(at, at + message.length - this.#filledBytes);
      message.set(part, this.#filledBytes);
      this.#filledBytes += part.length;
      at += part.length;
      if (this.#filledBytes === message.length) {
        messages.push(message);
        this.#message = null;
      }
    }
    return { ok: true, value: messages };
  }

  #refuse(why: string): Decoded<never> {
    this.#message = null;
    this.#refused = { ok: false, why: `dns stream ${why}` };
    return this.#refused;
  }
}
