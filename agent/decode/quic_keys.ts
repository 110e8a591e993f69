/**
 * The keys of a client's Initial packets, which everyone who sees its first
 * datagram can derive.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9001#section-5.2 | RFC 9001}
 * @see {@link https://www.rfc-editor.org/rfc/rfc9369#section-3.3 | RFC 9369}
 * @module
 */
import { loadCrypto } from "./quic_crypto.ts";
import { QUIC_VERSION } from "./quic_header.ts";

const HASH = "sha256";
const SECRET_BYTES = 32;
/** AEAD_AES_128_GCM, RFC 5116 section 5.1. */
const KEY_BYTES = 16;
const NONCE_BYTES = 12;

/** What protects the client's Initial packets. */
export interface QuicKeys {
  /** AES-128-GCM, 16 bytes. */
  readonly key: Uint8Array;
  /** 12 bytes; the packet number is mixed in. */
  readonly iv: Uint8Array;
  /** AES-128-ECB for the header, 16 bytes. */
  readonly headerKey: Uint8Array;
}

/** What one version derives its keys with. */
interface Derivation {
  readonly salt: Uint8Array;
  readonly secret: Uint8Array;
  readonly key: Uint8Array;
  readonly iv: Uint8Array;
  readonly headerKey: Uint8Array;
}

const V1 = derivationOf("38762cf7f55934b34d179ae6a4c80cadccbb7f0a", "quic");
const V2 = derivationOf("0dede3def700a6db819381be6e269dcbf9bd2ed9", "quicv2");

/**
 * Derives the keys of a client's Initial packets.
 *
 * @param version One of {@linkcode QUIC_VERSION}; any other counts as 1.
 * @param destination The Destination Connection ID of the client's first
 * packet, or of its first after a Retry.
 */
export function deriveClientKeys(
  version: number,
  destination: Uint8Array,
): QuicKeys {
  const from = version === QUIC_VERSION.V2 ? V2 : V1;
  // Extract and the first expansion are one call: no other key of the
  // connection's common secret is needed.
  const { salt, secret: info } = from;
  const secret = new Uint8Array(
    loadCrypto().hkdfSync(HASH, destination, salt, info, SECRET_BYTES),
  );
  return {
    key: expand(secret, from.key).subarray(0, KEY_BYTES),
    iv: expand(secret, from.iv).subarray(0, NONCE_BYTES),
    headerKey: expand(secret, from.headerKey).subarray(0, KEY_BYTES),
  };
}

/** HKDF-Expand to one block of the hash, RFC 5869 section 2.3. */
function expand(secret: Uint8Array, info: Uint8Array): Uint8Array {
  const hmac = loadCrypto().createHmac(HASH, secret);
  const block = hmac.update(info).update(LAST_BLOCK);
  // Out of the Buffer: its slice() would hand out this memory, not a copy.
  return new Uint8Array(block.digest());
}

/** The number of the first block, which is the last one too. */
const LAST_BLOCK = Uint8Array.of(1);

function derivationOf(salt: string, prefix: string): Derivation {
  return {
    salt: Uint8Array.fromHex(salt),
    secret: labelOf("client in", SECRET_BYTES),
    key: labelOf(`${prefix} key`, KEY_BYTES),
    iv: labelOf(`${prefix} iv`, NONCE_BYTES),
    headerKey: labelOf(`${prefix} hp`, KEY_BYTES),
  };
}

/** The HkdfLabel of RFC 8446 section 7.1, with an empty context. */
function labelOf(label: string, bytes: number): Uint8Array {
  const text = new TextEncoder().encode(`tls13 ${label}`);
  return Uint8Array.of(0, bytes, text.length, ...text, 0);
}
