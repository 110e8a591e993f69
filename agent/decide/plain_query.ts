/**
 * Which messages may go to a resolver at all, whatever they ask.
 *
 * @module
 */
import type { DnsMessage } from "../decode/dns.ts";

/** RFC 1035 sections 3.2.4 and 4.1.1. */
const CLASS_IN = 1;
const OPCODE_QUERY = 0;

/** A cookie (RFC 7873) and a client subnet (RFC 7871) with their heads. */
const MAX_OPTION_BYTES = 44 + 24;

/**
 * Whether a message is one standard question and nothing else: whatever else
 * it carried would leave with it.
 *
 * @param message As decoded from a datagram to port 53.
 */
export function isPlainQuery(message: DnsMessage): boolean {
  return !message.response && message.opcode === OPCODE_QUERY &&
    message.questions.length === 1 &&
    message.questions[0]!.class === CLASS_IN &&
    message.answers.length === 0 && message.authorities.length === 0 &&
    message.additionals.length === 0 && message.trailingBytes === 0 &&
    (message.edns?.options.length ?? 0) <= MAX_OPTION_BYTES;
}
