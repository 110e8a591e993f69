/**
 * Which interfaces lead to containers of this machine and not out of it.
 *
 * By kind and not by name: any bridge can be called docker0, and Docker calls
 * its user-defined ones br-<id>.
 *
 * @module
 */
import { decodeLink, type Link } from "../decode/link.ts";
import { decodeNetlink, NETLINK_TYPE } from "../decode/netlink.ts";
import { decodeDefaultRoute } from "../decode/route.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, SOCKET, Socket } from "../../ffi/sockets.ts";

/** <linux/netlink.h>, <linux/rtnetlink.h> */
const NETLINK_ROUTE = 0;
const NLM_F = { REQUEST: 0x1, DUMP: 0x300 } as const;
const RTM = { NEWLINK: 16, GETLINK: 18, NEWROUTE: 24, GETROUTE: 26 } as const;

/** A bridge can be made, or get a port, at any time. */
const FRESH_MS = 1000;

/** Kinds of a container's or virtual machine's end, <linux/if_link.h>. */
const LOCAL_KINDS: ReadonlySet<string> = new Set(["veth", "tun"]);

/** The interfaces of the calling thread's network namespace. */
export class Interfaces implements Disposable {
  readonly #socket: Socket;
  #internal: ReadonlySet<number> = new Set();
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
    if (index === 0) return false;
    if (nowMs - this.#readAtMs > FRESH_MS) {
      this.#internal = findInternal(this.#links(), this.#defaultRoutes());
      this.#readAtMs = nowMs;
    }
    return this.#internal.has(index);
  }

  /** Closes the descriptor; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }

  #links(): Link[] {
    return this.#dump(RTM.GETLINK, RTM.NEWLINK).flatMap((payload) => {
      const link = decodeLink(payload);
      return link.ok ? [link.value] : [];
    });
  }

  #defaultRoutes(): number[] {
    return this.#dump(RTM.GETROUTE, RTM.NEWROUTE).flatMap((payload) => {
      const route = decodeDefaultRoute(payload);
      return route.ok && route.value !== null ? route.value : [];
    });
  }

  #dump(type: number, answer: number): Uint8Array[] {
    const request = new Uint8Array(32); // nlmsghdr, then AF_UNSPEC and zeros
    const view = new DataView(request.buffer);
    const sequence = this.#sequence = (this.#sequence + 1) >>> 0;
    view.setUint32(0, request.length, true);
    view.setUint16(4, type, true);
    view.setUint16(6, NLM_F.REQUEST | NLM_F.DUMP, true);
    view.setUint32(8, sequence, true);
    this.#socket.sendTo(request, netlinkAddress());
    const buffer = new Uint8Array(65_536);
    const payloads: Uint8Array[] = [];
    for (;;) {
      const count = this.#socket.receive(buffer);
      if (count < 0) return payloads;
      const decoded = decodeNetlink(buffer.slice(0, count));
      if (!decoded.ok) return payloads;
      for (const message of decoded.value) {
        if (message.sequence !== sequence) continue;
        if (message.type === NETLINK_TYPE.DONE) return payloads;
        if (message.type === answer) payloads.push(message.payload);
      }
    }
  }
}

function findInternal(
  links: readonly Link[],
  defaultRoutes: readonly number[],
): ReadonlySet<number> {
  return new Set(
    links.filter(({ index, kind }) => {
      if (kind !== "bridge" || defaultRoutes.includes(index)) return false;
      const ports = links.filter(({ master }) => master === index);
      return ports.every((port) => LOCAL_KINDS.has(port.kind ?? ""));
    }).map(({ index }) => index),
  );
}
