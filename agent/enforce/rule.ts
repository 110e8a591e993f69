/**
 * A firewall rule as data, and the matches that several rules share.
 *
 * @module
 */
import { MARK_MASK, type Slot } from "./marks.ts";

/** One rule: what follows `-A CHAIN`, word by word. */
export type Rule = readonly string[];

/** A chain of our own. */
export interface Chain {
  readonly name: string;
  readonly rules: readonly Rule[];
}

/** A rule in one of the kernel's chains. */
export interface Hook {
  readonly chain: "PREROUTING" | "INPUT" | "OUTPUT" | "FORWARD";
  /** True puts it in front of all others, false behind them. */
  readonly first: boolean;
  readonly rule: Rule;
}

/** One table's share of a guard. */
export interface TableRules {
  readonly table: "mangle" | "filter" | "security";
  readonly chains: readonly Chain[];
  readonly hooks: readonly Hook[];
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
  /**
   * UDP ports on which a flow that was let go is asked again about what may
   * open another connection in it; null is any port.
   */
  readonly saidPorts: readonly number[] | null;
}

/** All chains of ours begin so; nobody else's do. */
export const CHAIN_PREFIX = "SLUICE";

/**
 * A loopback address that is judged like any other, for the self-test: a
 * connect to it is refused by us, and could not leave if we were broken.
 */
export const PROBE_ADDRESS = Uint8Array.of(127, 83, 76, 85);

/** Packets in the direction that did not open the connection. */
export const REPLY: Rule = ["-m", "conntrack", "--ctdir", "REPLY"];

/**
 * Packets that no process sent: the kernel's sockets have no file, and only
 * the inverted match holds for those, net/netfilter/xt_owner.c.
 */
export const BY_KERNEL: Rule = [
  "-m",
  "owner",
  "!",
  "--uid-owner",
  "0-4294967294",
];

/** `multiport` takes at most this many, <linux/netfilter/xt_multiport.h>. */
const MULTIPORT_PORTS = 15;

/** Matches of TCP or UDP that come from or go to any of some ports. */
export function portMatches(
  protocol: "tcp" | "udp",
  of: { readonly ports: readonly number[]; readonly flag: string },
): Rule[] {
  const { ports, flag } = of;
  const count = Math.ceil(ports.length / MULTIPORT_PORTS);
  return Array.from({ length: count }, (_, index) => {
    const from = index * MULTIPORT_PORTS;
    const some = ports.slice(from, from + MULTIPORT_PORTS).join(",");
    return ["-p", protocol, "-m", "multiport", flag, some];
  });
}

/** What carries DNS. */
export const DNS_CARRIERS = ["udp", "tcp"] as const;

/** To a port 53. */
export function toDns(protocol: "tcp" | "udp"): Rule {
  return ["-p", protocol, "-m", protocol, "--dport", "53"];
}

/** From a port 53, in a flow whose queries this guard lets out. */
export function answers(slot: Slot, protocol: "tcp" | "udp"): Rule {
  const from = ["-p", protocol, "-m", protocol, "--sport", "53"];
  return [...from, ...connmark(slot.dnsMark)];
}

/** Flows that carry one of our marks. */
export function connmark(mark: number): Rule {
  return ["-m", "connmark", "--mark", `${hex(mark)}/${hex(MARK_MASK)}`];
}

/** Packets that carry one of our marks. */
export function packetMark(mark: number): Rule {
  return ["-m", "mark", "--mark", `${hex(mark)}/${hex(MARK_MASK)}`];
}

/** A rule as iptables-restore takes it. */
export function ruleText(rule: Rule): string {
  return rule.map((word) => word.includes(" ") ? `"${word}"` : word).join(" ");
}

/** A mark as iptables prints it. */
export function hex(mark: number): string {
  return `0x${mark.toString(16)}`;
}

/** To the packet thread. */
export function queue(number: number): Rule {
  // With nobody on the queue the packet goes on unmarked, and `filter`
  // refuses it at once; without this it would be lost, and the build hang.
  return ["-j", "NFQUEUE", "--queue-num", String(number), "--queue-bypass"];
}

/** The host's chains are bare, a command's have its slot in their names. */
export function chainName({ cgroup, slot }: Guarded, role: string): string {
  return cgroup === null
    ? `${CHAIN_PREFIX}-${role}`
    : `${CHAIN_PREFIX}-${slot.number}-${role}`;
}
