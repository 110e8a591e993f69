/**
 * Which messages may go to a resolver at all, whatever they ask.
 *
 * @module
 */
import type { DnsEdns, DnsMessage } from "../decode/dns.ts";
import { readUint16 } from "../decode/integer.ts";

/** RFC 1035 sections 3.2.4 and 4.1.1. */
const CLASS_IN = 1;
const OPCODE_QUERY = 0;
/** RFC 6891 section 6.1.3. */
const EDNS_VERSION = 0;

const OPTION_HEADER_BYTES = 4;

/** EDNS options that clients send, and the most bytes each of them has. */
const OPTION_BYTES: ReadonlyMap<number, number> = new Map([
  // RFC 5001: the server's name is asked for.
  [3, 0],
  // RFC 7871: family, two prefix lengths, and an address.
  [8, 4 + 16],
  // RFC 7873: eight bytes of the client's, then up to 32 that the server gave.
  [10, 8 + 32],
  // RFC 7828: the client names no time.
  [11, 0],
  // RFC 7830: zeros, to a multiple of 128 bytes (RFC 8467).
  [12, 512],
]);
const PADDING = 12;

/**
 * Whether a message is one standard question and nothing else: whatever else
 * it carried would leave with it.
 *
 * @param message As decoded from what goes to port 53.
 */
export function isPlainQuery(message: DnsMessage): boolean {
  return !message.response && message.opcode === OPCODE_QUERY &&
    !message.authoritative && !message.truncated &&
    !message.recursionAvailable && !message.reserved && message.rcode === 0 &&
    message.questions.length === 1 &&
    message.questions[0]!.class === CLASS_IN &&
    message.answers.length === 0 && message.authorities.length === 0 &&
    message.additionals.length === 0 && message.trailingBytes === 0 &&
    (message.edns === null || isPlainEdns(message.edns));
}

function isPlainEdns(edns: DnsEdns): boolean {
  const { options, extendedRcode, version } = edns;
  if (extendedRcode !== 0 || version !== EDNS_VERSION) return false;
  if (edns.reservedFlags !== 0) return false;
  const seen = new Set<number>();
  for (let at = 0; at < options.length;) {
    const code = readUint16(options, at);
    const start = at + OPTION_HEADER_BYTES;
    at = start + readUint16(options, at + 2);
    const most = OPTION_BYTES.get(code);
    if (most === undefined || at - start > most || seen.has(code)) return false;
    seen.add(code);
    if (code !== PADDING) continue;
    if (options.subarray(start, at).some((byte) => byte !== 0)) return false;
  }
  return true;
}
