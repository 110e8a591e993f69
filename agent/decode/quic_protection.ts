/**
 * Taking the protection off a client's Initial packet.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9001#section-5 | RFC 9001}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { loadCrypto } from "./quic_crypto.ts";
import {
  decodeQuicHeader,
  hasLongHeader,
  type QuicPacket,
} from "./quic_header.ts";
import type { QuicKeys } from "./quic_keys.ts";

/** RFC 9001 section 5.4.2: the sample begins as if the number had 4 bytes. */
const SAMPLE_OFFSET = 4;
const SAMPLE_BYTES = 16;
const TAG_BYTES = 16;
/** RFC 9001 section 5.4.1: reserved bits and number length of long headers. */
const PROTECTED_BITS = 0x0f;
const NUMBER_LENGTH_MASK = 0x03;

/**
 * Decrypts one Initial packet and checks that its keys sealed it.
 *
 * The packet number is taken as it stands: a client counts from zero (RFC 9000
 * section 12.3) and its first few numbers need no more bytes than it writes.
 *
 * @param datagram The UDP payload that the packet is in.
 * @param options The packet's header and the keys it should be under.
 * @returns The frames, in an array of their own, or why they were refused.
 */
export function openInitial(
  datagram: Uint8Array,
  options: { readonly packet: QuicPacket; readonly keys: QuicKeys },
): Decoded<Uint8Array> {
  const { packet: { start, numberAt, end }, keys } = options;
  const sampleAt = numberAt + SAMPLE_OFFSET;
  if (sampleAt + SAMPLE_BYTES > end) {
    return refuse(
      `protected part is ${end - numberAt} of ${
        SAMPLE_OFFSET + SAMPLE_BYTES
      } bytes`,
    );
  }
  const sample = datagram.subarray(sampleAt, sampleAt + SAMPLE_BYTES);
  const mask = encryptBlock(keys.headerKey, sample);
  const first = datagram[start]! ^ (mask[0]! & PROTECTED_BITS);
  const numberBytes = (first & NUMBER_LENGTH_MASK) + 1;
  const payloadAt = numberAt + numberBytes;
  // Not slice(), which would hand out a Buffer's own memory.
  const header = new Uint8Array(datagram.subarray(start, payloadAt));
  header[0] = first;
  const nonce = keys.iv.slice();
  for (let index = 0; index < numberBytes; index++) {
    const byte = datagram[numberAt + index]! ^ mask[index + 1]!;
    header[numberAt - start + index] = byte;
    nonce[nonce.length - numberBytes + index]! ^= byte;
  }
  const tagAt = end - TAG_BYTES;
  const { createDecipheriv } = loadCrypto();
  const decipher = createDecipheriv("aes-128-gcm", keys.key, nonce);
  decipher.setAAD(header);
  decipher.setAuthTag(datagram.subarray(tagAt, end));
  try {
    const frames = decipher.update(datagram.subarray(payloadAt, tagAt));
    decipher.final();
    return { ok: true, value: frames };
  } catch {
    return refuse("packet is not sealed with its connection's keys");
  }
}

/**
 * Opens all Initial packets of a datagram that their keys open.
 *
 * @param datagram A UDP payload.
 * @param keysOf The keys for a version.
 * @returns The frames of each.
 */
export function openInitials(
  datagram: Uint8Array,
  keysOf: (version: number) => QuicKeys,
): Uint8Array[] {
  const found: Uint8Array[] = [];
  let at = 0;
  while (hasLongHeader(datagram, at)) {
    const decoded = decodeQuicHeader(datagram, at);
    if (!decoded.ok) break;
    const packet = decoded.value;
    if (packet.type === "initial") {
      const keys = keysOf(packet.version);
      const opened = openInitial(datagram, { packet, keys });
      if (opened.ok) found.push(opened.value);
    }
    at = packet.end;
  }
  return found;
}

function encryptBlock(key: Uint8Array, block: Uint8Array): Uint8Array {
  const cipher = loadCrypto().createCipheriv("aes-128-ecb", key, null);
  cipher.setAutoPadding(false);
  const encrypted = cipher.update(block);
  // Deno keeps a cipher that is not finished for as long as the thread lives.
  cipher.final();
  return encrypted;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `quic ${why}` };
}
