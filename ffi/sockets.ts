/**
 * Sockets, poll and eventfd through libc, in the calling thread's namespaces.
 *
 * @module
 */
import { ERRNO, SystemCallError } from "./errors.ts";
import type { Libc } from "./libc.ts";

/** <sys/socket.h>, <bits/socket.h>, <bits/socket_type.h>. */
export const SOCKET = {
  AF_INET: 2,
  AF_INET6: 10,
  AF_NETLINK: 16,
  STREAM: 1,
  DGRAM: 2,
  RAW: 3,
  NONBLOCK: 0o4000,
  CLOEXEC: 0o2000000,
  SOL_SOCKET: 1,
  SO_ERROR: 4,
  SO_RCVBUFFORCE: 33,
  MSG_DONTWAIT: 0x40,
  /** <linux/in.h>, <linux/in6.h>: the sender writes the IP header. */
  IPPROTO_RAW: 255,
  IPPROTO_IPV6: 41,
  IPV6_HDRINCL: 36,
  IPV6_V6ONLY: 26,
} as const;

/** <poll.h> */
export const POLLIN = 1;
/** <poll.h> */
export const POLLOUT = 4;

/**
 * A sockaddr_in or sockaddr_in6, <netinet/in.h>.
 *
 * @param address 4 or 16 bytes in network order.
 */
export function socketAddress(
  address: Uint8Array,
  port: number,
): Uint8Array<ArrayBuffer> {
  const v4 = address.length === 4;
  const bytes = new Uint8Array(v4 ? 16 : 28);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, v4 ? SOCKET.AF_INET : SOCKET.AF_INET6, true);
  view.setUint16(2, port);
  bytes.set(address, v4 ? 4 : 8);
  return bytes;
}

/** A sockaddr_nl for the kernel, <linux/netlink.h>. */
export function netlinkAddress(groups = 0): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12);
  const view = new DataView(bytes.buffer);
  view.setUint16(0, SOCKET.AF_NETLINK, true);
  view.setUint32(8, groups, true);
  return bytes;
}

/** One socket. It borrows its {@linkcode Libc} and owns its descriptor. */
export class Socket implements Disposable {
  readonly #libc: Libc;
  #fd: number;

  /**
   * Opens a socket that children do not inherit.
   *
   * @param libc Must outlive this object.
   * @param kind As socket(2) takes them; `type` may hold NONBLOCK.
   * @throws {SystemCallError} With the errno of socket(2).
   */
  constructor(
    libc: Libc,
    kind: { domain: number; type: number; protocol: number },
  ) {
    const { domain, type, protocol } = kind;
    this.#libc = libc;
    this.#fd = libc.check(
      "socket",
      libc.symbols.socket(domain, type | SOCKET.CLOEXEC, protocol),
    );
  }

  /** The descriptor, -1 when disposed. */
  get fd(): number {
    return this.#fd;
  }

  /** @throws {SystemCallError} With the errno of setsockopt(2). */
  setOption(level: number, option: { name: number; value: number }): void {
    const value = Int32Array.of(option.value);
    this.#libc.check(
      "setsockopt",
      this.#libc.symbols.setsockopt(this.#fd, level, option.name, value, 4),
    );
  }

  /** @throws {SystemCallError} With the errno of bind(2). */
  bind(address: Uint8Array<ArrayBuffer>): void {
    const { symbols } = this.#libc;
    this.#libc.check(
      "bind",
      symbols.bind(this.#fd, address, address.length),
    );
  }

  /** @throws {SystemCallError} With the errno of listen(2). */
  listen(backlog: number): void {
    this.#libc.check("listen", this.#libc.symbols.listen(this.#fd, backlog));
  }

  /** The port it is bound to. */
  localPort(): number {
    const address = new Uint8Array(28);
    const length = Uint32Array.of(address.length);
    this.#libc.check(
      "getsockname",
      this.#libc.symbols.getsockname(this.#fd, address, length),
    );
    return new DataView(address.buffer).getUint16(2);
  }

  /**
   * Starts or makes a connection.
   *
   * @returns 0, or the errno, EINPROGRESS on a non-blocking socket.
   */
  connect(address: Uint8Array<ArrayBuffer>): number {
    const { symbols } = this.#libc;
    const result = symbols.connect(this.#fd, address, address.length);
    return result === 0 ? 0 : this.#libc.errno();
  }

  /** How a connection attempt ended: 0 or an errno, SO_ERROR in socket(7). */
  takeError(): number {
    const value = new Int32Array(1);
    const length = Uint32Array.of(4);
    this.#libc.check(
      "getsockopt",
      this.#libc.symbols.getsockopt(
        this.#fd,
        SOCKET.SOL_SOCKET,
        SOCKET.SO_ERROR,
        value,
        length,
      ),
    );
    return value[0]!;
  }

  /**
   * Sends one datagram.
   *
   * @throws {SystemCallError} With the errno of sendto(2).
   */
  sendTo(
    bytes: Uint8Array<ArrayBuffer>,
    address: Uint8Array<ArrayBuffer>,
  ): void {
    const { symbols } = this.#libc;
    const sent = symbols.sendto(
      this.#fd,
      bytes,
      BigInt(bytes.length),
      0,
      address,
      address.length,
    );
    this.#libc.check("sendto", sent);
  }

  /**
   * Receives one datagram without waiting.
   *
   * @param buffer Longer datagrams are cut.
   * @returns Its length in bytes, or -1 when there is none.
   * @throws {SystemCallError} With any errno but EAGAIN and EINTR.
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
    if (errno === ERRNO.EAGAIN || errno === ERRNO.EINTR) return -1;
    throw new SystemCallError("recv", errno);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }
}

/**
 * Waits for one of several descriptors.
 *
 * Built once and used for each wait, since it stands on the packet's way.
 */
export class Poller {
  readonly #libc: Libc;
  readonly #entries: DataView<ArrayBuffer>;
  readonly #bytes: Uint8Array<ArrayBuffer>;
  readonly #count: bigint;

  /** @param events {@linkcode POLLIN} or {@linkcode POLLOUT}, for all. */
  constructor(libc: Libc, fds: readonly number[], events: number = POLLIN) {
    this.#libc = libc;
    this.#bytes = new Uint8Array(fds.length * 8); // struct pollfd, <poll.h>
    this.#entries = new DataView(this.#bytes.buffer);
    this.#count = BigInt(fds.length);
    for (const [index, fd] of fds.entries()) {
      this.#entries.setInt32(index * 8, fd, true);
      this.#entries.setInt16(index * 8 + 4, events, true);
    }
  }

  /**
   * Blocks this thread.
   *
   * @param timeoutMs -1 waits for ever.
   * @returns How many are ready; 0 after the timeout or an interruption.
   */
  wait(timeoutMs: number): number {
    const ready = this.#libc.symbols.poll(
      this.#bytes,
      this.#count,
      timeoutMs,
    );
    if (ready >= 0) return ready;
    const errno = this.#libc.errno();
    if (errno === ERRNO.EINTR) return 0;
    throw new SystemCallError("poll", errno);
  }

  /** Whether the last wait found this one ready, in error or hung up. */
  isReady(index: number): boolean {
    return this.#entries.getInt16(index * 8 + 6, true) !== 0;
  }
}
