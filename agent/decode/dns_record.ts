/**
 * Resource records in DNS messages.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4.1.3 | RFC 1035}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeName } from "./dns_name.ts";
import { DNS_TYPE } from "./dns_type.ts";
import { readUint16, readUint32 } from "./integer.ts";

/** Byte offsets after a record's name, RFC 1035 section 4.1.3. */
const AT = { type: 0, class: 2, ttl: 4, dataLength: 8 } as const;

const FIXED_BYTES = 10;
/** RFC 1035 section 3.2.4. */
const CLASS_INTERNET = 1;
/** RFC 2181 section 8: a larger value has its top bit set and means zero. */
const MAX_TTL_SECONDS = 0x7fff_ffff;

/** One resource record. */
export interface DnsRecord {
  /** The owner, as {@linkcode decodeName} writes names. */
  readonly name: string;
  /** IANA type: 1 is A, 5 is CNAME, 28 is AAAA. */
  readonly type: number;
  /** IANA class: 1 is the Internet. */
  readonly class: number;
  /** Lifetime in seconds, 0 to 2^31 - 1. */
  readonly ttlSeconds: number;
  /** The data as it stands in the message, names compressed, a view. */
  readonly data: Uint8Array;
  /** The name in CNAME, DNAME, NS, PTR, MX and SRV; null in other types. */
  readonly target: string | null;
}

/** One record, and where it lies in the message. */
export interface DnsRecordAt {
  /** What the record says. */
  readonly record: DnsRecord;
  /** Offset of the type, the first byte after the owner's name. */
  readonly fixedAt: number;
  /** Offset of the first byte after the record. */
  readonly end: number;
}

/**
 * Decodes one resource record.
 *
 * A and AAAA data of the Internet class must have the length of an address,
 * and a name in the data must fill the data exactly.
 *
 * @param message The whole message, from its id on.
 * @param at Offset of the owner's first byte.
 * @returns The record, or why it was refused.
 */
export function decodeRecord(
  message: Uint8Array,
  at: number,
): Decoded<DnsRecordAt> {
  const owner = decodeName(message, at);
  if (!owner.ok) return owner;
  const fixedAt = owner.value.end;
  const left = message.length - fixedAt - FIXED_BYTES;
  if (left < 0) return refuse(`stops at byte ${message.length}`);
  const type = readUint16(message, fixedAt + AT.type);
  const recordClass = readUint16(message, fixedAt + AT.class);
  const ttl = readUint32(message, fixedAt + AT.ttl);
  const dataBytes = readUint16(message, fixedAt + AT.dataLength);
  if (dataBytes > left) return refuse(`data is ${left} of ${dataBytes} bytes`);
  const wantedBytes = recordClass === CLASS_INTERNET ? addressBytes(type) : 0;
  if (wantedBytes > 0 && dataBytes !== wantedBytes) {
    return refuse(`address is ${dataBytes} of ${wantedBytes} bytes`);
  }
  const dataAt = fixedAt + FIXED_BYTES;
  const end = dataAt + dataBytes;
  let target: string | null = null;
  const nameAt = targetOffset(type);
  // Dynamic updates carry such types without data, RFC 2136 section 2.4.
  if (nameAt >= 0 && dataBytes > 0) {
    const decoded = decodeName(message, dataAt + nameAt);
    if (!decoded.ok) return decoded;
    if (decoded.value.end !== end) {
      return refuse(`target ends at byte ${decoded.value.end} of ${end}`);
    }
    target = decoded.value.name;
  }
  return {
    ok: true,
    value: {
      record: {
        name: owner.value.name,
        type,
        class: recordClass,
        ttlSeconds: ttl > MAX_TTL_SECONDS ? 0 : ttl,
        data: message.subarray(dataAt, end),
        target,
      },
      fixedAt,
      end,
    },
  };
}

/** Length of the address that is all of the data, or 0. */
function addressBytes(type: number): number {
  if (type === DNS_TYPE.A) return 4;
  return type === DNS_TYPE.AAAA ? 16 : 0;
}

/** Where in the data its name begins, or -1 when it has none. */
function targetOffset(type: number): number {
  switch (type) {
    case DNS_TYPE.NS:
    case DNS_TYPE.CNAME:
    case DNS_TYPE.PTR:
    case DNS_TYPE.DNAME:
      return 0;
    // After the preference, RFC 1035 section 3.3.9.
    case DNS_TYPE.MX:
      return 2;
    // After priority, weight and port, RFC 2782.
    case DNS_TYPE.SRV:
      return 6;
    default:
      return -1;
  }
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `dns record ${why}` };
}
