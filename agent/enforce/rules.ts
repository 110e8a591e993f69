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
  foreignRule,
  kernelRules,
  loopbackRules,
  replyRules,
} from "./exempt_rules.ts";
import { openFlowRules, openingRules } from "./opening_rules.ts";
import {
  CLEAR,
  forgedMatch,
  renewedMatch,
  renewOpening,
  renewRules,
  withAstray,
} from "./renew_rules.ts";
import {
  answers,
  type Chain,
  chainName,
  connmark,
  DNS_CARRIERS,
  type Guarded,
  hex,
  type Hook,
  packetMark,
  queue,
  type Rule,
  type TableRules,
  toDns,
} from "./rule.ts";

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
  /** In front of all: what must not go by the mark of its connection. */
  readonly renew?: readonly Rule[];
  /** Where a process's packet with another's source goes. */
  readonly forged?: Rule;
  /** A chain besides, for that. */
  readonly more?: readonly Chain[];
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
    renew: renewRules(guarded),
    ...askForged(guarded),
  });
  // In silence: an answer would go to whom the sender names.
  const refused = guarded.egress === "block" ? { forged: ["-j", "DROP"] } : {};
  const filter = buildTable(guarded, family, {
    table: "filter",
    role: "ENFORCE",
    first: true,
    rules: enforceRules(guarded, family),
    own: [foreignRule(guarded)],
    renew: [renewOpening(guarded)],
    ...refused,
  });
  if (guarded.egress === "audit") {
    return [withArrivals(guarded, mangle), filter];
  }
  const { allowMark, dnsMark } = guarded.slot;
  const passed = [MARK.PASS, allowMark, dnsMark];
  const security = buildTable(guarded, family, {
    table: "security",
    role: "BACKSTOP",
    first: true,
    rules: [
      ...passed.map((mark) => [...packetMark(mark), "-j", "RETURN"]),
      ["-j", "DROP"],
    ],
    ...refused,
  });
  const astray = chainName(guarded, "ASTRAY");
  const filters = guarded.cgroup === null ? withAstray(filter, astray) : filter;
  return [withArrivals(guarded, mangle), filters, security];
}

function buildTable(guarded: Guarded, family: 4 | 6, stage: Stage): TableRules {
  const { table, role, first, rules, renew = [], forged, more = [] } = stage;
  const end = chainName(guarded, role);
  const out = `${end}-OUT`;
  const forward = `${end}-FWD`;
  const local = `${end}-LO`;
  const decided = [...connmark(guarded.slot.allowMark), "-j", "RETURN"];
  const asked = [...renew, ...openingRules(guarded, { family, end })];
  // Our own refusal opens a flow to whom it refuses: what that one asks next
  // would be a reply in it.
  const question = [...toDns("udp"), "-g", end];
  const chains: Chain[] = [
    { name: end, rules },
    { name: local, rules: loopbackRules(family, end) },
    {
      name: out,
      rules: [
        ...asked,
        decided,
        ...(forged ? [[...forgedMatch(family), ...forged]] : []),
        ["-o", "lo", "-g", local],
        ...stage.own ?? [],
        question,
        ...replyRules(guarded, "own"),
        ...(guarded.cgroup === null ? kernelRules(guarded, family) : []),
        ["-g", end],
      ],
    },
    ...more,
  ];
  const hooks: Hook[] = [
    { chain: "OUTPUT", first, rule: [...members(guarded), "-j", out] },
  ];
  if (guarded.cgroup === null) {
    const passing = [decided, question, ...replyRules(guarded, "forwarded")];
    chains.push({ name: forward, rules: [...asked, ...passing, ["-g", end]] });
    hooks.push({ chain: "FORWARD", first, rule: ["-j", forward] });
  }
  return { table, chains, hooks };
}

/** To the packet thread; with nobody there, unmarked to the next table. */
function askRules(guarded: Guarded): Rule[] {
  const { slot } = guarded;
  const dns = queue(slot.dnsQueue);
  return [
    // A process with SO_MARK must not bring its own verdict.
    ["-j", "MARK", "--set-xmark", `0x0/${hex(MARK_MASK)}`],
    ...openFlowRules(guarded),
    ...DNS_CARRIERS.flatMap((protocol) => [
      [...toDns(protocol), ...dns],
      [...answers(slot, protocol), ...dns],
    ]),
    queue(slot.flowQueue),
  ];
}

/** Marked for the packet thread, which could not tell it from others. */
function askForged(guarded: Guarded): Pick<Stage, "forged" | "more"> {
  const name = chainName(guarded, "FORGED");
  const mark = ["-j", "MARK", "--set-xmark"];
  const rules = [
    [...mark, `${hex(MARK.DENY)}/${hex(MARK_MASK)}`],
    queue(guarded.slot.flowQueue),
  ];
  return { forged: ["-g", name], more: [{ name, rules }] };
}

/**
 * Adds what is asked about when it comes in: answers to queries let out, on
 * their way to a local socket, and, for a host, packets whose source does not
 * lie where they come from. A container that writes one would make this
 * machine answer to an address of its choice.
 */
function withArrivals(guarded: Guarded, mangle: TableRules): TableRules {
  const { slot, cgroup } = guarded;
  const answer = chainName(guarded, "ANSWER");
  const source = chainName(guarded, "SOURCE");
  const expected = chainName(guarded, "EXPECTED");
  const chains: Chain[] = [
    { name: answer, rules: [queue(slot.dnsQueue)] },
    { name: expected, rules: [CLEAR] },
  ];
  const hooks: Hook[] = [
    ...DNS_CARRIERS.map((protocol) => ({
      chain: "INPUT" as const,
      first: false,
      rule: [...answers(slot, protocol), "-j", answer],
    })),
    {
      chain: "INPUT",
      first: false,
      rule: [...renewedMatch(guarded), "-j", expected],
    },
  ];
  if (cgroup === null) {
    const decided = [...connmark(slot.allowMark), "-j", "RETURN"];
    const forged = chainName(guarded, "FORGED");
    const astray = ["-m", "rpfilter", "--invert", "-g", forged];
    chains.push({ name: source, rules: [decided, astray] });
    hooks.push({ chain: "PREROUTING", first: false, rule: ["-j", source] });
  }
  return {
    table: mangle.table,
    chains: [...mangle.chains, ...chains],
    hooks: [...mangle.hooks, ...hooks],
  };
}

/** What the verdict's mark says, and what happens without one. */
function enforceRules({ slot, egress }: Guarded, family: 4 | 6): Rule[] {
  const save = [
    ...["-j", "CONNMARK", "--save-mark"],
    ...["--nfmask", hex(MARK_MASK), "--ctmask", hex(MARK_MASK)],
  ];
  // An error is related to the flow that it is about: what it is marked with
  // must not open that flow.
  const own = ["-m", "conntrack", "--ctstate", "NEW,ESTABLISHED"];
  // Neither must a reset that we send ourselves, in the reply direction.
  const opening = [...own, "--ctdir", "ORIGINAL"];
  const states = ["-m", "conntrack", "--ctstate", "INVALID,UNTRACKED"];
  const refused = egress === "block" ? [] : packetMark(MARK.DENY);
  const error = family === 4 ? "icmp-admin-prohibited" : "icmp6-adm-prohibited";
  return [
    [...packetMark(MARK.PASS), "-j", "RETURN"],
    ...(egress === "block" ? [[...states, "-j", "DROP"]] : []),
    [...packetMark(slot.allowMark), ...opening, ...save],
    [...packetMark(slot.allowMark), "-j", "RETURN"],
    // In both directions: our own refusal opens a flow from the server, and
    // what its client asks next is a reply in it.
    [...packetMark(slot.dnsMark), ...own, ...save],
    [...packetMark(slot.dnsMark), "-j", "RETURN"],
    ["-p", "tcp", ...refused, "-j", "REJECT", "--reject-with", "tcp-reset"],
    [...refused, "-j", "REJECT", "--reject-with", error],
  ];
}

function members({ cgroup }: Guarded): Rule {
  return cgroup === null ? [] : ["-m", "cgroup", "--path", cgroup];
}
