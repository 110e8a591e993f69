/**
 * A connection to a socket in the file system, which never waits.
 *
 * @module
 */
import type { Libc } from "./libc.ts";
import { SOCKET, Socket } from "./sockets.ts";

/** <bits/socket.h> */
const AF_UNIX = 1;
const MSG_NOSIGNAL = 0x4000;
/** struct sockaddr_un, <sys/un.h>: family 2, path 108 with its NUL. */
const ADDRESS_BYTES = 110;

/** One connection. It borrows its {@linkcode Libc} and owns its descriptor. */
export class UnixClient implements Disposable {
  readonly #libc: Libc;
  readonly #socket: Socket;

  private constructor(libc: Libc, socket: Socket) {
    this.#libc = libc;
    this.#socket = socket;
  }

  /**
   * Connects, if that is possible at once.
   *
   * @param path At most 107 bytes.
   * @returns Null when nobody listens there, or is too busy.
   */
  static connect(libc: Libc, path: string): UnixClient | null {
    const text = new TextEncoder().encode(path);
    if (text.length >= ADDRESS_BYTES - 2) return null;
    const address = new Uint8Array(ADDRESS_BYTES);
    new DataView(address.buffer).setUint16(0, AF_UNIX, true);
    address.set(text, 2);
    const socket = new Socket(libc, {
      domain: AF_UNIX,
      type: SOCKET.STREAM | SOCKET.NONBLOCK,
      protocol: 0,
    });
    if (socket.connect(address) === 0) return new UnixClient(libc, socket);
    socket[Symbol.dispose]();
    return null;
  }

  /** The descriptor, -1 when disposed. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** @returns Whether all of it was taken. */
  send(bytes: Uint8Array<ArrayBuffer>): boolean {
    const sent = this.#libc.symbols.sendto(
      this.fd,
      bytes,
      BigInt(bytes.length),
      MSG_NOSIGNAL,
      new Uint8Array(1),
      0,
    );
    return sent === bytes.length;
  }

  /**
   * Receives what is there.
   *
   * @returns Its length; 0 at the end, -1 when there is nothing yet.
   * @throws {SystemCallError} With any errno but EAGAIN and EINTR.
   */
  receive(buffer: Uint8Array<ArrayBuffer>): number {
    return this.#socket.receive(buffer);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}
