/**
 * Removes empty nf_tables tables, for which iptables-nft has no command.
 *
 * iptables-nft makes a table at its first rule and never takes it away; with
 * this, a namespace that had no `mangle` before has none afterwards.
 *
 * @module
 */
import {
  decodeNetlink,
  decodeNetlinkError,
  findAttribute,
  NETLINK_TYPE,
  type NetlinkMessage,
} from "../decode/netlink.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import type { Libc } from "../../ffi/libc.ts";
import { netlinkAddress, Poller, SOCKET, Socket } from "../../ffi/sockets.ts";
import {
  encodeAttribute,
  encodeMessage,
  type NetfilterMessage,
  NETLINK_NETFILTER,
  NLM_F,
} from "./netfilter_message.ts";

/** <linux/netfilter/nfnetlink.h> */
const BATCH = { BEGIN: 16, END: 17 } as const;
const NFNL_SUBSYS_NFTABLES = 10;
/** <linux/netfilter/nf_tables.h> */
const NFT_MSG = { DELTABLE: 2, NEWCHAIN: 3, GETCHAIN: 4, DELCHAIN: 5 } as const;
const NFTA_TABLE_NAME = 1;
const NFTA_CHAIN = { TABLE: 1, NAME: 3 } as const;
/** <linux/netfilter.h>: NFPROTO_IPV4, NFPROTO_IPV6. */
const NFPROTO = { 4: 2, 6: 10 } as const;

const ANSWER_TIMEOUT_MS = 1000;

interface Table {
  readonly family: 4 | 6;
  readonly name: string;
}

/**
 * Removes a table whose chains hold no rule, in one transaction.
 *
 * @param table Its family and its name, such as `mangle`.
 * @returns False when a rule is in it, or when it is not there.
 * @throws {SystemCallError} When the kernel does not answer.
 */
export function removeEmptyTable(libc: Libc, table: Table): boolean {
  using channel = new Channel(libc);
  const family = NFPROTO[table.family];
  // Not recursive: EBUSY if anybody has put a rule there in the meantime.
  const flags = NLM_F.ACK | NLM_F.NONREC;
  const chains = listChains(channel, table);
  const last = chains.length + 2;
  channel.send([
    message({ type: BATCH.BEGIN, sequence: 1 }),
    ...chains.map((chain, index) =>
      message({
        type: nftType(NFT_MSG.DELCHAIN),
        flags,
        sequence: index + 2,
        family,
        attributes: [
          attribute(NFTA_CHAIN.TABLE, table.name),
          attribute(NFTA_CHAIN.NAME, chain),
        ],
      })
    ),
    message({
      type: nftType(NFT_MSG.DELTABLE),
      flags,
      sequence: last,
      family,
      attributes: [attribute(NFTA_TABLE_NAME, table.name)],
    }),
    message({ type: BATCH.END, sequence: last + 1 }),
  ]);
  for (const { type, payload, sequence } of channel.receive()) {
    if (type !== NETLINK_TYPE.ERROR) continue;
    const error = decodeNetlinkError(payload);
    if (!error.ok || error.value.errno !== 0) return false;
    if (sequence === last) return true;
  }
  return false;
}

function listChains(channel: Channel, table: Table): string[] {
  const family = NFPROTO[table.family];
  const flags = NLM_F.DUMP;
  const type = nftType(NFT_MSG.GETCHAIN);
  channel.send([message({ type, flags, sequence: 1, family })]);
  const chains: string[] = [];
  for (const { type, payload } of channel.receive()) {
    if (type !== nftType(NFT_MSG.NEWCHAIN)) break;
    const attributes = payload.subarray(4); // struct nfgenmsg
    if (text(attributes, NFTA_CHAIN.TABLE) !== table.name) continue;
    const name = text(attributes, NFTA_CHAIN.NAME);
    if (name !== null) chains.push(name);
  }
  return chains;
}

function text(attributes: Uint8Array, type: number): string | null {
  const found = findAttribute(attributes, type);
  return found === null
    ? null
    : new TextDecoder().decode(found).replace(/\0$/, "");
}

/** One conversation with nf_tables. */
class Channel implements Disposable {
  readonly #socket: Socket;
  readonly #poller: Poller;

  constructor(libc: Libc) {
    this.#socket = new Socket(libc, {
      domain: SOCKET.AF_NETLINK,
      type: SOCKET.RAW,
      protocol: NETLINK_NETFILTER,
    });
    this.#poller = new Poller(libc, [this.#socket.fd]);
  }

  send(messages: readonly Uint8Array[]): void {
    const bytes = new Uint8Array(messages.flatMap((each) => [...each]));
    this.#socket.sendTo(bytes, netlinkAddress());
  }

  *receive(): Generator<NetlinkMessage> {
    const buffer = new Uint8Array(65_536);
    while (this.#poller.wait(ANSWER_TIMEOUT_MS) > 0) {
      const count = this.#socket.receive(buffer);
      if (count < 0) continue;
      const decoded = decodeNetlink(buffer.slice(0, count));
      if (decoded.ok) yield* decoded.value;
    }
    throw new SystemCallError("recv", ERRNO.EAGAIN);
  }

  [Symbol.dispose](): void {
    this.#socket[Symbol.dispose]();
  }
}

function nftType(type: number): number {
  return (NFNL_SUBSYS_NFTABLES << 8) | type;
}

/** A string as netlink has it, with its NUL. */
function attribute(type: number, value: string): Uint8Array {
  return encodeAttribute(type, new TextEncoder().encode(value + "\0"));
}

/** A message of a batch that is for nf_tables. */
function message(what: NetfilterMessage): Uint8Array {
  return encodeMessage({ ...what, resource: NFNL_SUBSYS_NFTABLES });
}
