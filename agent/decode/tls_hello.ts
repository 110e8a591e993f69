/**
 * The ClientHello message, without the layer that carried it.
 *
 * TCP brings it in TLS records, QUIC in CRYPTO frames.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc8446#section-4.1.2 | RFC 8446}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";
import { decodeExtensions, type TlsExtensions } from "./tls_extensions.ts";

/** Byte offsets from the first byte after the handshake header. */
const AT = { version: 0, sessionId: 34 } as const;

/** RFC 8446 section 4.1.2. */
const MAX_SESSION_ID_BYTES = 32;

/** What a client says before anything is encrypted. */
export type TlsHello = Readonly<TlsExtensions>;

/**
 * Decodes the body of a ClientHello, treating every byte as hostile.
 *
 * @param body After the handshake header's type and length.
 * @returns The fields, or why they were refused. Nothing in it is a view.
 */
export function decodeTlsHello(body: Uint8Array): Decoded<TlsHello> {
  const { length } = body;
  if (length <= AT.sessionId) return refuse(`has ${length} bytes`);
  const version = readUint16(body, AT.version);
  if (version >> 8 !== 3) return refuse(`version is ${version}`);

  const sessionIdBytes = body[AT.sessionId]!;
  if (sessionIdBytes > MAX_SESSION_ID_BYTES) {
    return refuse(`session id has ${sessionIdBytes} bytes`);
  }
  const suitesAt = AT.sessionId + 1 + sessionIdBytes;
  if (suitesAt + 2 > length) return refuse("stops in its session id");
  const suitesBytes = readUint16(body, suitesAt);
  if (suitesBytes === 0 || suitesBytes % 2 !== 0) {
    return refuse(`cipher suites have ${suitesBytes} bytes`);
  }
  const compressionsAt = suitesAt + 2 + suitesBytes;
  if (compressionsAt >= length) return refuse("stops in its cipher suites");
  const compressionBytes = body[compressionsAt]!;
  if (compressionBytes === 0) return refuse("has no compression method");
  const extensionsAt = compressionsAt + 1 + compressionBytes;
  if (extensionsAt > length) return refuse("stops in its compression methods");

  // RFC 5246 section 7.4.1.2: before TLS 1.3 a hello may end here.
  const listAt = extensionsAt === length ? length : extensionsAt + 2;
  if (listAt > length) return refuse("stops in its extensions");
  if (extensionsAt < length) {
    const bytes = readUint16(body, extensionsAt);
    if (listAt + bytes !== length) {
      return refuse(`extensions have ${length - listAt} of ${bytes} bytes`);
    }
  }
  const decoded = decodeExtensions(body, listAt);
  if (!decoded.ok) return refuse(decoded.why);
  const { value } = decoded;
  if (value.maxVersion === 0) value.maxVersion = version;
  return decoded;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `tls hello ${why}` };
}
