/**
 * The record layer of TLS, as far as the first message of a client.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-5.1 | RFC 8446}
 * @module
 */
import { readUint16 } from "./integer.ts";

/** The bytes of a stream that may be looked at, all records together. */
export const MAX_STREAM_BYTES = 65536;

/** Byte offsets from the first byte of a record, RFC 8446 section 5.1. */
const AT = { type: 0, version: 1, length: 3, fragment: 5 } as const;

const RECORD_HEADER_BYTES = 5;
/** RFC 8446 section 5.1, before encryption adds to it. */
const MAX_FRAGMENT_BYTES = 16384;
/** Type and length of a handshake message, RFC 8446 section 4. */
const MESSAGE_HEADER_BYTES = 4;

const RECORD_TYPE = { HANDSHAKE: 22 } as const;
const MESSAGE_TYPE = { CLIENT_HELLO: 1 } as const;

/** One handshake message, or what else the stream is. */
export type TlsMessageResult =
  | { readonly kind: "incomplete"; readonly neededBytes: number }
  | { readonly kind: "refused"; readonly why: string }
  | {
    readonly kind: "message";
    /** Without type and length; a view when it came in one record. */
    readonly body: Uint8Array;
    /** Offset of the first byte after the message's last record. */
    readonly end: number;
  };

/**
 * Gathers a ClientHello from the records it is split over.
 *
 * Nothing may stand between its records (RFC 8446 section 5.1), and nothing
 * after it in its last one: a client has nothing more to say in the clear, and
 * a server would have to refuse it as well.
 *
 * @param stream Begins with a record; its version must have been looked at.
 * @returns The message's body, how many more bytes it takes at most, or why it
 * was refused.
 */
export function gatherClientHello(stream: Uint8Array): TlsMessageResult {
  const available = Math.min(stream.length, MAX_STREAM_BYTES);
  let messageBytes = -1;
  let header = 0;
  let gathered = 0;
  let at = 0;
  while (at + RECORD_HEADER_BYTES <= available) {
    const why = checkRecord(stream, at);
    if (why !== null) return refuse(why);
    const start = at + AT.fragment;
    const end = start + readUint16(stream, at + AT.length);
    for (let byte = start; byte < Math.min(end, available); byte++) {
      if (gathered + byte - start >= MESSAGE_HEADER_BYTES) break;
      header = (header << 8 | stream[byte]!) >>> 0;
      const seen = gathered + byte - start + 1;
      if (seen === 1 && header !== MESSAGE_TYPE.CLIENT_HELLO) {
        return refuse(`message type is ${header}`);
      }
      if (seen === MESSAGE_HEADER_BYTES) {
        messageBytes = MESSAGE_HEADER_BYTES + (header & 0xff_ffff);
        if (messageBytes > MAX_STREAM_BYTES - RECORD_HEADER_BYTES) {
          return refuse(
            `message has ${messageBytes} of at most ${
              MAX_STREAM_BYTES - RECORD_HEADER_BYTES
            } bytes`,
          );
        }
      }
    }
    if (messageBytes >= 0 && gathered + end - start > messageBytes) {
      return refuse("record goes on after the ClientHello");
    }
    if (end > available) {
      const left = messageBytes - gathered - (end - start);
      return incomplete(stream, {
        atMost: messageBytes < 0 ? Infinity : end - available + spread(left),
      });
    }
    gathered += end - start;
    at = end;
    if (gathered === messageBytes) {
      return { kind: "message", body: joinRecords(stream, at), end: at };
    }
  }
  const atMost = messageBytes < 0
    ? Infinity
    : spread(messageBytes - gathered) - (available - at);
  return incomplete(stream, { atMost });
}

/** Why the record whose header is at `at` cannot be part of a ClientHello. */
function checkRecord(stream: Uint8Array, at: number): string | null {
  const type = stream[at + AT.type]!;
  if (type !== RECORD_TYPE.HANDSHAKE) return `record type is ${type}`;
  const version = readUint16(stream, at + AT.version);
  if (version >> 8 !== 3) return `record version is ${version}`;
  const length = readUint16(stream, at + AT.length);
  // Section 5.1 forbids empty fragments of handshake messages; a stream of
  // them would be free of charge.
  if (length === 0) return "record is empty";
  return length > MAX_FRAGMENT_BYTES
    ? `record has ${length} of at most ${MAX_FRAGMENT_BYTES} bytes`
    : null;
}

/** The stream's bytes for so many of a message, each in a record of its own. */
function spread(messageBytes: number): number {
  return messageBytes * (RECORD_HEADER_BYTES + 1);
}

/** The body of the message whose records fill the stream up to `end`. */
function joinRecords(stream: Uint8Array, end: number): Uint8Array {
  const firstEnd = AT.fragment + readUint16(stream, AT.length);
  if (firstEnd === end) {
    return stream.subarray(AT.fragment + MESSAGE_HEADER_BYTES, end);
  }
  const message = new Uint8Array(end);
  let length = 0;
  for (let at = 0; at < end;) {
    const next = at + AT.fragment + readUint16(stream, at + AT.length);
    message.set(stream.subarray(at + AT.fragment, next), length);
    length += next - at - AT.fragment;
    at = next;
  }
  return message.subarray(MESSAGE_HEADER_BYTES, length);
}

function incomplete(
  stream: Uint8Array,
  { atMost }: { readonly atMost: number },
): TlsMessageResult {
  const room = MAX_STREAM_BYTES - stream.length;
  if (room <= 0) {
    return refuse(`is not complete after ${MAX_STREAM_BYTES} bytes`);
  }
  return { kind: "incomplete", neededBytes: Math.min(room, atMost) };
}

function refuse(why: string): TlsMessageResult {
  return { kind: "refused", why: `tls ${why}` };
}
