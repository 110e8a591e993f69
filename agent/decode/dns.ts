/**
 * A whole DNS message.
 *
 * @see {@link https://www.rfc-editor.org/rfc/rfc1035#section-4.1 | RFC 1035}
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { decodeEdns, type DnsEdns } from "./dns_edns.ts";
import { decodeName } from "./dns_name.ts";
import { decodeRecord, type DnsRecord } from "./dns_record.ts";
import { DNS_TYPE } from "./dns_type.ts";
import { readUint16 } from "./integer.ts";

export type { DnsEdns, DnsRecord };

/** Byte offsets from the message's first byte, RFC 1035 section 4.1.1. */
const AT = {
  id: 0,
  flags: 2,
  questions: 4,
  answers: 6,
  authorities: 8,
  additionals: 10,
} as const;

const HEADER_BYTES = 12;
const QUESTION_FIXED_BYTES = 4;

const FLAG = {
  response: 0x8000,
  authoritative: 0x0400,
  truncated: 0x0200,
  recursionDesired: 0x0100,
  recursionAvailable: 0x0080,
  reserved: 0x0040,
} as const;

/**
 * Questions and records together. 64 KiB hold six thousand, each of which can
 * point to names of 255 octets: twenty milliseconds in which nothing else is
 * judged. Answers that people use have a few dozen.
 */
const MAX_ENTRIES = 1024;

/** One question. */
export interface DnsQuestion {
  /** As {@linkcode decodeName} writes names, in lower case. */
  readonly name: string;
  /** IANA type: 1 is A, 28 is AAAA. */
  readonly type: number;
  /** IANA class: 1 is the Internet. */
  readonly class: number;
  /**
   * Name, type and class as they stand in the message, a view. In the first
   * question there is nothing that a pointer could lead to, so these bytes
   * stand for themselves, upper and lower case as the client sent them.
   */
  readonly bytes: Uint8Array;
}

/** One DNS message. */
export interface DnsMessage {
  /** 0 to 65535. */
  readonly id: number;
  /** False in a query. */
  readonly response: boolean;
  /** 0 is a standard query. */
  readonly opcode: number;
  /** The AA bit: the server's own zone. */
  readonly authoritative: boolean;
  /** The TC bit: the rest is to be asked for over TCP. */
  readonly truncated: boolean;
  /** The RD bit, repeated in the answer. */
  readonly recursionDesired: boolean;
  /** The RA bit. */
  readonly recursionAvailable: boolean;
  /** The Z bit, which means nothing yet; AD and CD beside it do. */
  readonly reserved: boolean;
  /** The header's four bits: 0 NOERROR, 2 SERVFAIL, 3 NXDOMAIN, 5 REFUSED. */
  readonly rcode: number;
  /** One in practice; the standard allows any number. */
  readonly questions: readonly DnsQuestion[];
  /** In the order of the message; a chain of names need not be in order. */
  readonly answers: readonly DnsRecord[];
  /** In the order of the message. */
  readonly authorities: readonly DnsRecord[];
  /** Without the OPT record, which is {@linkcode DnsMessage.edns}. */
  readonly additionals: readonly DnsRecord[];
  /** What the OPT record says; null when there is none. */
  readonly edns: DnsEdns | null;
  /** Offset of the first byte after the last question. */
  readonly questionEnd: number;
  /** Bytes after the last record, which no resolver reads. */
  readonly trailingBytes: number;
}

/** Where in the message the decoder is, and what it has met. */
interface Progress {
  readonly message: Uint8Array;
  at: number;
  edns: DnsEdns | null;
}

/**
 * Decodes one DNS message, treating every byte as hostile.
 *
 * @param message From the id on; without the length that TCP puts in front.
 * @returns The message, or why it was refused. Data are views: copy what must
 * outlive the receive buffer.
 */
export function decodeDns(message: Uint8Array): Decoded<DnsMessage> {
  const { length } = message;
  if (length < HEADER_BYTES) {
    return refuse(`header is ${length} of ${HEADER_BYTES} bytes`);
  }
  const questionCount = readUint16(message, AT.questions);
  const answerCount = readUint16(message, AT.answers);
  const authorityCount = readUint16(message, AT.authorities);
  const additionalCount = readUint16(message, AT.additionals);
  const entries = questionCount + answerCount + authorityCount +
    additionalCount;
  if (entries > MAX_ENTRIES) {
    return refuse(`has ${entries} of at most ${MAX_ENTRIES} entries`);
  }
  const progress: Progress = { message, at: HEADER_BYTES, edns: null };
  const questions = decodeQuestions(progress, questionCount);
  if (!questions.ok) return questions;
  const questionEnd = progress.at;
  const answers = decodeRecords(progress, answerCount);
  if (!answers.ok) return answers;
  const authorities = decodeRecords(progress, authorityCount);
  if (!authorities.ok) return authorities;
  // RFC 6891 section 6.1.1: in the additional section or nowhere.
  if (progress.edns !== null) return refuse("edns is not an additional record");
  const additionals = decodeRecords(progress, additionalCount);
  if (!additionals.ok) return additionals;

  const flags = readUint16(message, AT.flags);
  return {
    ok: true,
    value: {
      id: readUint16(message, AT.id),
      response: (flags & FLAG.response) !== 0,
      opcode: (flags >> 11) & 0x0f,
      authoritative: (flags & FLAG.authoritative) !== 0,
      truncated: (flags & FLAG.truncated) !== 0,
      recursionDesired: (flags & FLAG.recursionDesired) !== 0,
      recursionAvailable: (flags & FLAG.recursionAvailable) !== 0,
      reserved: (flags & FLAG.reserved) !== 0,
      rcode: flags & 0x0f,
      questions: questions.value,
      answers: answers.value,
      authorities: authorities.value,
      additionals: additionals.value,
      edns: progress.edns,
      questionEnd,
      trailingBytes: length - progress.at,
    },
  };
}

function decodeQuestions(
  progress: Progress,
  count: number,
): Decoded<readonly DnsQuestion[]> {
  const { message } = progress;
  const questions: DnsQuestion[] = [];
  for (let index = 0; index < count; index++) {
    const start = progress.at;
    const decoded = decodeName(message, start);
    if (!decoded.ok) return decoded;
    const { name, end: fixedAt } = decoded.value;
    const end = fixedAt + QUESTION_FIXED_BYTES;
    if (end > message.length) {
      return refuse(`question stops at byte ${message.length} of ${end}`);
    }
    questions.push({
      name,
      type: readUint16(message, fixedAt),
      class: readUint16(message, fixedAt + 2),
      bytes: message.subarray(start, end),
    });
    progress.at = end;
  }
  return { ok: true, value: questions };
}

function decodeRecords(
  progress: Progress,
  count: number,
): Decoded<readonly DnsRecord[]> {
  const { message } = progress;
  const records: DnsRecord[] = [];
  for (let index = 0; index < count; index++) {
    const located = decodeRecord(message, progress.at);
    if (!located.ok) return located;
    const { record, end } = located.value;
    progress.at = end;
    if (record.type !== DNS_TYPE.OPT) {
      records.push(record);
      continue;
    }
    if (progress.edns !== null) return refuse("has more than one edns record");
    const edns = decodeEdns(message, located.value);
    if (!edns.ok) return edns;
    progress.edns = edns.value;
  }
  return { ok: true, value: records };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `dns ${why}` };
}
