/**
 * The proc connector: hears of every fork, exec and exit on the host.
 *
 * @see <linux/cn_proc.h>
 * @module
 */
import { decodeNetlink } from "../decode/netlink.ts";
import { decodeProcEvent, type ProcEvent } from "../decode/proc_event.ts";
import { CLOCK, readClockUs } from "../../ffi/clock.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { NetlinkSocket } from "../../ffi/netlink_socket.ts";

/** <linux/netlink.h> */
const NETLINK_CONNECTOR = 11;
const NLMSG_DONE = 3;
/** CN_IDX_PROC and CN_VAL_PROC, <linux/connector.h>; the first is the group. */
const PROC = 1;
/** enum proc_cn_mcast_op, <linux/cn_proc.h>. */
const PROC_CN_MCAST = { LISTEN: 1, IGNORE: 2 } as const;

/** struct nlmsghdr 16, struct cn_msg 20, the operation 4. */
const REQUEST_BYTES = 40;

/**
 * A processor that forks without end makes 20,000 events a second, about 1 KiB
 * each in the buffer: a second of a reader that is held up.
 */
const RECEIVE_BYTES = 64 << 20;
const BUFFER_BYTES = 4096;
/** One look takes no more than this: events may come for ever. */
const MAX_EVENTS = 65_536;
/** Numbers above are none of a processor. */
const MAX_CPUS = 8192;

/** An event at its time since boot. */
export interface TimedProcEvent extends ProcEvent {
  /** Microseconds on CLOCK_BOOTTIME. */
  readonly atUs: number;
}

/** Of the whole host. It borrows its {@linkcode Libc}. */
export class ProcConnector implements Disposable {
  readonly #libc: Libc;
  readonly #socket: NetlinkSocket;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);
  /** By processor, the number that the next event will have. */
  readonly #next = new Map<number, number>();
  #lost = 0;

  /**
   * Begins to listen.
   *
   * @param libc Must outlive this object.
   * @param receiveBytes What the kernel keeps while nobody reads.
   * @throws {SystemCallError} Without root, or when the kernel has none.
   */
  constructor(libc: Libc, receiveBytes = RECEIVE_BYTES) {
    this.#libc = libc;
    this.#socket = new NetlinkSocket(libc, {
      protocol: NETLINK_CONNECTOR,
      groups: PROC,
      receiveBytes,
    });
    try {
      this.#ask(PROC_CN_MCAST.LISTEN);
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** Becomes readable with an event. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** How many events did not reach us since the last call. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /** What has happened since the last call, in its order; never waits. */
  *take(): Generator<TimedProcEvent> {
    const offsetUs = readClockUs(this.#libc, CLOCK.BOOTTIME) -
      readClockUs(this.#libc, CLOCK.MONOTONIC);
    for (let count = 0; count < MAX_EVENTS; count++) {
      const bytes = this.#receive();
      if (bytes < 0) return;
      const messages = decodeNetlink(this.#buffer.subarray(0, bytes));
      for (const { payload } of messages.ok ? messages.value : []) {
        const event = decodeProcEvent(payload);
        if (!event.ok) continue;
        this.#count(event.value);
        const atUs = event.value.monotonicUs + offsetUs;
        if (event.value.kind !== "other") yield { ...event.value, atUs };
      }
    }
  }

  /** Stops listening; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.fd < 0) return;
    try {
      // The kernel counts listeners, and makes events for as long as it has one.
      this.#ask(PROC_CN_MCAST.IGNORE);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
    this.#socket[Symbol.dispose]();
  }

  #receive(): number {
    for (;;) {
      try {
        return this.#socket.receive(this.#buffer);
      } catch (error) {
        // How many it were, the numbers of the events that come next say.
        const isFull = error instanceof SystemCallError &&
          error.errno === ERRNO.ENOBUFS;
        if (!isFull) throw error;
      }
    }
  }

  #count({ cpu, sequence }: ProcEvent): void {
    // The answer to our own request has no processor on older kernels.
    if (cpu >= MAX_CPUS) return;
    const wanted = this.#next.get(cpu) ?? sequence;
    this.#lost += (sequence - wanted) >>> 0;
    this.#next.set(cpu, (sequence + 1) >>> 0);
  }

  #ask(operation: number): void {
    const request = new Uint8Array(REQUEST_BYTES);
    const view = new DataView(request.buffer);
    view.setUint32(0, REQUEST_BYTES, true);
    view.setUint16(4, NLMSG_DONE, true);
    view.setUint32(16, PROC, true);
    view.setUint32(20, PROC, true);
    view.setUint16(32, 4, true);
    view.setUint32(36, operation, true);
    this.#socket.send(request);
  }
}
