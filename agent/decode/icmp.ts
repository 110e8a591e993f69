/**
 * The fixed part of an ICMP or ICMPv6 message.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc792 | RFC 792}
 * @see {@link https://www.rfc-editor.org/rfc/rfc4443#section-2.1 | RFC 4443}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint16 } from "./integer.ts";

/** Byte offsets from the first byte, RFC 792 and RFC 4443 section 4.1. */
const AT = { type: 0, code: 1, identifier: 4 } as const;

/** No message of either version is shorter than its echo request. */
const HEADER_BYTES = 8;

/** The fields a verdict depends on. */
export interface Icmp {
  /** IANA type: echo request is 8 in ICMP and 128 in ICMPv6. */
  readonly type: number;
  /** 0 to 255, in the sense the type gives it. */
  readonly code: number;
  /** 0 to 65535; of use in echo requests and replies only. */
  readonly identifier: number;
}

/**
 * Decodes the fixed part of one ICMP or ICMPv6 message.
 *
 * @param message The bytes after the IP header.
 * @returns The fields, or why they were refused.
 */
export function decodeIcmp(message: Uint8Array): Decoded<Icmp> {
  const { length } = message;
  if (length < HEADER_BYTES) {
    const why = `icmp header is ${length} of ${HEADER_BYTES} bytes`;
    return { ok: false, why };
  }
  return {
    ok: true,
    value: {
      type: message[AT.type]!,
      code: message[AT.code]!,
      identifier: readUint16(message, AT.identifier),
    },
  };
}
