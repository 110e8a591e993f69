/**
 * Which socket a forwarded packet came from, in whichever network namespace it
 * is: asked there while the packet is held.
 *
 * Addresses are no proof, as two containers may have the same one and a raw
 * socket writes any. The wire is: it leads to one namespace only. In FORWARD
 * the addresses are still the container's own, since source translation comes
 * later.
 *
 * @module
 */
import type { InetSocket } from "../decode/inet_diag.ts";
import { decodeLocalRoute } from "../decode/local_route.ts";
import { type Packet, PROTOCOL } from "../decode/packet.ts";
import type { QueuedPacket } from "../decode/nfqueue.ts";
import { BridgePorts, type Wire } from "./bridge_ports.ts";
import { NetNamespaces } from "./net_namespaces.ts";
import { ProcFiles } from "./proc_files.ts";
import { findRawSocket } from "./raw_sockets.ts";
import { RouteQuestions } from "./route_questions.ts";
import type { Place } from "./socket_holders.ts";
import { SocketDiagnostics } from "./socket_diagnostics.ts";
import type { Libc } from "../../ffi/libc.ts";
import { HomeNamespace } from "../../ffi/namespaces.ts";
import { SOCKET } from "../../ffi/sockets.ts";

/** <net/tcp_states.h> */
const TCP_LISTEN = 10;
/** <linux/rtnetlink.h> */
const RTM_ROUTE = { get: 26, answer: 24 } as const;
const RTA_DST = 1;

/** A socket in another network namespace. */
export interface ForwardedSocket {
  readonly inode: number;
  /** The user that made it, as this machine counts them. */
  readonly uid: number;
  /** Where its holder is likely to be. */
  readonly place: Place;
}

/** What is asked for. */
export interface ForwardedPacket {
  readonly queued: QueuedPacket;
  readonly packet: Packet;
}

/** Finds the sockets of forwarded packets. */
export class ForwardedSockets implements Disposable {
  readonly #libc: Libc;
  readonly #home: HomeNamespace;
  readonly #ports: BridgePorts;
  readonly #namespaces: NetNamespaces;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    this.#home = new HomeNamespace(libc);
    const ports = this.#ports = new BridgePorts(libc);
    const files = new ProcFiles(libc);
    this.#namespaces = new NetNamespaces(libc, { files, ports });
  }

  /**
   * Finds the socket that sent a packet.
   *
   * @returns Null when there is none, when it may have been another, or when it
   * came by no wire from a namespace of this machine.
   * @throws {SystemCallError} When the thread cannot come back.
   */
  find({ queued, packet }: ForwardedPacket): ForwardedSocket | null {
    const wire = this.#ports.wireOf(queued);
    if (wire === null) return null;
    const namespace = this.#namespaces.open(wire.namespaceId);
    if (namespace === null) return null;
    try {
      const ask = () => this.#ask(packet, wire);
      const found = this.#home.visit(namespace.fd, ask);
      return found === null ? null : { ...found, place: namespace };
    } finally {
      this.#libc.symbols.close(namespace.fd);
    }
  }

  /** Closes all descriptors; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#namespaces[Symbol.dispose]();
    this.#ports[Symbol.dispose]();
    this.#home[Symbol.dispose]();
  }

  /** In the packet's namespace. */
  #ask(packet: Packet, wire: Wire): Pick<InetSocket, "inode" | "uid"> | null {
    const { protocol } = packet;
    if (protocol !== PROTOCOL.TCP && protocol !== PROTOCOL.UDP) {
      if (!wire.isSure || !this.#isOwn(packet.source)) return null;
      return findRawSocket(this.#libc, packet);
    }
    // Not kept: whoever has a socket in a namespace keeps it from ending.
    using sockets = new SocketDiagnostics(this.#libc);
    const socket = sockets.find({ ...packet, interfaceIndex: wire.peer });
    if (socket === null || socket.inode === 0) return null;
    const { inode, uid } = socket;
    // Found for want of one that has this connection: no packet of a new or
    // known connection comes from who listens.
    if (socket.state === TCP_LISTEN) return null;
    if (socket.destinationPort !== 0) return { inode, uid };
    // Not connected, so it fits whatever source and destination there are.
    const isSure = wire.isSure && this.#isOwn(packet.source);
    return isSure ? { inode, uid } : null;
  }

  /** Whether the namespace that the thread is in has this address. */
  #isOwn(address: Uint8Array): boolean {
    using questions = new RouteQuestions(this.#libc);
    const family = address.length === 4 ? SOCKET.AF_INET : SOCKET.AF_INET6;
    return questions.ask({
      types: RTM_ROUTE,
      // struct rtmsg: family, length of the destination, and ten more.
      body: [family, address.length * 8, ...new Array<number>(10).fill(0)],
      attributes: [[RTA_DST, address]],
      decode: decodeLocalRoute,
    }) === true;
  }
}
