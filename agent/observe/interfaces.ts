/**
 * Which interfaces lead to containers of this machine and not out of it.
 *
 * By kind and not by name: any bridge can be called docker0, and Docker calls
 * its user-defined ones br-<id>.
 *
 * @module
 */
import {
  decodeInterfaceAddress,
  type InterfaceAddress,
} from "../decode/interface_address.ts";
import { decodeLink, type Link } from "../decode/link.ts";
import { decodeNetlink, NETLINK_TYPE } from "../decode/netlink.ts";
import { decodeDefaultRoute } from "../decode/route.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, SOCKET, Socket } from "../../ffi/sockets.ts";

/** <linux/netlink.h>, <linux/rtnetlink.h> */
const NETLINK_ROUTE = 0;
const NLM_F = { REQUEST: 0x1, DUMP: 0x300 } as const;
const RTM = {
  LINK: { get: 18, answer: 16 },
  ADDRESS: { get: 22, answer: 20 },
  ROUTE: { get: 26, answer: 24 },
} as const;

/** A bridge can be made, or get a port, at any time. */
const FRESH_MS = 1000;

/** Kinds of a container's or virtual machine's end, <linux/if_link.h>. */
const LOCAL_KINDS: ReadonlySet<string> = new Set(["veth", "tun"]);

/** What was read of the namespace. */
interface Reading {
  readonly known: ReadonlySet<number>;
  /** The networks of each internal interface. */
  readonly internal: ReadonlyMap<number, readonly InterfaceAddress[]>;
}

/** The interfaces of the calling thread's network namespace. */
export class Interfaces implements Disposable {
  readonly #socket: Socket;
  #reading: Reading = { known: new Set(), internal: new Map() };
  #readAtMs = -Infinity;
  #sequence = 0;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_ROUTE,
    });
  }

  /**
   * Whether an interface is a bridge that leads only to this machine's own
   * containers: all its ports are veth or tun, and no default route is behind
   * it.
   *
   * @param index Its ifindex; 0 is none.
   * @param nowMs Milliseconds on a clock that never goes back.
   */
  isInternal(index: number, nowMs: number): boolean {
    return index !== 0 && this.#read(index, nowMs).internal.has(index);
  }

  /**
   * Whether an address is one of those behind an internal interface.
   *
   * The interface alone says nothing: a process can bind a socket to a bridge,
   * and a container can write any source. Multicast and link-local addresses
   * are nobody's here, as another interface may carry them too.
   *
   * @param index The interface's ifindex; 0 is none.
   * @param of The address, 4 or 16 bytes, and the time as above.
   */
  isBehind(
    index: number,
    of: { readonly address: Uint8Array; readonly nowMs: number },
  ): boolean {
    const { address, nowMs } = of;
    if (index === 0 || !isGlobalUnicast(address)) return false;
    const networks = this.#read(index, nowMs).internal.get(index) ?? [];
    return networks.some((network) => isInNetwork(address, network));
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #read(index: number, nowMs: number): Reading {
    const isOld = nowMs - this.#readAtMs > FRESH_MS;
    if (!isOld && this.#reading.known.has(index)) return this.#reading;
    this.#readAtMs = nowMs;
    const links = this.#dump(RTM.LINK, decodeLink);
    const routes = this.#dump(RTM.ROUTE, decodeDefaultRoute);
    const addresses = this.#dump(RTM.ADDRESS, decodeInterfaceAddress);
    const outward = new Set(routes.flatMap((indexes) => indexes ?? []));
    const internal = links.filter((link) => isContainerBridge(link, links))
      .filter((link) => !outward.has(link.index));
    return this.#reading = {
      known: new Set(links.map((link) => link.index)),
      internal: new Map(internal.map((link) => [
        link.index,
        addresses.filter((address) => address.index === link.index),
      ])),
    };
  }

  #dump<T>(
    type: { readonly get: number; readonly answer: number },
    decode: (payload: Uint8Array) => { ok: true; value: T } | { ok: false },
  ): T[] {
    const request = new Uint8Array(32); // nlmsghdr, then AF_UNSPEC and zeros
    const view = new DataView(request.buffer);
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    view.setUint32(0, request.length, true);
    view.setUint16(4, type.get, true);
    view.setUint16(6, NLM_F.REQUEST | NLM_F.DUMP, true);
    view.setUint32(8, sequence, true);
    this.#socket.sendTo(request, netlinkAddress());
    const buffer = new Uint8Array(65_536);
    const values: T[] = [];
    for (;;) {
      const count = this.#socket.receive(buffer);
      if (count < 0) return values;
      const messages = decodeNetlink(buffer.slice(0, count));
      for (const message of messages.ok ? messages.value : []) {
        if (message.sequence !== sequence) continue;
        if (message.type === NETLINK_TYPE.DONE) return values;
        if (message.type !== type.answer) continue;
        const decoded = decode(message.payload);
        if (decoded.ok) values.push(decoded.value);
      }
    }
  }
}

function isContainerBridge(link: Link, links: readonly Link[]): boolean {
  return link.kind === "bridge" &&
    links.filter(({ master }) => master === link.index)
      .every(({ kind }) => LOCAL_KINDS.has(kind ?? ""));
}

/** RFC 5771, RFC 919, RFC 3927; RFC 4291 sections 2.5.6 and 2.7. */
function isGlobalUnicast(address: Uint8Array): boolean {
  const first = address[0]!;
  const second = address[1]!;
  if (address.length === 4) {
    return first > 0 && first < 224 && !(first === 169 && second === 254);
  }
  return first !== 0xff && !(first === 0xfe && (second & 0xc0) === 0x80);
}

function isInNetwork(
  address: Uint8Array,
  network: InterfaceAddress,
): boolean {
  if (address.length !== network.address.length) return false;
  for (let bit = 0; bit < network.prefixBits; bit += 8) {
    const left = Math.min(8, network.prefixBits - bit);
    const mask = (0xff << (8 - left)) & 0xff;
    const at = bit >> 3;
    if (((address[at]! ^ network.address[at]!) & mask) !== 0) return false;
  }
  return true;
}
