/**
 * Putting the TLS handshake stream of a QUIC client together.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-19.6 | RFC 9000}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4 | RFC 8446}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import type { QuicCryptoPiece } from "./quic_frame.ts";

/**
 * A post-quantum hello has under 2 KiB, a second one follows when its server
 * asks again; a length field could say 16 MiB.
 */
const MAX_STREAM_BYTES = 16_384;
/**
 * Islands in the stream at one time. Clients that scatter their hello on
 * purpose make about ten pieces of a packet.
 */
const MAX_RANGES = 32;
/** Enough for the hellos there are, doubled when it is not. */
const FIRST_BUFFER_BYTES = 4096;

/** RFC 8446 section 4: a type, and a length in three bytes. */
const MESSAGE_HEADER_BYTES = 4;
const CLIENT_HELLO = 1;

interface Range {
  readonly start: number;
  readonly end: number;
}

/**
 * One ClientHello, and a second one when the server has asked for it, of which
 * pieces come in any order and more than once.
 */
export class QuicStream {
  #bytes = new Uint8Array(0);
  /** What is there, in order, none touching the next. */
  #ranges: readonly Range[] = [];
  #isAnswered = false;

  /** Bytes that it keeps. */
  get size(): number {
    return this.#bytes.length;
  }

  /**
   * The whole message, or the second one where that has begun; a view that
   * lives as long as this object. Null while it is not whole.
   */
  get message(): Uint8Array | null {
    const first = this.#messageEnd(0);
    if (first === null) return null;
    const last = this.#ranges.at(-1)!.end;
    const end = last > first ? this.#messageEnd(first) : first;
    if (end === null || this.#contiguousBytes() < end) return null;
    return this.#bytes.subarray(last > first ? first : 0, end);
  }

  /** From now on the server may have asked for a second hello. */
  answer(): void {
    this.#isAnswered = true;
  }

  /**
   * Takes one piece.
   *
   * Pieces that overlap must agree: which of two a server keeps is its own
   * choice, so the one that is judged might not be the one that counts.
   *
   * @param piece Its data are copied.
   * @returns Nothing new, or why the stream is refused; it is of no use then.
   */
  add({ offset, data }: QuicCryptoPiece): Decoded<null> {
    const start = offset;
    const end = offset + data.length;
    if (end > MAX_STREAM_BYTES) {
      return refuse(`reaches byte ${end} of at most ${MAX_STREAM_BYTES}`);
    }
    if (data.length === 0) return { ok: true, value: null };
    for (const range of this.#ranges) {
      if (!this.#agrees(range, { offset, data })) {
        return refuse(`differs from what was sent for byte ${start} on`);
      }
    }
    this.#grow(end);
    this.#bytes.set(data, start);
    this.#ranges = joinRanges(this.#ranges, { start, end });
    if (this.#ranges.length > MAX_RANGES) {
      return refuse(`is in more than ${MAX_RANGES} pieces`);
    }
    return this.#checkMessage();
  }

  #checkMessage(): Decoded<null> {
    const first = this.#checkHello(0);
    if (!first.ok) return first;
    const end = first.value;
    // A client has nothing more to say in these packets before an answer.
    if (end === null || this.#ranges.at(-1)!.end <= end) {
      return { ok: true, value: null };
    }
    if (!this.#isAnswered) return refuse(`goes on at byte ${end}`);
    const second = this.#checkHello(end);
    if (!second.ok) return second;
    return second.value !== null && this.#ranges.at(-1)!.end > second.value
      ? refuse(`goes on at byte ${second.value}`)
      : { ok: true, value: null };
  }

  /** The end of the hello that begins there; null while that is not known. */
  #checkHello(start: number): Decoded<number | null> {
    if (
      this.#contiguousBytes() > start && this.#bytes[start] !== CLIENT_HELLO
    ) {
      return refuse(`begins with message type ${this.#bytes[start]}`);
    }
    const end = this.#messageEnd(start);
    return end !== null && end > MAX_STREAM_BYTES
      ? refuse(`message ends at byte ${end} of at most ${MAX_STREAM_BYTES}`)
      : { ok: true, value: end };
  }

  /** Whether a piece says the same as what is there of one range. */
  #agrees(range: Range, { offset, data }: QuicCryptoPiece): boolean {
    const start = Math.max(range.start, offset);
    const end = Math.min(range.end, offset + data.length);
    for (let at = start; at < end; at++) {
      if (this.#bytes[at] !== data[at - offset]) return false;
    }
    return true;
  }

  #contiguousBytes(): number {
    const first = this.#ranges[0];
    return first?.start === 0 ? first.end : 0;
  }

  /** Where the message ends that begins there; null while that is not known. */
  #messageEnd(start: number): number | null {
    const at = start + 1;
    if (this.#contiguousBytes() < start + MESSAGE_HEADER_BYTES) return null;
    const [high, middle, low] = this.#bytes.subarray(at, at + 3);
    return start + MESSAGE_HEADER_BYTES +
      ((high! << 16) | (middle! << 8) | low!);
  }

  #grow(bytes: number): void {
    if (bytes <= this.#bytes.length) return;
    let length = Math.max(FIRST_BUFFER_BYTES, this.#bytes.length);
    while (length < bytes) length *= 2;
    const grown = new Uint8Array(length);
    grown.set(this.#bytes);
    this.#bytes = grown;
  }
}

/** Adds a range to ranges that are in order, joined where they touch. */
function joinRanges(ranges: readonly Range[], added: Range): Range[] {
  let { start, end } = added;
  const before: Range[] = [];
  const after: Range[] = [];
  for (const range of ranges) {
    if (range.end < start) before.push(range);
    else if (range.start > end) after.push(range);
    else {
      start = Math.min(start, range.start);
      end = Math.max(end, range.end);
    }
  }
  return [...before, { start, end }, ...after];
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `quic crypto stream ${why}` };
}
