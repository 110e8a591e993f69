/**
 * A QUIC client of the tests' own: it seals what it is told to.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc9001#section-5 | RFC 9001}
 * @module
 */
import { createCipheriv } from "node:crypto";
import { QUIC_VERSION } from "../../../agent/decode/quic_header.ts";
import { deriveClientKeys } from "../../../agent/decode/quic_keys.ts";

/** What a client's Initial packet is made of. */
export interface InitialParts {
  /** Sealed as they are. */
  readonly frames: Uint8Array;
  readonly version?: number;
  readonly destination?: Uint8Array;
  readonly source?: Uint8Array;
  readonly token?: Uint8Array;
  readonly number?: number;
  /** 1 to 4. */
  readonly numberBytes?: number;
  /** The connection ID that the keys are from, when not the packet's own. */
  readonly keysOf?: Uint8Array;
  /** The first byte's fixed bit; clients may clear it. */
  readonly fixedBit?: boolean;
}

/** The connection ID of packets that name none. */
export const DESTINATION = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
const NOTHING = new Uint8Array(0);
const TAG_BYTES = 16;

/** Seals one Initial packet as a client does. */
export function sealInitial(parts: InitialParts): Uint8Array {
  const {
    version = QUIC_VERSION.V1,
    destination = DESTINATION,
    source = NOTHING,
    token = NOTHING,
    number = 0,
    numberBytes = 4,
    keysOf = destination,
    fixedBit = true,
  } = parts;
  const keys = deriveClientKeys(version, keysOf);
  // RFC 9001 section 5.4.2: there must be enough for a sample.
  const missing = Math.max(0, 4 - numberBytes - parts.frames.length);
  const frames = join([parts.frames, new Uint8Array(missing)]);
  const type = version === QUIC_VERSION.V2 ? 0x10 : 0;
  const first = 0x80 | (fixedBit ? 0x40 : 0) | type | (numberBytes - 1);
  const rest = numberBytes + frames.length + TAG_BYTES;
  const numberText = number.toString(16).padStart(8, "0");
  const header = join([
    Uint8Array.of(first),
    Uint8Array.fromHex(version.toString(16).padStart(8, "0")),
    Uint8Array.of(destination.length),
    destination,
    Uint8Array.of(source.length),
    source,
    varint(token.length),
    token,
    varint(rest),
    Uint8Array.fromHex(numberText).subarray(4 - numberBytes),
  ]);
  const nonce = keys.iv.slice();
  const numberAt = header.length - numberBytes;
  for (let index = 0; index < numberBytes; index++) {
    nonce[12 - numberBytes + index]! ^= header[numberAt + index]!;
  }
  const cipher = createCipheriv("aes-128-gcm", keys.key, nonce);
  cipher.setAAD(header);
  const sealed = cipher.update(frames);
  cipher.final();
  const packet = join([header, sealed, cipher.getAuthTag()]);
  const block = createCipheriv("aes-128-ecb", keys.headerKey, null);
  block.setAutoPadding(false);
  const mask = block.update(packet.subarray(numberAt + 4, numberAt + 20));
  block.final();
  packet[0]! ^= mask[0]! & 0x0f;
  for (let index = 0; index < numberBytes; index++) {
    packet[numberAt + index]! ^= mask[index + 1]!;
  }
  return packet;
}

/** Seals frames, padded so that the packet fills a datagram of 1200 bytes. */
export function sealDatagram(parts: InitialParts): Uint8Array {
  // The length field and the sample's need of bytes move the end by a few.
  let missing = Math.max(0, 1200 - sealInitial(parts).length);
  for (;;) {
    const frames = join([parts.frames, new Uint8Array(missing)]);
    const datagram = sealInitial({ ...parts, frames });
    if (datagram.length >= 1200) return datagram;
    missing += 1200 - datagram.length;
  }
}

/** A CRYPTO frame, RFC 9000 section 19.6. */
export function cryptoFrame(offset: number, data: Uint8Array): Uint8Array {
  return join([Uint8Array.of(6), varint(offset), varint(data.length), data]);
}

/** Pieces of a stream as CRYPTO frames, one for each `[from, to)`. */
export function cryptoFrames(
  stream: Uint8Array,
  ranges: readonly (readonly [number, number])[],
): Uint8Array {
  return join(
    ranges.map(([from, to]) => cryptoFrame(from, stream.subarray(from, to))),
  );
}

/** A long header of version 1 with a length and nothing sealed behind it. */
export function longPacket(
  first: number,
  options: { readonly destination?: Uint8Array; readonly bytes: number },
): Uint8Array {
  const { destination = DESTINATION, bytes } = options;
  return join([
    Uint8Array.of(first, 0, 0, 0, 1, destination.length),
    destination,
    Uint8Array.of(0),
    varint(bytes),
    new Uint8Array(bytes).fill(0xa5),
  ]);
}

/** A handshake message of type ClientHello with bytes that tell their place. */
export function helloOf(bytes: number): Uint8Array {
  const message = Uint8Array.from(
    { length: bytes },
    (_, at) => at * 7 + at / 256,
  );
  message.set([1, 0, (bytes - 4) >> 8, (bytes - 4) & 0xff]);
  return message;
}

/** An integer in its shortest form, RFC 9000 section 16. */
export function varint(value: number): Uint8Array {
  if (value < 0x40) return Uint8Array.of(value);
  if (value < 0x4000) return Uint8Array.of(0x40 | (value >> 8), value);
  return Uint8Array.of(
    0x80 | (value >>> 24),
    value >>> 16,
    value >>> 8,
    value,
  );
}

/** Several arrays as one. */
export function join(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = parts.reduce((sum, { length }) => sum + length, 0);
  const joined = new Uint8Array(bytes);
  let at = 0;
  for (const part of parts) {
    joined.set(part, at);
    at += part.length;
  }
  return joined;
}
