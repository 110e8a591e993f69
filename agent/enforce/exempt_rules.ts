/**
 * What a guard's rules let by without asking.
 *
 * @module
 */
import { MARK } from "./marks.ts";
import {
  BY_KERNEL,
  connmark,
  type Guarded,
  packetMark,
  portMatches,
  PROBE_ADDRESS,
  REPLY,
  type Rule,
  toDns,
} from "./rule.ts";

/** Neighbour discovery and group membership, RFC 4861, 2710, 3810. */
const NEIGHBOUR_TYPES = [131, 132, 133, 135, 136, 143];

/**
 * Let go without opening the flow: in the name of somebody outside, root could
 * call on a container, whose answers would then go to that somebody.
 */
export function foreignRule({ slot }: Guarded): Rule {
  return [
    ...packetMark(slot.allowMark),
    ...["-m", "addrtype", "!", "--src-type", "LOCAL"],
    ...["-m", "conntrack", "--ctstate", "NEW,ESTABLISHED", "-j", "RETURN"],
  ];
}

/** What on `lo` is asked about all the same; all else stays on the machine. */
export function loopbackRules(family: 4 | 6, end: string): Rule[] {
  const probe = ["-d", `${PROBE_ADDRESS.join(".")}/32`];
  return [
    ...(family === 4 ? [probe] : []),
    toDns("udp"),
    toDns("tcp"),
  ].map((match) => [...match, "-g", end]);
}

/** Answers on connections that others opened, as `inbound` says. */
export function replyRules(
  guarded: Guarded,
  whose: "own" | "forwarded",
): Rule[] {
  const { inbound, listening } = guarded;
  if (inbound === "allow") return [[...REPLY, "-j", "RETURN"]];
  // The ports are this machine's: a container's have nothing to do with them.
  if (inbound === "deny" || whose === "forwarded") return [];
  return (["tcp", "udp"] as const).flatMap((protocol) =>
    portMatches(protocol, { ports: listening[protocol], flag: "--sports" })
      .map((match) => [...match, ...REPLY, "-j", "RETURN"])
  );
}

/** What the kernel says by itself so that there is a network at all. */
export function kernelRules({ slot }: Guarded, family: 4 | 6): Rule[] {
  const network = family === 4
    ? [["-p", "igmp"]]
    : NEIGHBOUR_TYPES.map((type) => [
      ...["-p", "ipv6-icmp", "-m", "icmp6", "--icmpv6-type", String(type)],
    ]);
  // What REJECT sends to a container. It shares the refused packet's connection,
  // which is not confirmed: the queue drops such a packet, and in `filter` it
  // could open that connection.
  const refusal = [...REPLY, ...["--ctstate", "RELATED"]];
  // An answer that comes when its client is gone is answered by an error, which
  // tells the name server what it said itself.
  const late = [
    ...connmark(slot.dnsMark),
    ...["-m", "conntrack", "--ctstate", "RELATED"],
  ];
  const matches = [
    ...network,
    [...refusal, "!", "--ctstatus", "CONFIRMED"],
    late,
  ];
  // Sent by a process, the same packet can carry anything anywhere. And a
  // process that closes its socket while we look is nobody by `filter`.
  const refused = ["-m", "mark", "!", ...packetMark(MARK.DENY).slice(2)];
  return matches.map((match) => [
    ...match,
    ...BY_KERNEL,
    ...refused,
    ...["-j", "RETURN"],
  ]);
}
