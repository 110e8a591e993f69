/**
 * The OPT pseudo-record, by which DNS messages extend their header.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc6891#section-6.1 | RFC 6891}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import type { DnsRecordAt } from "./dns_record.ts";
import { readUint16 } from "./integer.ts";

/** Byte offsets after the record's name, RFC 6891 section 6.1.3. */
const AT = { extendedRcode: 4, version: 5, flags: 6 } as const;

const DNSSEC_OK = 0x8000;
const OPTION_HEADER_BYTES = 4;

/** What an OPT record says. */
export interface DnsEdns {
  /** The largest UDP payload that the sender can take, in bytes. */
  readonly udpSize: number;
  /** The upper eight bits of a twelve-bit response code. */
  readonly extendedRcode: number;
  /** 0 is the only one there is. */
  readonly version: number;
  /** The DO bit. */
  readonly dnssecOk: boolean;
  /** The other fifteen flags, which mean nothing yet. */
  readonly reservedFlags: number;
  /** Option codes, lengths and data, whole ones only, a view. */
  readonly options: Uint8Array;
}

/**
 * Decodes an OPT record.
 *
 * @param message The whole message, from its id on.
 * @param located A record of type OPT of that message.
 * @returns What it says, or why it was refused.
 */
export function decodeEdns(
  message: Uint8Array,
  located: DnsRecordAt,
): Decoded<DnsEdns> {
  const { record, fixedAt } = located;
  if (record.name !== "") return refuse(`owner is "${record.name}"`);
  const { data } = record;
  let at = 0;
  while (at < data.length) {
    const left = data.length - at - OPTION_HEADER_BYTES;
    const optionBytes = left < 0 ? 0 : readUint16(data, at + 2);
    if (left < optionBytes) {
      return refuse(`option at byte ${at} of ${data.length} is cut`);
    }
    at += OPTION_HEADER_BYTES + optionBytes;
  }
  const flags = readUint16(message, fixedAt + AT.flags);
  return {
    ok: true,
    value: {
      udpSize: record.class,
      extendedRcode: message[fixedAt + AT.extendedRcode]!,
      version: message[fixedAt + AT.version]!,
      dnssecOk: (flags & DNSSEC_OK) !== 0,
      reservedFlags: flags & ~DNSSEC_OK,
      options: data,
    },
  };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `dns edns ${why}` };
}
