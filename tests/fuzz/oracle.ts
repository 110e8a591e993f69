/**
 * What may leave, found out in another way than Sluice does.
 *
 * Plain and slow on purpose: it shares no code with the agent. It knows the one
 * policy of `world.ts`, and what a server behind the guard can make of all that
 * was let through.
 *
 * @module
 */
import { must } from "./target.ts";
import { ALLOWED } from "./world.ts";

/** A segment that was let through. */
export interface Passed {
  readonly sequence: number;
  readonly acknowledgment: number;
  readonly flags: number;
  readonly payload: Uint8Array;
}

const FLAG = { SYN: 2, RST: 4, ACK: 16 } as const;
/** Header, the allowed name, type and class. */
const PLAIN_QUERY_BYTES = 12 + 14 + 4;
const MAX_BYTES = 16_384;
const DNS_PORT = 53;
const TLS_HANDSHAKE = 22;

/**
 * A server's view of one connection, whatever got lost on the way to it.
 *
 * A SYN begins another, where what follows does not agree with what was before
 * it: a server that kept those bytes would need a client that chooses its
 * sequence numbers, with raw sockets.
 */
export class ServerStream {
  readonly #port: number;
  /** Bytes by their offset. */
  #stream = new Map<number, number>();
  /** Those since the same SYN came again; null when it did not. */
  #again: Map<number, number> | null = null;
  #base = -1;
  /** Bytes that were sent, by their sequence number. */
  readonly #offered = new Map<number, number>();
  readonly #acknowledgments = new Set<number>();

  /** @param port That the server listens on. */
  constructor(port: number) {
    this.#port = port;
  }

  /** Takes note of a segment that was sent, whether or not it is let through. */
  offer({ sequence, flags, payload }: Passed): void {
    const isSyn = (flags & (FLAG.SYN | FLAG.ACK)) === FLAG.SYN;
    const first = isSyn ? (sequence + 1) >>> 0 : sequence;
    // One that is dropped comes again, and is the same.
    if (isSyn && this.#base < 0) this.#base = first;
    for (const [at, byte] of payload.entries()) {
      const place = (first + at) >>> 0;
      if (!this.#offered.has(place)) this.#offered.set(place, byte);
    }
  }

  /** Adds a segment of the client's. */
  add({ sequence, acknowledgment, flags, payload }: Passed): void {
    if ((flags & FLAG.ACK) !== 0) this.#acknowledgments.add(acknowledgment);
    // What a reset carries is read by nobody, RFC 9293 section 3.10.7.4.
    if ((flags & FLAG.RST) !== 0) return;
    const isSyn = (flags & FLAG.SYN) !== 0;
    // An answer to nothing: no server opens a connection for it.
    if (isSyn && (flags & FLAG.ACK) !== 0) return;
    if (isSyn) this.#begin((sequence + 1) >>> 0);
    must(
      this.#base >= 0 || payload.length === 0,
      "no data is let through that no SYN has begun",
    );
    const start = ((isSyn ? sequence + 1 : sequence) - this.#base) | 0;
    for (const [at, byte] of payload.entries()) {
      const offset = start + at;
      if (offset < 0 || offset >= MAX_BYTES) continue;
      this.#again?.set(offset, byte);
      if (this.#again !== null && this.#stream.get(offset) !== byte) {
        if (this.#stream.has(offset)) this.#stream = this.#again;
      }
      const before = this.#stream.get(offset);
      // Else a server that got one and not the other reads what nobody judged.
      must(
        before === undefined || before === byte,
        "what was let through agrees with itself",
      );
      this.#stream.set(offset, byte);
    }
  }

  /** Whether what was sent can no more be sent with another content. */
  get isSettled(): boolean {
    return this.#stream.get(0) !== TLS_HANDSHAKE ||
      this.#acknowledgments.size > 1;
  }

  #begin(base: number): void {
    if (base === this.#base) this.#again = new Map();
    else {
      this.#stream = new Map();
      this.#again = null;
    }
    this.#base = base;
  }

  /** Checks what a server can have read by now. */
  check(): void {
    const stream = this.#stream;
    if (stream.size === 0) return;
    const reach = Math.max(...stream.keys()) + 1;
    if (this.#port === DNS_PORT) {
      const whole = collect((at) => stream.get(at));
      checkQuestions(whole, reach);
      return;
    }
    // What was seen and not let through may be lost; then it is sent again.
    const sent = collect((at) =>
      stream.get(at) ?? this.#offered.get((this.#base + at) >>> 0)
    );
    checkStream(sent, { port: this.#port, reach });
  }
}

/** Bytes up to the first that is not there. */
function collect(byteAt: (at: number) => number | undefined): Uint8Array {
  const bytes: number[] = [];
  for (;;) {
    const byte = byteAt(bytes.length);
    if (byte === undefined) return Uint8Array.from(bytes);
    bytes.push(byte);
  }
}

/** Checks one DNS message that goes to a name server. */
export function checkQuery(message: Uint8Array): void {
  const name = String.fromCharCode(...message.subarray(12, 26)).toLowerCase();
  must(name === "\x07allowed\x04test\0", "only an allowed name is asked for");
  const counts = [...message.subarray(4, 12)].join("");
  must(
    message.length === PLAIN_QUERY_BYTES && (message[2]! & 0xf8) === 0 &&
      counts === "01000000",
    "a query is one question and nothing else",
  );
}

/**
 * Whole questions; of one that is not, its length alone tells nothing. The end
 * of one may be let through when its start was lost, to be sent again.
 */
function checkQuestions(bytes: Uint8Array, reach: number): void {
  let at = 0;
  while (at + 2 < bytes.length) {
    const end = at + 2 + ((bytes[at]! << 8) | bytes[at + 1]!);
    must(end <= reach, "no question is let through without its end");
    if (end > bytes.length) return;
    checkQuery(bytes.subarray(at + 2, end));
    at = end;
  }
}

/** Checks what was let through, with what was sent behind it. */
function checkStream(
  sent: Uint8Array,
  { port, reach }: { port: number; reach: number },
): void {
  const isTls = sent[0] === TLS_HANDSHAKE &&
    (sent[1] === undefined || sent[1] === 3);
  const text = String.fromCharCode(...sent);
  const isHttp = /^\S+ \S+ HTTP\/1\.[01]\r\n/.test(text);
  if (port === 443 && !isHttp) must(isTls, "on port 443 TLS is spoken");
  if (port === 80 && !isTls) must(isHttp, "on port 80 HTTP is spoken");
  if (isTls) {
    must(readName(sent) === ALLOWED.name, "a hello says the allowed name");
  } else if (isHttp) checkRequests(sent, { port, reach });
}

/**
 * Requests without a body, as the scripts' are. A part of one is let through
 * when the rest of it was seen: then it is sent again.
 */
function checkRequests(
  sent: Uint8Array,
  { port, reach }: { port: number; reach: number },
): void {
  // TLS behind a gap tells its server nothing: what fills the gap is judged.
  must(sent.length >= reach, "no request behind a gap is let through");
  const text = String.fromCharCode(...sent);
  for (let at = 0; at < reach;) {
    const end = text.indexOf("\r\n\r\n", at);
    must(end >= 0, "no request is let through before all of it was seen");
    const head = text.slice(at, end);
    at = end + 4;
    const hosts = [...head.matchAll(/^host:[ \t]*(.*?)[ \t]*$/gim)]
      .map(([, host]) => host!);
    must(hosts.length === 1, "a request has one host");
    const target = /^\S+ http:\/\/([^/]*)/.exec(head)?.[1];
    for (const host of target === undefined ? hosts : [...hosts, target]) {
      must(isAllowedHost(host, port), "a request goes to the allowed host");
    }
  }
}

function isAllowedHost(host: string, port: number): boolean {
  const [name, own] = host.trim().toLowerCase().split(":");
  return name!.replace(/\.$/, "") === ALLOWED.name &&
    (own === undefined || own === "" || own === String(port));
}

/** The name in the first ClientHello; null when it is cut or has none. */
function readName(stream: Uint8Array): string | null {
  const message: number[] = [];
  for (let at = 0; at + 5 <= stream.length && stream[at] === TLS_HANDSHAKE;) {
    const bytes = (stream[at + 3]! << 8) | stream[at + 4]!;
    message.push(...stream.subarray(at + 5, at + 5 + bytes));
    at += 5 + bytes;
  }
  const two = (at: number) => (message[at]! << 8) | message[at + 1]!;
  const end = 4 + ((message[1]! << 16) | two(2));
  if (message[0] !== 1 || message.length < end) return null;
  let at = 4 + 2 + 32;
  at += 1 + message[at]!;
  at += 2 + two(at);
  at += 1 + message[at]!;
  for (at += 2; at + 4 <= end; at += 4 + two(at + 2)) {
    if (two(at) !== 0) continue;
    const name = message.slice(at + 9, at + 9 + two(at + 7));
    return String.fromCharCode(...name).toLowerCase();
  }
  return null;
}
