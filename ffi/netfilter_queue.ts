/**
 * libnetfilter_queue: opens and configures a queue; packets are read as bytes.
 *
 * The queue is made with a null callback, so nfq_handle_packet must never be
 * called: it would jump to address zero.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { SOCKET } from "./sockets.ts";

// The library's file itself: `--allow-ffi` grants no symbolic link.
const LIBRARY_PATH =
  `/usr/lib/${Deno.build.arch}-linux-gnu/libnetfilter_queue.so.1.5.0`;

const SYMBOLS = {
  // <libnetfilter_queue/libnetfilter_queue.h>
  // struct nfq_handle *nfq_open(void);
  nfq_open: { parameters: [], result: "pointer" },
  // int nfq_close(struct nfq_handle *h);
  nfq_close: { parameters: ["pointer"], result: "i32" },
  // int nfq_fd(struct nfq_handle *h);
  nfq_fd: { parameters: ["pointer"], result: "i32" },
  // struct nfq_q_handle *nfq_create_queue(struct nfq_handle *h, uint16_t num,
  //                                       nfq_callback *cb, void *data);
  nfq_create_queue: {
    parameters: ["pointer", "u16", "pointer", "pointer"],
    result: "pointer",
  },
  // int nfq_destroy_queue(struct nfq_q_handle *qh);
  nfq_destroy_queue: { parameters: ["pointer"], result: "i32" },
  // int nfq_set_mode(struct nfq_q_handle *qh, uint8_t mode, uint32_t len);
  nfq_set_mode: { parameters: ["pointer", "u8", "u32"], result: "i32" },
  // int nfq_set_queue_maxlen(struct nfq_q_handle *qh, uint32_t queuelen);
  nfq_set_queue_maxlen: { parameters: ["pointer", "u32"], result: "i32" },
  // int nfq_set_queue_flags(qh, uint32_t mask, uint32_t flags);
  nfq_set_queue_flags: {
    parameters: ["pointer", "u32", "u32"],
    result: "i32",
  },
  // int nfq_set_verdict2(qh, uint32_t id, uint32_t verdict, uint32_t mark,
  //                      uint32_t datalen, const unsigned char *buf);
  nfq_set_verdict2: {
    parameters: ["pointer", "u32", "u32", "u32", "u32", "buffer"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

/** <linux/netfilter/nfnetlink_queue.h> */
const NFQNL_COPY_PACKET = 2;
/** <linux/netfilter/nfnetlink_queue.h> */
const NFQA_CFG_F_UID_GID = 1 << 3;
/** <linux/netlink.h> */
const SOL_NETLINK = 270;
/** <linux/netlink.h> */
const NETLINK_NO_ENOBUFS = 5;
/** <fcntl.h> */
const F_SETFD = 2;
/** <fcntl.h> */
const FD_CLOEXEC = 1;

/** <linux/netfilter.h> */
export const NF = { DROP: 0, ACCEPT: 1 } as const;

/** The whole packet; the kernel cuts at 65,531 bytes. */
const COPY_BYTES = 0xffff;
/** Packets the kernel holds for us before it refuses more. */
const QUEUE_PACKETS = 8192;
/** Of the socket; under 64 KiB the verdicts of large packets are lost. */
const RECEIVE_BYTES = 8 << 20;

/** The answer to one packet. */
export interface Verdict {
  /** Of {@linkcode NF}. */
  readonly verdict: number;
  /** The mark to give the packet. */
  readonly mark: number;
  /**
   * What goes on in place of the packet, from the IP header on: the kernel's
   * may refer to pages that its sender can still write to. Null leaves it.
   */
  readonly bytes: Uint8Array | null;
}

/** An open libnetfilter_queue. Dispose it after its queues. */
export class NetfilterQueueLibrary implements Disposable {
  readonly #library: Deno.DynamicLibrary<typeof SYMBOLS>;
  #open = true;

  /**
   * Loads the library.
   *
   * @throws {Error} When it is not installed, or without `--allow-ffi` for it.
   */
  constructor(path: string = LIBRARY_PATH) {
    this.#library = Deno.dlopen(path, SYMBOLS);
  }

  /** The path that is loaded, for messages. */
  static get path(): string {
    return LIBRARY_PATH;
  }

  /** The raw calls. */
  get symbols(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
    return this.#library.symbols;
  }

  /** Unloads the library; the symbols must not be called again. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.close();
  }
}

/** One queue with a socket of its own, in the calling thread's namespace. */
export class NetfilterQueue implements Disposable {
  readonly #libc: Libc;
  readonly #library: NetfilterQueueLibrary;
  readonly #handle: Deno.PointerValue;
  readonly #queue: Deno.PointerValue;
  readonly #fd: number;
  #open = true;

  /**
   * Binds a queue number and asks for whole packets with their owner's uid.
   *
   * @param libraries Both must outlive this object.
   * @param number 0 to 65535.
   * @throws {SystemCallError} EPERM without CAP_NET_ADMIN, or when another
   * process has bound the number.
   */
  constructor(
    libraries: { libc: Libc; library: NetfilterQueueLibrary },
    number: number,
  ) {
    const { libc, library } = libraries;
    const { symbols } = library;
    this.#libc = libc;
    this.#library = library;
    this.#handle = symbols.nfq_open();
    if (this.#handle === null) {
      throw new SystemCallError("nfq_open", libc.errno());
    }
    this.#queue = symbols.nfq_create_queue(this.#handle, number, null, null);
    if (this.#queue === null) {
      const errno = libc.errno();
      symbols.nfq_close(this.#handle);
      throw new SystemCallError("nfq_create_queue", errno);
    }
    this.#fd = symbols.nfq_fd(this.#handle);
    // The library leaves it to be inherited: a guarded command could then take
    // the packets out of the queue that judges it.
    libc.check("fcntl", libc.symbols.fcntl(this.#fd, F_SETFD, FD_CLOEXEC));
    libc.check(
      "nfq_set_mode",
      symbols.nfq_set_mode(this.#queue, NFQNL_COPY_PACKET, COPY_BYTES),
    );
    libc.check(
      "nfq_set_queue_maxlen",
      symbols.nfq_set_queue_maxlen(this.#queue, QUEUE_PACKETS),
    );
    // One flag in one call: a flag the kernel lacks fails all of its call.
    symbols.nfq_set_queue_flags(
      this.#queue,
      NFQA_CFG_F_UID_GID,
      NFQA_CFG_F_UID_GID,
    );
    this.#setOption(SOCKET.SOL_SOCKET, SOCKET.SO_RCVBUFFORCE, RECEIVE_BYTES);
    // A full socket drops the packet, which is closed; an error in front of
    // every later packet would only slow the way out of the flood.
    this.#setOption(SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
  }

  /** The netlink socket, to poll. */
  get fd(): number {
    return this.#fd;
  }

  /**
   * Receives one netlink datagram without waiting.
   *
   * @param buffer At least 128 KiB, so that nothing is cut.
   * @returns Its length in bytes, or -1 when there is none.
   * @throws {SystemCallError} With any errno but EAGAIN, EINTR and ENOBUFS.
   */
  receive(buffer: Uint8Array<ArrayBuffer>): number {
    const count = this.#libc.symbols.recv(
      this.#fd,
      buffer,
      BigInt(buffer.length),
      SOCKET.MSG_DONTWAIT,
    );
    if (count >= 0) return count;
    const errno = this.#libc.errno();
    if (
      errno === ERRNO.EAGAIN || errno === ERRNO.EINTR ||
      errno === ERRNO.ENOBUFS
    ) return -1;
    throw new SystemCallError("recv", errno);
  }

  /**
   * Answers one packet.
   *
   * @param id As the packet's message says.
   * @param answer The verdict and all that goes with it.
   */
  setVerdict(id: number, answer: Verdict): void {
    const { verdict, mark, bytes } = answer;
    this.#library.symbols.nfq_set_verdict2(
      this.#queue,
      id,
      verdict,
      mark,
      bytes === null ? 0 : bytes.length,
      // Ours, and not shared with another thread.
      bytes as Uint8Array<ArrayBuffer> | null,
    );
  }

  /** Unbinds: the kernel drops what it still holds for this queue. */
  [Symbol.dispose](): void {
    if (!this.#open) return;
    this.#open = false;
    this.#library.symbols.nfq_destroy_queue(this.#queue);
    this.#library.symbols.nfq_close(this.#handle);
  }

  #setOption(level: number, name: number, value: number): void {
    const result = this.#libc.symbols.setsockopt(
      this.#fd,
      level,
      name,
      Int32Array.of(value),
      4,
    );
    this.#libc.check("setsockopt", result);
  }
}
