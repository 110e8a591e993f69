/**
 * Putting the TLS handshake stream of a QUIC client together.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9000#section-19.6 | RFC 9000}
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4 | RFC 8446}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import type { QuicCryptoPiece } from "./quic_frame.ts";

/** A post-quantum hello has under 2 KiB; its length field could say 16 MiB. */
const MAX_STREAM_BYTES = 65_536;
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

/** One ClientHello, of which pieces come in any order and more than once. */
export class QuicStream {
  #bytes = new Uint8Array(0);
  /** What is there, in order, none touching the next. */
  #ranges: readonly Range[] = [];

  /** The whole message, a view that lives as long as this object, or null. */
  get message(): Uint8Array | null {
    const known = this.#contiguousBytes();
    const wanted = this.#messageBytes();
    return wanted === null || known < wanted
      ? null
      : this.#bytes.subarray(0, wanted);
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
    if (this.#contiguousBytes() > 0 && this.#bytes[0] !== CLIENT_HELLO) {
      return refuse(`begins with message type ${this.#bytes[0]}`);
    }
    const wanted = this.#messageBytes();
    if (wanted === null) return { ok: true, value: null };
    if (wanted > MAX_STREAM_BYTES) {
      return refuse(
        `message is ${wanted} of at most ${MAX_STREAM_BYTES} bytes`,
      );
    }
    const last = this.#ranges.at(-1)!.end;
    // A client has nothing more to say in these packets before an answer.
    if (last > wanted) return refuse(`goes on at byte ${wanted}`);
    return { ok: true, value: null };
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

  /** Bytes of the message with its header; null while that is not there. */
  #messageBytes(): number | null {
    if (this.#contiguousBytes() < MESSAGE_HEADER_BYTES) return null;
    const [, high, middle, low] = this.#bytes;
    return MESSAGE_HEADER_BYTES + ((high! << 16) | (middle! << 8) | low!);
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
