/**
 * By which wire a forwarded packet came, and to which network namespace that
 * wire leads: the kernel's word, whatever the packet says of itself.
 *
 * @module
 */
import { decodeBridgeNeighbour } from "../decode/bridge_neighbour.ts";
import { decodeLinkPeer, type LinkPeer } from "../decode/link_peer.ts";
import { decodeNamespaceId } from "../decode/namespace_id.ts";
import type { QueuedPacket } from "../decode/nfqueue.ts";
import { RouteQuestions } from "./route_questions.ts";
import type { Libc } from "../../ffi/libc.ts";

/** <linux/rtnetlink.h> */
const RTM = {
  LINK: { get: 18, answer: 16 },
  NEIGHBOUR: { get: 30, answer: 28 },
  NAMESPACE: { get: 90, answer: 88 },
} as const;
/** <linux/socket.h>, <linux/neighbour.h>, <linux/net_namespace.h> */
const AF_BRIDGE = 7;
const NDA = { LLADDR: 2, MASTER: 9 } as const;
const NETNSA_FD = 3;
/** <linux/if_link.h>; without the counters, which are most of an answer. */
const IFLA_EXT_MASK = 29;
const RTEXT_FILTER_SKIP_STATS = 8;

/** The wire that a packet came by. */
export interface Wire {
  /** What this namespace calls the one at its other end. */
  readonly namespaceId: number;
  /** The ifindex of its other end, there. */
  readonly peer: number;
  /**
   * Whether the kernel saw it come by this one; else its hardware address is
   * there at present, which another container can pretend to have.
   */
  readonly isSure: boolean;
}

/** Asks about interfaces of the calling thread's network namespace. */
export class BridgePorts implements Disposable {
  readonly #questions: RouteQuestions;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#questions = new RouteQuestions(libc);
  }

  /**
   * Finds the wire that a packet came by.
   *
   * @returns Null when none leads to another network namespace.
   */
  wireOf(queued: QueuedPacket): Wire | null {
    const { inPort, inInterface, hardwareAddress } = queued;
    const direct = this.#wire(inPort === 0 ? inInterface : inPort, true);
    if (direct !== null || inPort !== 0) return direct;
    if (hardwareAddress === 0) return null;
    const port = this.#portOf(inInterface, hardwareAddress);
    return port === null ? null : this.#wire(port, false);
  }

  /**
   * What this namespace calls another.
   *
   * @param fd A descriptor of the other.
   * @returns Null when nothing leads there.
   */
  idOf(fd: number): number | null {
    return this.#questions.ask({
      types: RTM.NAMESPACE,
      body: [0, 0, 0, 0], // struct rtgenmsg, padded
      attributes: [[NETNSA_FD, fd]],
      decode: decodeNamespaceId,
    });
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#questions[Symbol.dispose]();
  }

  #wire(index: number, isSure: boolean): Wire | null {
    const link: LinkPeer | null = this.#questions.ask({
      types: RTM.LINK,
      body: [...[0, 0, 0, 0], ...int(index), ...int(0), ...int(0)], // ifinfomsg
      attributes: [[IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS]],
      decode: decodeLinkPeer,
    });
    if (link === null || link.namespaceId === null) return null;
    const { namespaceId, peer } = link;
    return { namespaceId, peer, isSure };
  }

  /** The port behind which a bridge has last heard an address. */
  #portOf(bridge: number, hardwareAddress: number): number | null {
    const address = new Uint8Array(8);
    new DataView(address.buffer).setBigUint64(0, BigInt(hardwareAddress));
    return this.#questions.ask({
      types: RTM.NEIGHBOUR,
      body: [AF_BRIDGE, ...[0, 0, 0], ...int(0), ...int(0)], // struct ndmsg
      attributes: [[NDA.MASTER, bridge], [NDA.LLADDR, address.subarray(2)]],
      decode: decodeBridgeNeighbour,
    });
  }
}

function int(value: number): number[] {
  return [value, value >> 8, value >> 16, value >> 24].map((b) => b & 0xff);
}
