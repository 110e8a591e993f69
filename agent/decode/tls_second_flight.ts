/**
 * Whether a TLS client says a name again.
 *
 * A server may ask for a second ClientHello (HelloRetryRequest). Its name must
 * be the first one's, and OpenSSL does not check that: it serves the second.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2 | RFC 8446}
 * @module
 */
import { readUint16 } from "./integer.ts";
import {
  type ClientHelloResult,
  decodeClientHello,
} from "./tls_client_hello.ts";
import { MAX_STREAM_BYTES } from "./tls_record.ts";

/** ContentType, RFC 8446 section 5.1. */
const RECORD_TYPE = {
  CHANGE_CIPHER_SPEC: 20,
  HANDSHAKE: 22,
  APPLICATION_DATA: 23,
} as const;

const RECORD_HEADER_BYTES = 5;
/**
 * A ClientHello's type, the first byte of its length, which none fills, two of
 * any value and its major version.
 */
const HELLO_START = [1, 0, -1, -1, 3] as const;

/** What a client says after its first ClientHello. */
export type SecondFlightResult =
  /** The handshake has gone on: no name can follow in the clear. */
  | { readonly kind: "no_hello" }
  /** As for the first; the caller compares the names. */
  | Exclude<ClientHelloResult, { readonly kind: "not_tls" }>;

/**
 * Decodes what follows a ClientHello, treating every byte as hostile.
 *
 * After a hello that offers early data its application data settle nothing:
 * they may have been sent before the server asked again.
 *
 * @param stream The client's bytes from `ClientHelloResult.end` on.
 * @param earlyData `TlsHello.earlyData` of the first ClientHello.
 * @returns What they are; nothing in it is a view.
 */
export function decodeSecondFlight(
  stream: Uint8Array,
  earlyData: boolean,
): SecondFlightResult {
  let at = 0;
  while (at < stream.length && at < MAX_STREAM_BYTES) {
    const type = stream[at]!;
    if (type === RECORD_TYPE.HANDSHAKE) {
      return decodeHandshake(stream.subarray(at));
    }
    const isSkipped = type === RECORD_TYPE.CHANGE_CIPHER_SPEC ||
      (type === RECORD_TYPE.APPLICATION_DATA && earlyData);
    if (!isSkipped) return { kind: "no_hello" };
    if (at + RECORD_HEADER_BYTES > stream.length) break;
    at += RECORD_HEADER_BYTES + readUint16(stream, at + 3);
  }
  return stream.length < MAX_STREAM_BYTES
    ? { kind: "incomplete", neededBytes: MAX_STREAM_BYTES - stream.length }
    : {
      kind: "refused",
      why: `tls second flight is not clear after ${MAX_STREAM_BYTES} bytes`,
    };
}

/**
 * A ClientHello, or another handshake message: TLS 1.2's, in the clear, or its
 * Finished, encrypted, behind a change of ciphers.
 */
function decodeHandshake(stream: Uint8Array): SecondFlightResult {
  if (stream.length <= RECORD_HEADER_BYTES) {
    const neededBytes = MAX_STREAM_BYTES - stream.length;
    return { kind: "incomplete", neededBytes };
  }
  // Nothing encrypted is shorter than a hello's start, and random bytes look
  // like one once in sixteen million times.
  if (readUint16(stream, 3) >= HELLO_START.length) {
    for (const [index, wanted] of HELLO_START.entries()) {
      const at = RECORD_HEADER_BYTES + index;
      if (at === stream.length) break;
      if (wanted >= 0 && stream[at] !== wanted) return { kind: "no_hello" };
    }
  }
  const hello = decodeClientHello(stream);
  // A record of the handshake's type is TLS in every version that is offered.
  return hello.kind === "not_tls" ? { kind: "no_hello" } : hello;
}
