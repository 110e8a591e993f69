/**
 * What must not go by the mark that its connection has.
 *
 * @module
 */
import { MARK, MARK_MASK } from "./marks.ts";
import {
  connmark,
  type Guarded,
  hex,
  packetMark,
  type Rule,
  type TableRules,
} from "./rule.ts";

/**
 * Takes the mark from connections that begin, so that they are asked about.
 *
 * A connection that its server has reset keeps its entry, and the mark in it,
 * for some seconds; the kernel lets the same ports open the next one in it,
 * tcp_packet() in net/netfilter/nf_conntrack_proto_tcp.c. That one may be for
 * another name.
 */
export function renewRules(guarded: Guarded): Rule[] {
  return [renewOpening(guarded), [...renewedMatch(guarded), ...CLEAR]];
}

/**
 * The first of them alone, for behind the queue: the last packet of the old
 * connection may be let go, and its mark saved, while the next one's first waits.
 */
export function renewOpening({ slot }: Guarded): Rule {
  const opens = ["-p", "tcp", "-m", "tcp", "--tcp-flags", "SYN,ACK", "SYN"];
  return [...opens, ...connmark(slot.allowMark), ...CLEAR];
}

/**
 * The same is for a connection that a helper of the kernel's (FTP, IRC, SIP)
 * read from the payload of another: it inherits that one's mark,
 * init_conntrack() in net/netfilter/nf_conntrack_core.c, and may go anywhere.
 */
export function renewedMatch({ slot }: Guarded): Rule {
  return [...EXPECTED, ...connmark(slot.allowMark)];
}

/**
 * What a process sends with a source that is not this machine's; IPv6 lets every
 * user do so (IPV6_FREEBIND). Sent to itself, it opens a connection in which
 * everything for that source would be an answer.
 *
 * Not root: it could, of old, by a raw socket, and so our own refusals are made
 * in the name of the server that was asked.
 */
export function forgedMatch(family: 4 | 6): Rule {
  return [
    // A machine without an address of its own asks for one.
    ...["!", "-s", family === 4 ? "0.0.0.0/32" : "::/128"],
    ...["-m", "conntrack", "--ctstate", "NEW"],
    ...["-m", "addrtype", "!", "--src-type", "LOCAL"],
    ...["-m", "owner", "--uid-owner", "1-4294967294"],
  ];
}

/**
 * Drops arrivals whose source lies elsewhere while nobody is there to judge
 * them: the answers would go to whom the sender names.
 *
 * Only what is new: by another way than its own, a login may be going on.
 *
 * @param filter The table, which gets one more chain.
 * @param name The chain's.
 */
export function withAstray(filter: TableRules, name: string): TableRules {
  const asked = packetMark(MARK.DENY);
  const rules = [["-m", "conntrack", "--ctstate", "NEW", "-j", "DROP"]];
  return {
    ...filter,
    chains: [...filter.chains, { name, rules }],
    hooks: [
      ...filter.hooks,
      { chain: "INPUT", first: true, rule: [...asked, "-j", name] },
    ],
  };
}

/** The first packet of a connection that a helper expects. */
const EXPECTED: Rule = [
  ...["-m", "conntrack", "--ctstate", "RELATED", "--ctstatus", "EXPECTED"],
];

/** Takes the mark from a connection. */
export const CLEAR = ["-j", "CONNMARK", "--set-xmark", `0x0/${hex(MARK_MASK)}`];
