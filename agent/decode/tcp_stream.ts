/**
 * The first bytes a client sends over one TCP connection, put in order.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4 | RFC 9293}
 * @module
 */
import { TCP_FLAG } from "./tcp.ts";

/** What is kept of a stream; what follows is not looked at. */
const MAX_STREAM_BYTES = 65536;
/** Pieces that wait for one before them. */
const MAX_WAITING_PIECES = 16;
/** Room for what most clients say first. */
const FIRST_BUFFER_BYTES = 2048;
/** Most flows end without a word: a buffer of their own would cost more. */
const NOTHING = new Uint8Array(0);

/** What the assembler asks of a segment: the same-named fields of `Tcp`. */
export interface TcpSegment {
  /** Of the first byte, or of the SYN before it. */
  readonly sequence: number;
  /** To be read with `TCP_FLAG`. */
  readonly flags: number;
  /** A view is enough: it is copied. */
  readonly payload: Uint8Array;
}

/** The stream so far, or why there can be none. */
export type TcpStream =
  | {
    readonly kind: "stream";
    /**
     * From the first byte to the first gap, at most 65536; a view that the next
     * segment may change.
     */
    readonly bytes: Uint8Array;
    /** The client has sent its last byte, and all of them are in `bytes`. */
    readonly ended: boolean;
  }
  | { readonly kind: "refused"; readonly why: string };

/** Bytes that have come: `[start, end)`, offsets in the stream. */
interface Piece {
  start: number;
  end: number;
}

/**
 * Puts the client's segments of one connection in order.
 *
 * A receiver is free to keep the first or the last of two segments that
 * overlap, so they must agree. Everything else that lets a receiver see another
 * stream than this one is refused too, and stays refused.
 */
export class TcpAssembler {
  /** Sequence number of the stream's first byte; -1 before the SYN. */
  #base = -1;
  #buffer = NOTHING;
  /** In order, with gaps between them; the first begins at 0 or waits. */
  readonly #pieces: Piece[] = [];
  /** Offset after the last byte, from a FIN; -1 without one. */
  #end = -1;
  #refusal: TcpStream | null = null;
  /** Whether there may be bytes in front of the first. */
  readonly #isInside: boolean;

  /**
   * @param first Sequence number of the first byte, where the stream begins
   * inside a longer one; without it the SYN tells.
   */
  constructor(first?: number) {
    if (first !== undefined) this.#base = first;
    this.#isInside = first !== undefined;
  }

  /** Sequence number of the first byte; -1 before the SYN. */
  get first(): number {
    return this.#base;
  }

  /** Whether bytes have come that wait for some before them. */
  get hasGap(): boolean {
    return this.#pieces.length > (this.#pieces[0]?.start === 0 ? 1 : 0);
  }

  /** What it costs to keep what has come. */
  get keptBytes(): number {
    return this.#buffer.length;
  }

  /**
   * Adds one segment.
   *
   * @param segment From the client, the SYN first; a SYN may carry data (RFC
   * 7413), and any segment may come again.
   * @returns The stream with this segment.
   */
  add(segment: TcpSegment): TcpStream {
    if (this.#refusal !== null) return this.#refusal;
    const why = this.#place(segment);
    if (why !== null) {
      this.#refusal = { kind: "refused", why: `tcp stream ${why}` };
      this.#buffer = NOTHING;
      this.#pieces.length = 0;
      return this.#refusal;
    }
    const first = this.#pieces[0];
    const length = first?.start === 0 ? first.end : 0;
    return {
      kind: "stream",
      bytes: length === 0 ? NOTHING : this.#buffer.subarray(0, length),
      ended: length === this.#end,
    };
  }

  /** Puts a segment where it belongs; why it cannot, or null. */
  #place({ sequence, flags, payload }: TcpSegment): string | null {
    // A receiver that does not expect it leaves the urgent byte out.
    if ((flags & TCP_FLAG.URG) !== 0) return "has urgent data";
    // Its payload is a message for people, RFC 9293 section 3.10.7.4.
    if ((flags & TCP_FLAG.RST) !== 0) return null;
    const isSyn = (flags & TCP_FLAG.SYN) !== 0;
    const isFin = (flags & TCP_FLAG.FIN) !== 0;
    if (isSyn && isFin) return "begins and ends in one segment";
    if (isSyn) sequence = (sequence + 1) >>> 0;
    if (this.#base < 0) {
      if (!isSyn || (flags & TCP_FLAG.ACK) !== 0) {
        return "begins without a SYN";
      }
      this.#base = sequence;
    } else if (isSyn && sequence !== this.#base) {
      return "begins twice";
    }
    // Signed: sequence numbers wrap, and a probe may ask from before the start.
    const start = (sequence - this.#base) | 0;
    const end = start + payload.length;
    // A receiver may have another idea of where the stream begins. A probe that
    // asks whether it is still there carries the one byte from before.
    const probeBytes = start === -1 ? 1 : 0;
    if (!this.#isInside && start < 0 && payload.length > probeBytes) {
      return "goes back behind its beginning";
    }
    if (isFin && this.#endAt(end) !== end) return "ends twice";
    if (this.#end >= 0 && this.#reach(end) > this.#end) {
      return "goes on after its end";
    }
    const from = Math.max(start, 0);
    const to = Math.min(end, MAX_STREAM_BYTES);
    if (from >= to) return null;
    return this.#store(payload.subarray(from - start, to - start), from);
  }

  /** Keeps the first end it is told of. */
  #endAt(end: number): number {
    if (this.#end < 0) this.#end = end;
    return this.#end;
  }

  /** Offset after the last byte there is. */
  #reach(end: number): number {
    return Math.max(end, this.#pieces.at(-1)?.end ?? 0);
  }

  /** Copies bytes to their place and joins the pieces they touch. */
  #store(bytes: Uint8Array, start: number): string | null {
    const end = start + bytes.length;
    let index = 0;
    while (index < this.#pieces.length && this.#pieces[index]!.end < start) {
      index++;
    }
    const joined: Piece = { start, end };
    let last = index;
    for (; last < this.#pieces.length; last++) {
      const piece = this.#pieces[last]!;
      if (piece.start > end) break;
      const from = Math.max(start, piece.start);
      const to = Math.min(end, piece.end);
      for (let at = from; at < to; at++) {
        if (this.#buffer[at] !== bytes[at - start]) {
          return "overlap: two segments differ";
        }
      }
      joined.start = Math.min(joined.start, piece.start);
      joined.end = Math.max(joined.end, piece.end);
    }
    this.#grow(end);
    this.#buffer.set(bytes, start);
    this.#pieces.splice(index, last - index, joined);
    const waiting = this.#pieces.length -
      (this.#pieces[0]!.start === 0 ? 1 : 0);
    return waiting > MAX_WAITING_PIECES
      ? `has more than ${MAX_WAITING_PIECES} segments out of order`
      : null;
  }

  #grow(length: number): void {
    let size = this.#buffer.length || FIRST_BUFFER_BYTES;
    while (size < length) size *= 2;
    if (size === this.#buffer.length) return;
    const grown = new Uint8Array(size);
    grown.set(this.#buffer);
    this.#buffer = grown;
  }
}
