/**
 * One direction of a TCP connection, without a gap and for as long as it lasts.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9293#section-3.10.7.4 | RFC 9293}
 * @module
 */
import { TCP_FLAG } from "./tcp.ts";
import type { TcpSegment } from "./tcp_stream.ts";

/** What a segment has to do with what came before it. */
export type TcpPlace =
  /** It goes on with these bytes, at least one. */
  | { readonly kind: "next"; readonly bytes: Uint8Array }
  /** Each of its bytes has come before, and was the same; or it has none. */
  | { readonly kind: "again" }
  /** It cannot be told what it would be part of: it must not go on. */
  | { readonly kind: "astray" }
  /** The other side could see another stream than this one. */
  | { readonly kind: "refused"; readonly why: string };

const AGAIN: TcpPlace = { kind: "again" };
const ASTRAY: TcpPlace = { kind: "astray" };

/**
 * Follows the bytes that one side sends.
 *
 * It takes segments in order only: one behind a gap is `astray`, and comes
 * again when it is lost. Bytes that the other side may not have yet can be sent
 * again, with another content when the sender is hostile; so they are kept and
 * compared until the other side has said that it has them.
 */
export class TcpWindow {
  readonly #maxBytes: number;
  /** Sequence number of the first byte that is kept. */
  #base: number;
  /** What the other side has not acknowledged. */
  #kept = new Uint8Array(0);

  /**
   * @param sequence Of the first byte, one after the SYN's.
   * @param maxBytes What may be under way at a time; what goes beyond is
   * `astray`.
   */
  constructor(sequence: number, maxBytes: number) {
    this.#base = sequence >>> 0;
    this.#maxBytes = maxBytes;
  }

  /** Takes one segment of this side; a view is enough. */
  add({ sequence, flags, payload }: TcpSegment): TcpPlace {
    if (payload.length === 0) return AGAIN;
    // A receiver that does not expect it leaves the urgent byte out.
    if ((flags & TCP_FLAG.URG) !== 0) {
      return { kind: "refused", why: "tcp window has urgent data" };
    }
    const kept = this.#kept;
    // Signed: sequence numbers wrap.
    const start = (sequence - this.#base) | 0;
    const end = start + payload.length;
    // What is acknowledged is not kept, so nothing is known of it.
    if (start < 0 || start > kept.length) return ASTRAY;
    const known = Math.min(end, kept.length);
    for (let at = start; at < known; at++) {
      if (kept[at] !== payload[at - start]) {
        return { kind: "refused", why: "tcp window: two segments differ" };
      }
    }
    if (end <= kept.length) return AGAIN;
    if (end > this.#maxBytes) return ASTRAY;
    const bytes = payload.subarray(kept.length - start);
    const grown = new Uint8Array(end);
    grown.set(kept);
    grown.set(bytes, kept.length);
    this.#kept = grown;
    return { kind: "next", bytes };
  }

  /** The other side has everything in front of a sequence number. */
  acknowledge(sequence: number): void {
    const { length } = this.#kept;
    const count = (sequence - this.#base) | 0;
    // What has not been sent it cannot have; but a FIN counts as a byte.
    if (count <= 0 || count > length + 1) return;
    this.#base = (this.#base + Math.min(count, length)) >>> 0;
    this.#kept = this.#kept.slice(count);
  }
}
