/**
 * Single questions to rtnetlink(7), each with one answer: quick enough for
 * while a packet waits.
 *
 * @module
 */
import type { Decoded } from "../decode/bytes.ts";
import { decodeNetlink } from "../decode/netlink.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, SOCKET, Socket } from "../../ffi/sockets.ts";

/** <linux/netlink.h> */
const NETLINK_ROUTE = 0;
const NLM_F_REQUEST = 0x1;
const HEADER_BYTES = 16;
const ATTRIBUTE_HEADER_BYTES = 4;

/** Of the thread: one is opened for a single question at times. */
const REQUEST = new Uint8Array(96);
const VIEW = new DataView(REQUEST.buffer);
const ANSWER = new Uint8Array(32_768);

/** A question, and how its answer is read. */
export interface RouteQuestion<T> {
  /** The type of the request, and the one of the answer: `RTM_GET…`, `RTM_NEW…`. */
  readonly types: { readonly get: number; readonly answer: number };
  /** The struct after the header, padded. */
  readonly body: readonly number[];
  /** After the struct; a number is written as an int. */
  readonly attributes: readonly (readonly [number, number | Uint8Array])[];
  readonly decode: (payload: Uint8Array) => Decoded<T>;
}

/** One socket, in the network namespace that its thread is in when it opens. */
export class RouteQuestions implements Disposable {
  readonly #socket: Socket;
  readonly #kernel = netlinkAddress();
  #sequence = 0;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_ROUTE,
    });
  }

  /** Asks, and returns null when the kernel knows no answer. */
  ask<T>(question: RouteQuestion<T>): T | null {
    const bytes = this.#write(question);
    this.#socket.sendTo(REQUEST.subarray(0, bytes), this.#kernel);
    for (;;) {
      const count = this.#socket.receive(ANSWER);
      if (count < 0) return null;
      const messages = decodeNetlink(ANSWER.subarray(0, count));
      const message = messages.ok ? messages.value[0] : undefined;
      if (message?.sequence !== this.#sequence) continue;
      if (message.type !== question.types.answer) return null;
      const decoded = question.decode(message.payload);
      return decoded.ok ? decoded.value : null;
    }
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #write({ types, body, attributes }: RouteQuestion<unknown>): number {
    REQUEST.fill(0);
    this.#sequence = (this.#sequence + 1) >>> 0;
    REQUEST.set(body, HEADER_BYTES);
    let end = HEADER_BYTES + body.length;
    for (const [type, value] of attributes) {
      const start = end + ATTRIBUTE_HEADER_BYTES;
      const length = typeof value === "number" ? 4 : value.length;
      VIEW.setUint16(end, ATTRIBUTE_HEADER_BYTES + length, true);
      VIEW.setUint16(end + 2, type, true);
      if (typeof value === "number") VIEW.setInt32(start, value, true);
      else REQUEST.set(value, start);
      end = start + ((length + 3) & ~3);
    }
    VIEW.setUint32(0, end, true);
    VIEW.setUint16(4, types.get, true);
    VIEW.setUint16(6, NLM_F_REQUEST, true);
    VIEW.setUint32(8, this.#sequence, true);
    return end;
  }
}
