/**
 * The firewall rules of one guard, as data.
 *
 * Packets go to the packet thread in `mangle`, because NF_ACCEPT continues at
 * the next hook and not at the next rule; what the verdict's mark says is done
 * in `filter`; `security` drops what somebody's rule let by in front of ours.
 *
 * @module
 */
import { MARK, MARK_MASK, type Slot } from "./marks.ts";

/** One rule: what follows `-A CHAIN`, word by word. */
export type Rule = readonly string[];

/** One table's share. */
export interface TableRules {
  readonly table: "mangle" | "filter" | "security";
  /** Chains of our own, each flushed before it is filled. */
  readonly chains: readonly {
    readonly name: string;
    readonly rules: readonly Rule[];
  }[];
  /** Rules in the kernel's chains; `first` stands in front of all others. */
  readonly hooks: readonly {
    readonly chain: "INPUT" | "OUTPUT" | "FORWARD";
    readonly first: boolean;
    readonly rule: Rule;
  }[];
}

/** What decides over the rules' shape. */
export interface Guarded {
  readonly slot: Slot;
  readonly egress: "audit" | "block";
  readonly inbound: "listening" | "allow" | "deny";
  /** Path from the cgroup v2 root without a leading slash; null is the host. */
  readonly cgroup: string | null;
  /** TCP and UDP ports that had a listener when the guard was armed. */
  readonly listening: {
    readonly tcp: readonly number[];
    readonly udp: readonly number[];
  };
}

/** All chains of ours begin so; nobody else's do. */
export const CHAIN_PREFIX = "SLUICE";

/**
 * A loopback address that is judged like any other, for the self-test: a
 * connect to it is refused by us, and could not leave if we were broken.
 */
export const PROBE_ADDRESS = Uint8Array.of(127, 83, 76, 85);

/** `multiport` takes at most this many, <linux/netfilter/xt_multiport.h>. */
const MULTIPORT_PORTS = 15;

/** Neighbour discovery and group membership of the kernel, RFC 4861, 3810. */
const NEIGHBOUR_TYPES = [133, 135, 136, 131, 132, 143];

/**
 * The rules for one address family.
 *
 * @param family 4 for iptables, 6 for ip6tables.
 */
export function guardRules(guarded: Guarded, family: 4 | 6): TableRules[] {
  const name = chainNames(guarded);
  const exempt = exemptions(guarded, family);
  const cgroup = guarded.cgroup === null
    ? []
    : ["-m", "cgroup", "--path", guarded.cgroup];
  const table = (what: {
    table: TableRules["table"];
    chain: string;
    local: string;
    judge: string;
    first: boolean;
    rules: readonly Rule[];
  }): TableRules => ({
    table: what.table,
    chains: [
      { name: what.judge, rules: what.rules },
      { name: what.local, rules: loopback(family, what.judge) },
      {
        name: what.chain,
        rules: [
          [...connmark(MARK.ALLOW), "-j", "RETURN"],
          ["-o", "lo", "-g", what.local],
          ...exempt,
          ["-g", what.judge],
        ],
      },
    ],
    hooks: [
      {
        chain: "OUTPUT",
        first: what.first,
        rule: [...cgroup, "-j", what.chain],
      },
      ...(guarded.cgroup === null
        ? [{
          chain: "FORWARD" as const,
          first: what.first,
          rule: ["-j", what.chain],
        }]
        : []),
    ],
  });

  const mangle = table({
    table: "mangle",
    chain: name("DECIDE"),
    local: name("DECIDE-LO"),
    judge: name("ASK"),
    // Last: TCPMSS and the like still see the packets that we take out of the
    // table. What leaves the table in front of us is unmarked, so refused.
    first: false,
    rules: askRules(guarded.slot),
  });
  const tables: TableRules[] = [
    withAnswers(mangle, { chain: name("ANSWER"), slot: guarded.slot }),
    table({
      table: "filter",
      chain: name("ENFORCE"),
      local: name("ENFORCE-LO"),
      judge: name("VERDICT"),
      first: true,
      rules: verdictRules(guarded, family),
    }),
  ];
  if (guarded.egress === "block") {
    tables.push(table({
      table: "security",
      chain: name("BACKSTOP"),
      local: name("BACKSTOP-LO"),
      judge: name("LAST"),
      first: true,
      rules: [
        ...[MARK.ALLOW, MARK.PASS, guarded.slot.dnsMark].map((mark) => [
          ...packetMark(mark),
          "-j",
          "RETURN",
        ]),
        ["-j", "DROP"],
      ],
    }));
  }
  return tables;
}

/** The chain names of a guard: the host's bare, a command's with its slot. */
function chainNames(guarded: Guarded): (role: string) => string {
  const infix = guarded.cgroup === null ? "" : `-${guarded.slot.number}`;
  return (role) => `${CHAIN_PREFIX}${infix}-${role}`;
}

function askRules(slot: Slot): Rule[] {
  const queue = (number: number) => [
    "-j",
    "NFQUEUE",
    "--queue-num",
    String(number),
    // With nobody on the queue the packet goes on unmarked, and `filter`
    // refuses it at once; without this it would be lost, and the build hang.
    "--queue-bypass",
  ];
  return [
    // A process with SO_MARK must not bring its own verdict.
    ["-j", "MARK", "--set-xmark", `0x0/${hex(MARK_MASK)}`],
    ["-p", "udp", "-m", "udp", "--dport", "53", ...queue(slot.dnsQueue)],
    [
      "-p",
      "udp",
      "-m",
      "udp",
      "--sport",
      "53",
      ...connmark(slot.dnsMark),
      ...queue(slot.dnsQueue),
    ],
    queue(slot.flowQueue),
  ];
}

/** Adds the answers to queries let out, on their way to a local socket. */
function withAnswers(
  mangle: TableRules,
  what: { chain: string; slot: Slot },
): TableRules {
  const { chain, slot } = what;
  const queue = ["--queue-num", String(slot.dnsQueue), "--queue-bypass"];
  const match = ["-p", "udp", "-m", "udp", "--sport", "53"];
  const answer = [...match, ...connmark(slot.dnsMark), "-j", chain];
  return {
    table: mangle.table,
    chains: [
      { name: chain, rules: [["-j", "NFQUEUE", ...queue]] },
      ...mangle.chains,
    ],
    hooks: [...mangle.hooks, { chain: "INPUT", first: false, rule: answer }],
  };
}

function verdictRules(guarded: Guarded, family: 4 | 6): Rule[] {
  const { dnsMark } = guarded.slot;
  const save = [
    // A reset that we send ourselves belongs to the refused flow, in its
    // reply direction: what it is marked with must not open that flow.
    "-m",
    "conntrack",
    "--ctdir",
    "ORIGINAL",
    "-j",
    "CONNMARK",
    "--save-mark",
    "--nfmask",
    hex(MARK_MASK),
    "--ctmask",
    hex(MARK_MASK),
  ];
  const refused = guarded.egress === "block" ? [] : packetMark(MARK.DENY);
  const unreachable = family === 4
    ? "icmp-admin-prohibited"
    : "icmp6-adm-prohibited";
  return [
    ...(guarded.egress === "block"
      ? [[
        "-m",
        "conntrack",
        "--ctstate",
        "INVALID,UNTRACKED",
        "-j",
        "DROP",
      ]]
      : []),
    [...packetMark(MARK.ALLOW), ...save],
    [...packetMark(MARK.ALLOW), "-j", "RETURN"],
    [...packetMark(dnsMark), ...save],
    [...packetMark(dnsMark), "-j", "RETURN"],
    [...packetMark(MARK.PASS), "-j", "RETURN"],
    ["-p", "tcp", ...refused, "-j", "REJECT", "--reject-with", "tcp-reset"],
    [...refused, "-j", "REJECT", "--reject-with", unreachable],
  ];
}

/** What on `lo` is judged all the same; all else stays on the machine. */
function loopback(family: 4 | 6, judge: string): Rule[] {
  const probe = ["-d", `${PROBE_ADDRESS.join(".")}/32`, "-g", judge];
  return [
    ...(family === 4 ? [probe] : []),
    ["-p", "udp", "-m", "udp", "--dport", "53", "-g", judge],
    ["-p", "tcp", "-m", "tcp", "--dport", "53", "-g", judge],
  ];
}

function exemptions(guarded: Guarded, family: 4 | 6): Rule[] {
  const rules: Rule[] = [];
  const reply = ["-m", "conntrack", "--ctdir", "REPLY"];
  if (guarded.inbound === "allow") rules.push([...reply, "-j", "RETURN"]);
  if (guarded.inbound === "listening") {
    for (const protocol of ["tcp", "udp"] as const) {
      const ports = guarded.listening[protocol];
      for (let at = 0; at < ports.length; at += MULTIPORT_PORTS) {
        const some = ports.slice(at, at + MULTIPORT_PORTS).join(",");
        const sports = ["-p", protocol, "-m", "multiport", "--sports", some];
        rules.push([...sports, ...reply, "-j", "RETURN"]);
      }
    }
  }
  if (family === 6 && guarded.cgroup === null) {
    const icmp = ["-p", "ipv6-icmp", "-m", "icmp6", "--icmpv6-type"];
    for (const type of NEIGHBOUR_TYPES) {
      rules.push([...icmp, String(type), "-j", "RETURN"]);
    }
  }
  return rules;
}

function connmark(mark: number): Rule {
  return ["-m", "connmark", "--mark", `${hex(mark)}/${hex(MARK_MASK)}`];
}

function packetMark(mark: number): Rule {
  return ["-m", "mark", "--mark", `${hex(mark)}/${hex(MARK_MASK)}`];
}

function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}
