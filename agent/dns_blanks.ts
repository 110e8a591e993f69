/**
 * Records of answers over TCP that the client does not get to see.
 *
 * A record keeps its place and its length and becomes one of a type that nobody
 * asks for, so no other byte of the stream has to move.
 *
 * @module
 */
import type { DnsRecord } from "./decode/dns.ts";
import type { Packet } from "./decode/packet.ts";

/** RFC 6895 section 3.1: the first type for private use. */
const PRIVATE_TYPE = 0xff00;
/** Type, class, TTL and length stand in front of the data. */
const FIXED_BYTES = 10;
/** A server that sends more of them unacknowledged is not followed. */
const MAX_BLANKS = 64;

/** What stands in a stream in place of what the server sends there. */
interface Blank {
  readonly sequence: number;
  readonly bytes: Uint8Array;
}

/** The blanked records of one connection. */
export class DnsBlanks {
  #blanks: Blank[] = [];

  /**
   * Blanks a record, now and whenever it comes again.
   *
   * @param record Its data are a view into the packet's payload.
   * @returns False when part of it has gone on before.
   */
  add(record: DnsRecord, { payload, tcpSequence }: Packet): boolean {
    const { data } = record;
    if (data.buffer !== payload.buffer) return false;
    const at = data.byteOffset - FIXED_BYTES - payload.byteOffset;
    if (at < 0 || this.#blanks.length === MAX_BLANKS) return false;
    const bytes = payload.slice(at, at + FIXED_BYTES + data.length);
    bytes.fill(0, FIXED_BYTES);
    new DataView(bytes.buffer).setUint16(0, PRIVATE_TYPE);
    payload.set(bytes, at);
    this.#blanks.push({ sequence: (tcpSequence + at) >>> 0, bytes });
    return true;
  }

  /** Blanks what of earlier records a packet brings; whether there was any. */
  apply({ payload, tcpSequence }: Packet): boolean {
    let isChanged = false;
    for (const { sequence, bytes } of this.#blanks) {
      // Signed: sequence numbers wrap.
      const at = (sequence - tcpSequence) | 0;
      const part = bytes.subarray(Math.max(0, -at), payload.length - at);
      if (at >= payload.length || part.length === 0) continue;
      payload.set(part, Math.max(0, at));
      isChanged = true;
    }
    return isChanged;
  }

  /** Forgets what the client has: it does not read that again. */
  acknowledge(acknowledgment: number): void {
    if (this.#blanks.length === 0) return;
    this.#blanks = this.#blanks.filter(({ sequence, bytes }) =>
      ((sequence + bytes.length - acknowledgment) | 0) > 0
    );
  }
}
