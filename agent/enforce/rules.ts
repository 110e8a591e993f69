/**
 * The firewall rules of one guard.
 *
 * Packets go to the packet thread in `mangle`, because NF_ACCEPT continues at
 * the next hook and not at the next rule; what the verdict's mark says is done
 * in `filter`; `security` drops what somebody's rule let by in front of ours.
 *
 * In each table a packet enters by OUT or FWD, which let by what is not asked
 * about, and ends in the table's own chain.
 *
 * @module
 */
import { MARK, MARK_MASK } from "./marks.ts";
import {
  answers,
  BY_KERNEL,
  type Chain,
  CHAIN_PREFIX,
  connmark,
  type Guarded,
  hex,
  type Hook,
  packetMark,
  PROBE_ADDRESS,
  REPLY,
  type Rule,
  type TableRules,
  toDns,
} from "./rule.ts";

/** `multiport` takes at most this many, <linux/netfilter/xt_multiport.h>. */
const MULTIPORT_PORTS = 15;

/** Neighbour discovery and group membership, RFC 4861, 2710, 3810. */
const NEIGHBOUR_TYPES = [131, 132, 133, 135, 136, 143];

/**
 * Let go without opening the flow: in the name of somebody outside, root could
 * call on a container, whose answers would then go to that somebody.
 */
const FOREIGN: Rule = [
  ...packetMark(MARK.ALLOW),
  ...["-m", "addrtype", "!", "--src-type", "LOCAL"],
  ...["-m", "conntrack", "--ctstate", "NEW,ESTABLISHED", "-j", "RETURN"],
];

/** One table before its way in. */
interface Stage {
  readonly table: TableRules["table"];
  /** Tells the chains of this table from those of the others. */
  readonly role: string;
  readonly first: boolean;
  /** What is done with a packet that is asked about. */
  readonly rules: readonly Rule[];
  /** The same for what this machine sends, in front of the others. */
  readonly own?: readonly Rule[];
}

/**
 * The rules for one address family: 4 for iptables, 6 for ip6tables.
 */
export function guardRules(guarded: Guarded, family: 4 | 6): TableRules[] {
  const mangle = buildTable(guarded, family, {
    table: "mangle",
    role: "ASK",
    // Last: TCPMSS and the like still see the packets that we take out of the
    // table. What leaves the table in front of us is unmarked, so refused.
    first: false,
    rules: askRules(guarded),
  });
  const filter = buildTable(guarded, family, {
    table: "filter",
    role: "ENFORCE",
    first: true,
    rules: enforceRules(guarded, family),
    own: [FOREIGN],
  });
  if (guarded.egress === "audit") {
    return [withAnswers(guarded, mangle), filter];
  }
  const security = buildTable(guarded, family, {
    table: "security",
    role: "BACKSTOP",
    first: true,
    rules: [
      ...[MARK.ALLOW, MARK.PASS, guarded.slot.dnsMark].map((mark) => [
        ...packetMark(mark),
        "-j",
        "RETURN",
      ]),
      ["-j", "DROP"],
    ],
  });
  return [withAnswers(guarded, mangle), filter, security];
}

function buildTable(guarded: Guarded, family: 4 | 6, stage: Stage): TableRules {
  const { table, role, first, rules } = stage;
  const end = chainName(guarded, role);
  const out = `${end}-OUT`;
  const forward = `${end}-FWD`;
  const local = `${end}-LO`;
  const decided = [...connmark(MARK.ALLOW), "-j", "RETURN"];
  // Our own refusal opens a flow to whom it refuses: what that one asks next
  // would be a reply in it.
  const question = [...toDns("udp"), "-g", end];
  const chains: Chain[] = [
    { name: end, rules },
    { name: local, rules: loopbackRules(family, end) },
    {
      name: out,
      rules: [
        decided,
        ["-o", "lo", "-g", local],
        ...stage.own ?? [],
        question,
        ...replyRules(guarded, "own"),
        ...(guarded.cgroup === null ? kernelRules(family) : []),
        ["-g", end],
      ],
    },
  ];
  const hooks: Hook[] = [
    { chain: "OUTPUT", first, rule: [...members(guarded), "-j", out] },
  ];
  if (guarded.cgroup === null) {
    const passing = [decided, question, ...replyRules(guarded, "forwarded")];
    chains.push({ name: forward, rules: [...passing, ["-g", end]] });
    hooks.push({ chain: "FORWARD", first, rule: ["-j", forward] });
  }
  return { table, chains, hooks };
}

/** To the packet thread; with nobody there, unmarked to the next table. */
function askRules({ slot }: Guarded): Rule[] {
  const dns = queue(slot.dnsQueue);
  return [
    // A process with SO_MARK must not bring its own verdict.
    ["-j", "MARK", "--set-xmark", `0x0/${hex(MARK_MASK)}`],
    [...toDns("udp"), ...dns],
    [...answers(slot), ...dns],
    queue(slot.flowQueue),
  ];
}

/** Adds the answers to queries let out, on their way to a local socket. */
function withAnswers(guarded: Guarded, mangle: TableRules): TableRules {
  const { slot } = guarded;
  const name = chainName(guarded, "ANSWER");
  const rule = [...answers(slot), "-j", name];
  return {
    table: mangle.table,
    chains: [...mangle.chains, { name, rules: [queue(slot.dnsQueue)] }],
    hooks: [...mangle.hooks, { chain: "INPUT", first: false, rule }],
  };
}

/** What the verdict's mark says, and what happens without one. */
function enforceRules({ slot, egress }: Guarded, family: 4 | 6): Rule[] {
  const save = [
    // A reset that we send ourselves belongs to the refused flow, in its
    // reply direction, and an error is related to the flow that it is about:
    // what these are marked with must not open that flow.
    ...["-m", "conntrack", "--ctdir", "ORIGINAL"],
    ...["--ctstate", "NEW,ESTABLISHED"],
    ...["-j", "CONNMARK", "--save-mark"],
    ...["--nfmask", hex(MARK_MASK), "--ctmask", hex(MARK_MASK)],
  ];
  const states = ["-m", "conntrack", "--ctstate", "INVALID,UNTRACKED"];
  const refused = egress === "block" ? [] : packetMark(MARK.DENY);
  const error = family === 4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited";
  return [
    [...packetMark(MARK.PASS), "-j", "RETURN"],
    ...(egress === "block" ? [[...states, "-j", "DROP"]] : []),
    ...[MARK.ALLOW, slot.dnsMark].flatMap((mark) => [
      [...packetMark(mark), ...save],
      [...packetMark(mark), "-j", "RETURN"],
    ]),
    ["-p", "tcp", ...refused, "-j", "REJECT", "--reject-with", "tcp-reset"],
    [...refused, "-j", "REJECT", "--reject-with", error],
  ];
}

/** What on `lo` is asked about all the same; all else stays on the machine. */
function loopbackRules(family: 4 | 6, end: string): Rule[] {
  const probe = ["-d", `${PROBE_ADDRESS.join(".")}/32`];
  return [
    ...(family === 4 ? [probe] : []),
    toDns("udp"),
    toDns("tcp"),
  ].map((match) => [...match, "-g", end]);
}

/** Answers on connections that others opened, as `inbound` says. */
function replyRules(guarded: Guarded, whose: "own" | "forwarded"): Rule[] {
  const { inbound, listening } = guarded;
  if (inbound === "allow") return [[...REPLY, "-j", "RETURN"]];
  // The ports are this machine's: a container's have nothing to do with them.
  if (inbound === "deny" || whose === "forwarded") return [];
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    chunks(listening[protocol]).map((ports) => [
      ...["-p", protocol, "-m", "multiport", "--sports", ports.join(",")],
      ...REPLY,
      "-j",
      "RETURN",
    ])
  );
}

/** What the kernel says by itself so that there is a network at all. */
function kernelRules(family: 4 | 6): Rule[] {
  const network = family === 4
    ? [["-p", "igmp"]]
    : NEIGHBOUR_TYPES.map((type) => [
      ...["-p", "ipv6-icmp", "-m", "icmp6", "--icmpv6-type", String(type)],
    ]);
  // What REJECT sends to a container. It shares the refused packet's connection,
  // which is not confirmed: the queue drops such a packet, and in `filter` it
  // could open that connection.
  const refusal = [...REPLY, ...["--ctstate", "RELATED"]];
  const matches = [...network, [...refusal, "!", "--ctstatus", "CONFIRMED"]];
  // Sent by a process, the same packet can carry anything anywhere.
  return matches.map((match) => [...match, ...BY_KERNEL, "-j", "RETURN"]);
}

function queue(number: number): Rule {
  // With nobody on the queue the packet goes on unmarked, and `filter`
  // refuses it at once; without this it would be lost, and the build hang.
  return ["-j", "NFQUEUE", "--queue-num", String(number), "--queue-bypass"];
}

function members({ cgroup }: Guarded): Rule {
  return cgroup === null ? [] : ["-m", "cgroup", "--path", cgroup];
}

/** The host's chains are bare, a command's have its slot in their names. */
function chainName({ cgroup, slot }: Guarded, role: string): string {
  return cgroup === null
    ? `${CHAIN_PREFIX}-${role}`
    : `${CHAIN_PREFIX}-${slot.number}-${role}`;
}

function chunks(ports: readonly number[]): (readonly number[])[] {
  return Array.from(
    { length: Math.ceil(ports.length / MULTIPORT_PORTS) },
    (_, index) =>
      ports.slice(index * MULTIPORT_PORTS, (index + 1) * MULTIPORT_PORTS),
  );
}
