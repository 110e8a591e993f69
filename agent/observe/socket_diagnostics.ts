/**
 * Which socket a packet came from: sock_diag(7), asked while it is held.
 *
 * @module
 */
import { decodeInetSocket, type InetSocket } from "../decode/inet_diag.ts";
import { decodeNetlink } from "../decode/netlink.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, SOCKET, Socket } from "../../ffi/sockets.ts";

/** <linux/netlink.h> */
const NETLINK_SOCK_DIAG = 4;
const NLM_F_REQUEST = 0x1;
const NLM_F_DUMP = 0x300;
const NLMSG_DONE = 3;
/** <linux/sock_diag.h> */
const SOCK_DIAG_BY_FAMILY = 20;

/** struct nlmsghdr 16, struct inet_diag_req_v2 56; <linux/inet_diag.h>. */
const REQUEST_BYTES = 72;
const AT = {
  length: 0,
  type: 4,
  flags: 6,
  sequence: 8,
  family: 16,
  protocol: 17,
  states: 20,
  localPort: 24,
  remotePort: 26,
  local: 28,
  remote: 44,
  interfaceIndex: 60,
  cookie: 64,
} as const;

const ALL_STATES = 0xffff_ffff;
const IPPROTO_UDP = 17;

/** Of the thread: one is opened for a single question at times. */
const BUFFER = new Uint8Array(65_536);

/** A packet's addresses, from its sender's side. */
export interface Tuple {
  /** 6 or 17. */
  readonly protocol: number;
  readonly source: Uint8Array;
  readonly sourcePort: number;
  readonly destination: Uint8Array;
  readonly destinationPort: number;
  /** Index of the interface it leaves by: sockets can be bound to one. */
  readonly interfaceIndex: number;
}

/** One sock_diag socket, in the network namespace of its thread. */
export class SocketDiagnostics implements Disposable {
  readonly #socket: Socket;
  readonly #request = new Uint8Array(REQUEST_BYTES);
  readonly #view = new DataView(this.#request.buffer);
  readonly #kernel = netlinkAddress();
  #sequence = 0;

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} When the kernel has no sock_diag.
   */
  constructor(libc: Libc) {
    this.#socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_SOCK_DIAG,
    });
  }

  /**
   * Finds the socket that sent a TCP or UDP packet, connected or not.
   *
   * @returns Null when there is none: a packet of the kernel's own, or one
   * that is forwarded.
   */
  find(tuple: Tuple): InetSocket | null {
    const { source, sourcePort, destination, destinationPort } = tuple;
    this.#begin({
      family: source.length === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6,
      protocol: tuple.protocol,
      flags: NLM_F_REQUEST,
    });
    // net/ipv4/udp_diag.c looks UDP sockets up as if the request described a
    // packet that arrives: the remote end stands where TCP has the local one.
    const swapped = tuple.protocol === IPPROTO_UDP;
    const view = this.#view;
    view.setUint16(AT.localPort, swapped ? destinationPort : sourcePort);
    view.setUint16(AT.remotePort, swapped ? sourcePort : destinationPort);
    this.#request.set(swapped ? destination : source, AT.local);
    this.#request.set(swapped ? source : destination, AT.remote);
    view.setUint32(AT.interfaceIndex, tuple.interfaceIndex, true);
    this.#send();
    for (;;) {
      const count = this.#socket.receive(BUFFER);
      if (count < 0) return null;
      const decoded = decodeNetlink(BUFFER.subarray(0, count));
      const message = decoded.ok ? decoded.value[0] : undefined;
      // An answer that came too late for an earlier question is not ours.
      if (message === undefined || message.sequence !== this.#sequence) {
        continue;
      }
      if (message.type !== SOCK_DIAG_BY_FAMILY) return null;
      const socket = decodeInetSocket(message.payload);
      return socket.ok ? socket.value : null;
    }
  }

  /**
   * Lists all sockets of a family and protocol.
   *
   * @param what `states` is a bit set of TCP states, <net/tcp_states.h>.
   */
  list(
    what: { family: 4 | 6; protocol: number; states: number },
  ): InetSocket[] {
    this.#begin({
      family: what.family === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6,
      protocol: what.protocol,
      flags: NLM_F_REQUEST | NLM_F_DUMP,
    });
    this.#view.setUint32(AT.states, what.states, true);
    this.#send();
    const sockets: InetSocket[] = [];
    for (;;) {
      const count = this.#socket.receive(BUFFER);
      if (count < 0) return sockets;
      const decoded = decodeNetlink(BUFFER.slice(0, count));
      if (!decoded.ok) return sockets;
      for (const message of decoded.value) {
        if (message.sequence !== this.#sequence) continue;
        if (message.type === NLMSG_DONE) return sockets;
        if (message.type !== SOCK_DIAG_BY_FAMILY) return sockets;
        const socket = decodeInetSocket(message.payload);
        if (socket.ok) sockets.push(socket.value);
      }
    }
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #begin(head: { family: number; protocol: number; flags: number }): void {
    this.#request.fill(0);
    const view = this.#view;
    this.#sequence = (this.#sequence + 1) >>> 0;
    view.setUint32(AT.length, REQUEST_BYTES, true);
    view.setUint16(AT.type, SOCK_DIAG_BY_FAMILY, true);
    view.setUint16(AT.flags, head.flags, true);
    view.setUint32(AT.sequence, this.#sequence, true);
    view.setUint8(AT.family, head.family);
    view.setUint8(AT.protocol, head.protocol);
    view.setUint32(AT.states, ALL_STATES, true);
    // INET_DIAG_NOCOOKIE, twice: any socket with these addresses will do.
    view.setUint32(AT.cookie, 0xffff_ffff);
    view.setUint32(AT.cookie + 4, 0xffff_ffff);
  }

  #send(): void {
    this.#socket.sendTo(this.#request, this.#kernel);
  }
}
