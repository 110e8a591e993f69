/**
 * One client's TCP stream of any length, of which only some bytes matter.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4 | RFC 9293}
 * @module
 */
import { TCP_FLAG } from "./tcp.ts";
import type { TcpSegment } from "./tcp_stream.ts";

/** What a segment brings. */
export type Placed =
  /** Nothing before it is missing. */
  | {
    readonly kind: "placed";
    /** What was not there before, a view; often nothing. */
    readonly bytes: Uint8Array;
    /** Offset of its last byte's end in the stream. */
    readonly end: number;
  }
  /** Something before it is missing; it is not taken in. */
  | { readonly kind: "ahead" }
  | { readonly kind: "refused"; readonly why: string };

/** Bytes that may not change. */
interface Kept {
  readonly start: number;
  readonly bytes: Uint8Array;
}

/** What one run of bytes costs beside them. */
const RUN_BYTES = 64;

const NOTHING = new Uint8Array(0);

/**
 * Takes the client's segments in order, and remembers of those that may be sent
 * again what must not change.
 *
 * A receiver that has lost a segment takes what comes in its place. So bytes
 * that say where something begins or ends have to be kept until the receiver
 * has them; the others need not.
 */
export class SparseWindow {
  /** Sequence number of the stream's first byte. */
  readonly #first: number;
  /** Offset of the next byte that is new. */
  #next = 0;
  /** Offset after the last byte, from a FIN; -1 without one. */
  #end = -1;
  /** In the order of the stream. */
  #kept: Kept[] = [];
  #keptBytes = 0;

  /** @param first Sequence number of the stream's first byte. */
  constructor(first: number) {
    this.#first = first;
  }

  /** Offset of the next byte that is new. */
  get next(): number {
    return this.#next;
  }

  /** What is kept costs so many bytes. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Whether the client has said its last byte. */
  get ended(): boolean {
    return this.#end === this.#next;
  }

  /** Sequence number of the next byte that is new. */
  get nextSequence(): number {
    return (this.#first + this.#next) >>> 0;
  }

  /** The offset that a sequence number near the stream's end stands for. */
  offsetOf(sequence: number): number {
    // Signed: sequence numbers wrap, and the stream may be longer than they.
    const next = (this.#first + this.#next) | 0;
    return this.#next + ((sequence - next) | 0);
  }

  /** Takes in one segment. */
  place({ sequence, flags, payload }: TcpSegment): Placed {
    if ((flags & TCP_FLAG.RST) !== 0) return this.#nothingNew();
    if ((flags & TCP_FLAG.URG) !== 0) return refuse("has urgent data");
    const isSyn = (flags & TCP_FLAG.SYN) !== 0;
    const start = this.offsetOf(isSyn ? (sequence + 1) >>> 0 : sequence);
    if (isSyn && start !== 0) return refuse("begins twice");
    const end = start + payload.length;
    const isFin = (flags & TCP_FLAG.FIN) !== 0;
    if (payload.length === 0 && !isFin) return this.#nothingNew();
    if (start < 0) return refuse("goes back behind its beginning");
    if (start > this.#next) return { kind: "ahead" };
    if (!this.#agrees(start, payload)) {
      return refuse("overlap: two segments differ");
    }
    if (this.#end >= 0 && (end > this.#end || (isFin && end < this.#end))) {
      return refuse("goes on after its end");
    }
    if (isFin && end < this.#next) return refuse("ends twice");
    if (isFin) this.#end = end;
    const bytes = payload.subarray(Math.min(this.#next - start, end - start));
    this.#next = Math.max(this.#next, end);
    return { kind: "placed", bytes, end };
  }

  /** Keeps a copy of bytes that may not change; in the order of the stream. */
  keep(start: number, bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.#kept.push({ start, bytes: bytes.slice() });
    this.#keptBytes += bytes.length + RUN_BYTES;
  }

  /** Goes back to an offset, as if nothing had come behind it. */
  cut(offset: number): void {
    if (this.#end > offset || this.#end === this.#next) this.#end = -1;
    this.#next = Math.min(this.#next, offset);
  }

  /** Forgets what the receiver has, up to a sequence number. */
  forget(acknowledged: number): void {
    const end = this.offsetOf(acknowledged);
    const kept = this.#kept.filter(({ start, bytes }) =>
      start + bytes.length > end
    );
    this.#kept = kept;
    this.#keptBytes = kept.reduce(
      (sum, { bytes }) => sum + bytes.length + RUN_BYTES,
      0,
    );
  }

  /** Whether a segment has what is kept where it is kept. */
  agrees({ sequence, payload }: TcpSegment): boolean {
    return this.#agrees(this.offsetOf(sequence), payload);
  }

  #nothingNew(): Placed {
    return { kind: "placed", bytes: NOTHING, end: this.#next };
  }

  #agrees(start: number, bytes: Uint8Array): boolean {
    const end = start + bytes.length;
    return this.#kept.every((kept) => {
      const from = Math.max(start, kept.start);
      const to = Math.min(end, kept.start + kept.bytes.length);
      for (let at = from; at < to; at++) {
        if (kept.bytes[at - kept.start] !== bytes[at - start]) return false;
      }
      return true;
    });
  }
}

function refuse(why: string): Placed {
  return { kind: "refused", why: `tcp stream ${why}` };
}
