/**
 * A netlink socket that hears the kernel and nobody else.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";
import { withinNetworkNamespace } from "./namespaces.ts";
import { netlinkAddress, SOCKET, Socket } from "./sockets.ts";

/** struct sockaddr_nl, <linux/netlink.h>. */
const ADDRESS = { bytes: 12, portId: 4 } as const;

/**
 * That of kthreadd, the second process of the initial pid namespace: it never
 * leaves the initial one, and may be looked at where the first may not.
 */
const INITIAL_NETWORK = "/proc/2/ns/net";

/** What to hear, and how much of it is kept while nobody reads. */
export interface NetlinkOptions {
  /** NETLINK_*, <linux/netlink.h>. */
  readonly protocol: number;
  /** Multicast groups as bits; 0 hears answers only. */
  readonly groups: number;
  /** Of the receive buffer, beyond what the machine allows to others. */
  readonly receiveBytes: number;
}

/** In the initial network namespace. It borrows its {@linkcode Libc}. */
export class NetlinkSocket implements Disposable {
  readonly #libc: Libc;
  readonly #socket: Socket;
  readonly #from = new Uint8Array(ADDRESS.bytes);
  readonly #fromBytes = new Uint32Array(1);

  /**
   * Opens it there, wherever the calling thread is.
   *
   * @param libc Must outlive this object.
   * @throws {SystemCallError} Without root, or when the kernel has no such
   * protocol or group.
   */
  constructor(libc: Libc, options: NetlinkOptions) {
    const { protocol, groups, receiveBytes } = options;
    this.#libc = libc;
    this.#socket = withinNetworkNamespace(
      libc,
      INITIAL_NETWORK,
      () =>
        new Socket(libc, {
          domain: SOCKET.AF_NETLINK,
          type: SOCKET.RAW,
          protocol,
        }),
    );
    try {
      this.#socket.setOption(SOCKET.SOL_SOCKET, {
        name: SOCKET.SO_RCVBUFFORCE,
        value: receiveBytes,
      });
      this.#socket.bind(netlinkAddress(groups));
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** The descriptor, -1 when disposed. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** @throws {SystemCallError} With the errno of sendto(2). */
  send(message: Uint8Array<ArrayBuffer>): void {
    this.#socket.sendTo(message, netlinkAddress());
  }

  /**
   * Takes the next datagram, without waiting.
   *
   * One that another process sent is passed over: a process with rights over
   * the network could else tell of processes that there are not.
   *
   * @param buffer Longer datagrams are cut.
   * @returns Its length in bytes; -1 when there is none.
   * @throws {SystemCallError} ENOBUFS, once, after some did not fit.
   */
  receive(buffer: Uint8Array<ArrayBuffer>): number {
    for (;;) {
      this.#fromBytes[0] = ADDRESS.bytes;
      const count = this.#libc.symbols.recvfrom(
        this.#socket.fd,
        buffer,
        BigInt(buffer.length),
        SOCKET.MSG_DONTWAIT,
        this.#from,
        this.#fromBytes,
      );
      if (count >= 0) {
        if (this.#isFromKernel()) return count;
        continue;
      }
      const errno = this.#libc.errno();
      if (errno === ERRNO.EINTR) continue;
      if (errno === ERRNO.EAGAIN) return -1;
      throw new SystemCallError("recvfrom", errno);
    }
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #isFromKernel(): boolean {
    const view = new DataView(this.#from.buffer);
    return view.getUint32(ADDRESS.portId, true) === 0;
  }
}
