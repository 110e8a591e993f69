/**
 * One TCP connection to a name server: the messages of both directions.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc7766 | RFC 7766}
 * @module
 */
import { DnsStream } from "./decode/dns_stream.ts";
import type { Packet } from "./decode/packet.ts";
import { TCP_FLAG } from "./decode/tcp.ts";
import { TcpWindow } from "./decode/tcp_window.ts";

/** What a segment brings. */
export type Brought =
  /** Messages that are whole now, in order; there may be none. */
  | { readonly kind: "next"; readonly messages: readonly Uint8Array[] }
  /** Nothing new: what it carries has been seen, and is what it was. */
  | { readonly kind: "again" }
  /** It cannot be placed; TCP sends it again when it is needed. */
  | { readonly kind: "astray" }
  /** It is no DNS, or can be read in two ways. */
  | { readonly kind: "refused" };

/** Questions that may be under way at a time. */
const MAX_WINDOW_BYTES = 16_384;
/** More than a plain question with all its options can have. */
const MAX_QUESTION_BYTES = 1_024;

const AGAIN: Brought = { kind: "again" };
const ASTRAY: Brought = { kind: "astray" };
const REFUSED: Brought = { kind: "refused" };

/**
 * The streams of one connection, from its SYN on.
 *
 * What of a question is there before its end must not go on, and cannot wait:
 * a packet that waits keeps its sender from sending the next one. So it is lost
 * on purpose. The client sends it again as soon as the server misses it.
 */
export class DnsConnection {
  /** Sequence number of the client's first byte. */
  readonly first: number;
  readonly #client: TcpWindow;
  readonly #questions = new DnsStream(MAX_QUESTION_BYTES);
  readonly #answers = new DnsStream();
  /** Sequence number after all that the client has sent, in order. */
  #clientNext: number;
  /** The same after the last byte that belongs to no unfinished question. */
  #wholeUntil: number;
  /** What the server sends next; -1 until it has taken the connection. */
  #serverNext = -1;
  #hasClientEnded = false;
  #hasServerEnded = false;

  /** @param sequence The SYN's. */
  constructor(sequence: number) {
    this.first = (sequence + 1) >>> 0;
    this.#client = new TcpWindow(this.first, MAX_WINDOW_BYTES);
    this.#clientNext = this.first;
    this.#wholeUntil = this.first;
  }

  /** Both sides have said their last. */
  get isOver(): boolean {
    return this.#hasClientEnded && this.#hasServerEnded;
  }

  /** Sequence number of what the client waits for; -1 until it may. */
  get serverNext(): number {
    return this.#serverNext;
  }

  /** Whether part of a question is there and not the rest. */
  get isUnfinished(): boolean {
    return this.#wholeUntil !== this.#clientNext;
  }

  /** Takes a segment of the client. */
  ask(packet: Packet): Brought {
    const { payload, tcpFlags: flags, tcpSequence: sequence } = packet;
    if (payload.length > 0 && this.#serverNext < 0) {
      // The server may have another beginning of this stream in mind.
      return ASTRAY;
    }
    const place = this.#client.add({ sequence, flags, payload });
    if (place.kind === "refused") return REFUSED;
    if (place.kind === "astray") return ASTRAY;
    if ((flags & TCP_FLAG.FIN) !== 0) this.#hasClientEnded = true;
    if (place.kind === "again") {
      const end = sequence + payload.length;
      // Signed: sequence numbers wrap.
      const isWhole = ((end - this.#wholeUntil) | 0) <= 0;
      return isWhole || payload.length === 0 ? AGAIN : ASTRAY;
    }
    this.#clientNext = (this.#clientNext + place.bytes.length) >>> 0;
    const pushed = this.#questions.push(place.bytes);
    if (!pushed.ok) return REFUSED;
    // A length alone tells nobody anything, and some clients send no more
    // before it is acknowledged.
    if (this.#questions.unfinishedBytes === 0) {
      this.#wholeUntil = this.#clientNext;
    }
    return { kind: "next", messages: pushed.value };
  }

  /** Takes a segment of the server. */
  answer(packet: Packet): Brought {
    const { payload, tcpFlags: flags, tcpSequence: sequence } = packet;
    const hasAck = (flags & TCP_FLAG.ACK) !== 0;
    if ((flags & TCP_FLAG.SYN) !== 0) return this.#accepted(packet, hasAck);
    if (this.#serverNext < 0) return payload.length === 0 ? AGAIN : ASTRAY;
    if (hasAck) this.#client.acknowledge(packet.tcpAcknowledgment);
    // Signed: sequence numbers wrap.
    const start = (sequence - this.#serverNext) | 0;
    if (start > 0) return payload.length === 0 ? AGAIN : ASTRAY;
    if ((flags & TCP_FLAG.FIN) !== 0) this.#hasServerEnded = true;
    if (start + payload.length <= 0) return AGAIN;
    const bytes = payload.subarray(-start);
    this.#serverNext = (this.#serverNext + bytes.length) >>> 0;
    const pushed = this.#answers.push(bytes);
    if (!pushed.ok) return REFUSED;
    return { kind: "next", messages: pushed.value };
  }

  /** What the server has taken is the beginning that we know. */
  #accepted(packet: Packet, hasAck: boolean): Brought {
    if (!hasAck || packet.payload.length > 0) return ASTRAY;
    if (packet.tcpAcknowledgment !== this.first) return AGAIN;
    if (this.#serverNext < 0) {
      this.#serverNext = (packet.tcpSequence + 1) >>> 0;
    }
    return AGAIN;
  }
}
