/**
 * What the kernel would do with a packet under our rules.
 *
 * It knows exactly the matches and targets that the rules use and throws for
 * any other, so that a rule it cannot judge is not taken for one that holds.
 *
 * @module
 */
import type { Rule, TableRules } from "../../../agent/enforce/rule.ts";

/** A packet at a hook; the two marks change on its way. */
export interface Passing {
  readonly protocol: "tcp" | "udp" | "icmp" | "ipv6-icmp" | "igmp" | "gre";
  readonly sourcePort: number;
  readonly destinationPort: number;
  /** Whether the rules' program takes it for the opening of a connection. */
  readonly mayOpen: boolean;
  readonly icmpType: number;
  readonly outInterface: "lo" | "eth0";
  readonly destination: string;
  /** Whether its source is an address of this machine. */
  readonly isLocal: boolean;
  /** Whether it has no source yet. */
  readonly isUnspecified: boolean;
  /** Whether the way back to its source is the one it came by. */
  readonly isExpected: boolean;
  readonly direction: "ORIGINAL" | "REPLY";
  readonly state: "NEW" | "ESTABLISHED" | "RELATED" | "INVALID" | "UNTRACKED";
  /** Whether its TCP flags are those that open a connection. */
  readonly isSyn: boolean;
  /** Whether a helper of the kernel's expected its connection. */
  readonly isHelped: boolean;
  /** Whether a packet of its connection has left before. */
  readonly confirmed: boolean;
  /** Whether no process sent it. */
  readonly byKernel: boolean;
  /** Whether root did; no matter when no process sent it. */
  readonly byRoot: boolean;
  /** The cgroup of its sender. */
  readonly cgroup: string;
  mark: number;
  connmark: number;
}

/** How a packet leaves a hook. */
export type Fate =
  | { readonly end: "continue" }
  | { readonly end: "queue"; readonly number: number; readonly bypass: boolean }
  | { readonly end: "reject"; readonly how: string }
  | { readonly end: "drop" };

/** A packet at a hook of a table. */
export interface Place {
  readonly table: TableRules["table"];
  readonly hook: "PREROUTING" | "INPUT" | "OUTPUT" | "FORWARD";
  /** Its marks are changed as rules say. */
  readonly packet: Passing;
}

const CONTINUE: Fate = { end: "continue" };
const UNSPECIFIED = new Set(["! -s 0.0.0.0/32", "! -s ::/128"]);
const WORDS_PER_MATCH: Readonly<Record<string, number>> = {
  "!": 3,
  "-m": 2,
  "--invert": 1,
  "--tcp-flags": 3,
};

/** Sends a packet through our rules at one hook of one table. */
export function traverse(
  tables: readonly TableRules[],
  { table, hook, packet }: Place,
): Fate {
  const ours = tables.find((each) => each.table === table);
  if (ours === undefined) return CONTINUE;
  const chains = new Map(ours.chains.map(({ name, rules }) => [name, rules]));
  const rules = ours.hooks.filter(({ chain }) => chain === hook)
    .map(({ rule }) => rule);
  return runChain(rules, chains, packet) ?? CONTINUE;
}

/** Null when the packet comes back out of the chain. */
function runChain(
  rules: readonly Rule[],
  chains: ReadonlyMap<string, readonly Rule[]>,
  packet: Passing,
): Fate | null {
  for (const rule of rules) {
    const { matches, verb, target, options } = parseRule(rule);
    if (!matches.every((match) => isMatch(match, packet))) continue;
    const chain = chains.get(target);
    if (chain !== undefined) {
      const fate = runChain(chain, chains, packet);
      // After a goto the packet comes back where this chain was called.
      if (fate !== null || verb === "-g") return fate;
      continue;
    }
    if (verb === "-g") throw new Error(`No chain "${target}"`);
    if (target === "RETURN") return null;
    const fate = runTarget(target, options, packet);
    if (fate !== null) return fate;
  }
  return null;
}

/** Null for a target after which the next rule follows. */
function runTarget(
  target: string,
  options: readonly string[],
  packet: Passing,
): Fate | null {
  const value = (name: string) => {
    const at = options.indexOf(name);
    if (at < 0) throw new Error(`"${target}" has no ${name}: ${options}`);
    return options[at + 1]!;
  };
  switch (target) {
    case "NFQUEUE":
      return {
        end: "queue",
        number: Number(value("--queue-num")),
        bypass: options.includes("--queue-bypass"),
      };
    case "REJECT":
      return { end: "reject", how: value("--reject-with") };
    case "DROP":
      return { end: "drop" };
    case "MARK": {
      const [bits, mask] = value("--set-xmark").split("/").map(Number);
      packet.mark = ((packet.mark & ~mask!) ^ bits!) >>> 0;
      return null;
    }
    case "CONNMARK": {
      if (options[0] === "--set-xmark") {
        const [bits, mask] = value("--set-xmark").split("/").map(Number);
        packet.connmark = ((packet.connmark & ~mask!) ^ bits!) >>> 0;
        return null;
      }
      if (!options.includes("--save-mark")) throw new Error(`${options}`);
      const from = Number(value("--nfmask"));
      const to = Number(value("--ctmask"));
      packet.connmark = ((packet.connmark & ~to) ^ (packet.mark & from)) >>> 0;
      return null;
    }
    default:
      throw new Error(`No target "${target}"`);
  }
}

function parseRule(rule: Rule) {
  const end = rule.findIndex((word) => word === "-j" || word === "-g");
  if (end < 0) throw new Error(`No target in "${rule.join(" ")}"`);
  const matches: string[][] = [];
  let module = "";
  for (let at = 0; at < end;) {
    const words = rule.slice(at, at + (WORDS_PER_MATCH[rule[at]!] ?? 2));
    at += words.length;
    if (words[0] === "-m") module = words[1]!;
    else matches.push([module, ...words]);
  }
  return {
    matches,
    verb: rule[end]!,
    target: rule[end + 1]!,
    options: rule.slice(end + 2),
  };
}

function isMatch(match: readonly string[], packet: Passing): boolean {
  const [module, ...words] = match;
  const [name, value = ""] = words;
  const hasPorts = packet.protocol === "tcp" || packet.protocol === "udp";
  switch (`${module}${name}`) {
    case "-o":
      return packet.outInterface === value;
    case "-d":
      return `${packet.destination}/32` === value;
    case "-p":
      return packet.protocol === value;
    case "!":
      if (!UNSPECIFIED.has(words.join(" "))) break;
      return !packet.isUnspecified;
    case "tcp--tcp-flags":
      if (words.join(" ") !== "--tcp-flags SYN,ACK SYN") break;
      return packet.protocol === "tcp" && packet.isSyn;
    case "tcp--dport":
    case "udp--dport":
      return packet.protocol === module &&
        packet.destinationPort === Number(value);
    case "tcp--sport":
    case "udp--sport":
      return packet.protocol === module && packet.sourcePort === Number(value);
    case "multiport--sports":
      return hasPorts &&
        value.split(",").map(Number).includes(packet.sourcePort);
    case "multiport--dports":
      return hasPorts &&
        value.split(",").map(Number).includes(packet.destinationPort);
    case "bpf--bytecode":
      return packet.mayOpen;
    case "conntrack--ctdir":
      // A packet without a connection has no direction.
      return isTracked(packet) && packet.direction === value;
    case "conntrack!":
      if (words.join(" ") !== "! --ctstatus CONFIRMED") break;
      return isTracked(packet) && !packet.confirmed;
    case "conntrack--ctstatus":
      if (value !== "EXPECTED") break;
      return isTracked(packet) && packet.isHelped;
    case "conntrack--ctstate":
      return value.split(",").includes(packet.state);
    case "mark!":
      if (words[1] !== "--mark") break;
      return !isMarked(packet.mark, words[2]!);
    case "mark--mark":
      return isMarked(packet.mark, value);
    case "connmark--mark":
      return isMarked(packet.connmark, value);
    case "icmp6--icmpv6-type":
      return packet.icmpType === Number(value);
    case "cgroup--path":
      return `${packet.cgroup}/`.startsWith(`${value}/`);
    case "addrtype!":
      if (words.join(" ") !== "! --src-type LOCAL") break;
      return !packet.isLocal;
    case "rpfilter--invert":
      return !packet.isExpected;
    case "owner!":
      if (words.join(" ") !== "! --uid-owner 0-4294967294") break;
      return packet.byKernel;
    case "owner--uid-owner":
      if (value !== "1-4294967294") break;
      return !packet.byKernel && !packet.byRoot;
  }
  throw new Error(`No match "${match.join(" ")}"`);
}

/** Whether a packet belongs to a connection that the kernel knows. */
export function isTracked({ state }: Passing): boolean {
  return state !== "INVALID" && state !== "UNTRACKED";
}

function isMarked(mark: number, value: string): boolean {
  const [wanted, mask] = value.split("/").map(Number);
  return ((mark & mask!) >>> 0) === wanted;
}
