/**
 * The moment at which somebody changes rules of nf_tables, and who does.
 *
 * iptables-nft changes those; of iptables-legacy the kernel tells nothing.
 *
 * @module
 */
import { decodeNetlink } from "../decode/netlink.ts";
import {
  type Changer,
  decodeChanger,
  NEW_GENERATION_TYPE,
} from "../decode/nft_generation.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, SOCKET, Socket } from "../../ffi/sockets.ts";

/** <linux/netlink.h> */
const NETLINK_NETFILTER = 12;
/** NFNLGRP_NFTABLES, <linux/netfilter/nfnetlink.h>, as a bit. */
const NFTABLES_GROUP = 1 << 6;

/** A large rule set in one change must fit, or the changer's name is lost. */
const RECEIVE_BYTES = 4 << 20;
const BUFFER_BYTES = 65_536;
/** One look reads no more than this: somebody may change rules for ever. */
const MAX_DATAGRAMS = 10_000;

/** What happened since the last look. */
export interface RulesetChange {
  readonly isChanged: boolean;
  /** Who came last; null when nobody, or when too much happened to tell. */
  readonly by: Changer | null;
}

/** Hears of changes in the network namespace that it was made in. */
export class RulesetChanges implements Disposable {
  readonly #socket: Socket;
  readonly #buffer = new Uint8Array(BUFFER_BYTES);

  /**
   * @param libc Must outlive this object.
   * @throws {SystemCallError} When the kernel has no such group.
   */
  constructor(libc: Libc) {
    this.#socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_NETFILTER,
    });
    try {
      this.#socket.setOption(SOCKET.SOL_SOCKET, {
        name: SOCKET.SO_RCVBUFFORCE,
        value: RECEIVE_BYTES,
      });
      this.#socket.bind(netlinkAddress(NFTABLES_GROUP));
    } catch (error) {
      this.#socket[Symbol.dispose]();
      throw error;
    }
  }

  /** Becomes readable with a change. */
  get fd(): number {
    return this.#socket.fd;
  }

  /** Tells what happened since the last call. */
  take(): RulesetChange {
    let isChanged = false;
    let by: Changer | null = null;
    for (let count = 0; count < MAX_DATAGRAMS; count++) {
      let bytes: number;
      try {
        bytes = this.#socket.receive(this.#buffer);
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        // What was not heard may have been a change: the caller looks itself.
        isChanged = true;
        if (error.errno !== ERRNO.ENOBUFS) break;
        continue;
      }
      if (bytes < 0) break;
      isChanged = true;
      by = changerIn(this.#buffer.subarray(0, bytes)) ?? by;
    }
    return { isChanged, by };
  }

  /** Closes the socket; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function changerIn(datagram: Uint8Array): Changer | null {
  const messages = decodeNetlink(datagram);
  for (const { type, payload } of messages.ok ? messages.value : []) {
    if (type !== NEW_GENERATION_TYPE) continue;
    const changer = decodeChanger(payload);
    if (changer.ok) return changer.value;
  }
  return null;
}
