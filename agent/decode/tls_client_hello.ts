/**
 * What a TLS client says first in a TCP stream.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2 | RFC 8446}
 * @module
 */
import { readUint16, readUint32 } from "./integer.ts";
import { decodeTlsHello, type TlsHello } from "./tls_hello.ts";
import { gatherClientHello, MAX_STREAM_BYTES } from "./tls_record.ts";

export type { TlsHello };

/** ContentType, RFC 8446 section 5.1 and RFC 6520 section 3. */
const RECORD_TYPE = {
  CHANGE_CIPHER_SPEC: 20,
  ALERT: 21,
  HANDSHAKE: 22,
  HEARTBEAT: 24,
} as const;

const CLIENT_HELLO_TYPE = 1;
/** Type and length, RFC 8446 section 4. */
const MESSAGE_HEADER_BYTES = 4;
const ALERT_BYTES = 2;
const FATAL_ALERT = 2;
/** Go's crypto/tls looks at no more of the first record's version. */
const LENIENT_MAJOR_VERSIONS = 0x10;

/** What a stream begins with. */
export type ClientHelloResult =
  | {
    readonly kind: "incomplete";
    /** So many more bytes make it certain, if not fewer; 1 or more. */
    readonly neededBytes: number;
  }
  /** No server would take it for TLS. */
  | { readonly kind: "not_tls" }
  /** TLS, or what some server takes for it, without a name to rely on. */
  | { readonly kind: "refused"; readonly why: string }
  | {
    readonly kind: "hello";
    readonly hello: TlsHello;
    /** Offset of the first byte after the ClientHello's last record. */
    readonly end: number;
  };

/**
 * Decodes the ClientHello that a TCP stream begins with, treating every byte as
 * hostile.
 *
 * What servers read differently from each other is refused and not repaired: a
 * record in front of the ClientHello, an empty record, a version that only some
 * look at. All of it needs no memory of earlier calls, so the caller may ask
 * again with each segment.
 *
 * @param stream The client's bytes from the first one on, without a gap. At
 * most the first 65536 are looked at.
 * @returns What they are; nothing in it is a view.
 *
 * @example A client that speaks SSH
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeClientHello } from "./tls_client_hello.ts";
 *
 * const stream = new TextEncoder().encode("S");
 * assert.deepEqual(decodeClientHello(stream), { kind: "not_tls" });
 * ```
 */
export function decodeClientHello(stream: Uint8Array): ClientHelloResult {
  const opening = classifyOpening(stream);
  if (opening === "incomplete") {
    return {
      kind: "incomplete",
      neededBytes: MAX_STREAM_BYTES - stream.length,
    };
  }
  if (opening === "not_tls") return { kind: "not_tls" };
  if (opening !== "records") return { kind: "refused", why: opening };
  const gathered = gatherClientHello(stream);
  if (gathered.kind !== "message") return gathered;
  const hello = decodeTlsHello(gathered.body);
  return hello.ok
    ? { kind: "hello", hello: hello.value, end: gathered.end }
    : { kind: "refused", why: hello.why };
}

/**
 * Decodes a ClientHello without records, as QUIC carries it.
 *
 * @param message The client's handshake bytes from the first one on: type,
 * length and body.
 * @returns As {@linkcode decodeClientHello}, but never `not_tls`; `neededBytes`
 * is exact from the fourth byte on.
 */
export function decodeClientHelloMessage(
  message: Uint8Array,
): ClientHelloResult {
  const { length } = message;
  if (length > 0 && message[0] !== CLIENT_HELLO_TYPE) {
    return refuse(`message type is ${message[0]}`);
  }
  if (length < MESSAGE_HEADER_BYTES) {
    return { kind: "incomplete", neededBytes: MAX_STREAM_BYTES - length };
  }
  const end = MESSAGE_HEADER_BYTES + (readUint32(message, 0) & 0xff_ffff);
  if (end > MAX_STREAM_BYTES) {
    return refuse(`message has ${end} of at most ${MAX_STREAM_BYTES} bytes`);
  }
  if (length < end) return { kind: "incomplete", neededBytes: end - length };
  if (length > end) return refuse("message goes on after the ClientHello");
  const hello = decodeTlsHello(message.subarray(MESSAGE_HEADER_BYTES));
  return hello.ok
    ? { kind: "hello", hello: hello.value, end }
    : { kind: "refused", why: hello.why };
}

/** `records` when a handshake begins; else the result, or why it is refused. */
function classifyOpening(stream: Uint8Array): string {
  if (stream.length === 0) return "incomplete";
  const type = stream[0]!;
  if ((type & 0x80) !== 0) return classifySslv2(stream);
  if (type < RECORD_TYPE.CHANGE_CIPHER_SPEC || type > RECORD_TYPE.HEARTBEAT) {
    return "not_tls";
  }
  if (stream.length === 1) return "incomplete";
  const major = stream[1]!;
  if (major === 3) {
    return type === RECORD_TYPE.HANDSHAKE
      ? "records"
      : `tls record type is ${type}`;
  }
  if (major >= LENIENT_MAJOR_VERSIONS) return "not_tls";
  if (type === RECORD_TYPE.HANDSHAKE) return classifyHandshake(stream);
  return type === RECORD_TYPE.ALERT ? classifyAlert(stream) : "not_tls";
}

/**
 * A handshake record whose version is not TLS's. Go's servers take it all the
 * same, so it must not pass for another protocol.
 */
function classifyHandshake(stream: Uint8Array): string {
  if (stream.length > 5 && stream[5] !== CLIENT_HELLO_TYPE) return "not_tls";
  // A longer ClientHello than 64 KiB is one for nobody.
  if (stream.length > 6) {
    return stream[6] === 0
      ? `tls record version is ${readUint16(stream, 1)}`
      : "not_tls";
  }
  return "incomplete";
}

/** An alert whose version is not TLS's; Go's servers skip it when a warning. */
function classifyAlert(stream: Uint8Array): string {
  if (stream.length < 6) return "incomplete";
  const level = stream[5]!;
  return readUint16(stream, 3) === ALERT_BYTES && level <= FATAL_ALERT
    ? `tls record type is ${RECORD_TYPE.ALERT}`
    : "not_tls";
}

/**
 * A ClientHello in the frame of SSL 2.0, RFC 5246 appendix E.2, which some
 * servers still take for TLS; it has no room for a name.
 */
function classifySslv2(stream: Uint8Array): string {
  if (stream.length < 3) return "incomplete";
  if (stream[2] !== CLIENT_HELLO_TYPE) return "not_tls";
  if (stream.length < 5) return "incomplete";
  const version = readUint16(stream, 3);
  return version >> 8 === 3 || version === 2
    ? "tls hello is in the frame of ssl 2.0"
    : "not_tls";
}

function refuse(why: string): ClientHelloResult {
  return { kind: "refused", why: `tls ${why}` };
}
