/**
 * What a policy says about one destination, in words.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import type { Decision, Why } from "./decision.ts";
import { type ListName, readEndpoint } from "./endpoint.ts";
import { agrees, type Attempt, judgeAttempt } from "./judge.ts";
import { judgeLookup } from "./lookup.ts";
import { compilePolicy, EntryIndex } from "./match.ts";
import { NameTable } from "./names.ts";
import type { Entry, Policy } from "./policy.ts";
import { orPolicyInvalid, quote, Refusal } from "./refusal.ts";

/** A decision and the sentences that explain it. */
export interface Explanation {
  /** What would become of the packet in block mode. */
  readonly decision: "allow" | "deny";
  /** False when the policy only audits and the refusal is not carried out. */
  readonly enforced: boolean;
  /** The journal's code for the reason. */
  readonly why: Why;
  /** The policy entry that decides, as its author wrote it. */
  readonly rule: string | null;
  /** One line each, hostile bytes escaped. */
  readonly sentences: readonly string[];
}

/** Entries with a scope are told about in sentences of their own. */
const ANYONE = { exe: null, step: null } as const;

/** How a refusal reads, after "is refused". */
const REASONS: Partial<Record<Why, string>> = {
  name_not_allowed: "no allow entry names this host",
  address_not_allowed: "no allow entry covers this address",
  port_not_allowed:
    "an allow entry names it, but for another port or another protocol",
  protocol_not_allowed: "an allow entry names it, but not for this protocol",
  process_not_allowed: "it is allowed to some steps or processes only",
};

/**
 * Explains what would become of one destination.
 *
 * @param policy A whole policy.
 * @param target `host[:port][/protocol]` or an address in the same way; port
 * and protocol default as they do under allow, to 443 and TCP.
 * @returns The decision for a sender of which nothing is known.
 * @throws {AgentError} `policy_invalid` when the target is not one destination.
 */
export function explain(policy: Policy, target: string): Explanation {
  const what = `Cannot explain ${quote(target)}`;
  const asked = orPolicyInvalid(what, () => readDestination(target));
  const decision = decide(asked, policy);
  return {
    decision: decision.decision,
    enforced: decision.enforced,
    why: decision.why,
    rule: decision.rule,
    sentences: [
      sayDecision(decision, { shown: showDestination(asked), policy }),
      ...sayAudit(decision),
      ...sayScopes(asked, policy),
      ...sayName(asked, policy),
      ...sayProxy(asked, policy),
    ],
  };
}

function readDestination(target: string): Entry {
  const entry = readEndpoint(target, "allow");
  const { target: named, port, protocol } = entry;
  const isOne = named.kind === "host"
    ? !named.pattern.includes("*")
    : named.prefixBits === named.address.length * 8;
  const portless = protocol === "icmp" || protocol === "dns";
  if (isOne && (port !== null || portless)) return entry;
  throw new Refusal(
    "it stands for several destinations, one is needed",
    "Name one host or address and one port: www.example.com:443",
  );
}

function decide(asked: Entry, policy: Policy): Decision {
  const compiled = compilePolicy(policy);
  const { target, protocol } = asked;
  if (protocol !== "dns" || target.kind !== "host") {
    return judgeAttempt(attemptOf(asked), compiled);
  }
  const world = { policy: compiled, names: new NameTable(), nowMs: 0 };
  return judgeLookup({ name: target.pattern, sender: ANYONE }, world);
}

function attemptOf(asked: Entry): Attempt {
  const { target, protocol, port } = asked;
  return {
    names: target.kind === "host" ? [target.pattern] : [],
    address: target.kind === "network" ? target.address : null,
    transport: protocol === "dns" ? null : protocol,
    port: port ?? 0,
    sender: ANYONE,
  };
}

function showDestination(asked: Entry): string {
  const { target, port, protocol } = asked;
  const name = target.kind === "host"
    ? quote(target.pattern)
    : addressKey(target.address);
  if (protocol === "dns") return `The look-up of ${name}`;
  const place = port === null ? "" : `, port ${port}`;
  return `${(protocol ?? "tcp").toUpperCase()} to ${name}${place}`;
}

function sayDecision(
  decision: Decision,
  { shown, policy }: { readonly shown: string; readonly policy: Policy },
): string {
  const rule = decision.rule === null ? null : quote(decision.rule);
  if (decision.decision === "allow") {
    const isAllowed = policy.allow.some(({ text }) => text === decision.rule);
    const list = isAllowed ? "allow" : "proxy";
    return `${shown} is let out: the ${list} entry ${rule} names it.`;
  }
  if (rule !== null) {
    return `${shown} is refused: the deny entry ${rule} names it, and deny holds before allow and in audit too.`;
  }
  return `${shown} is refused: ${REASONS[decision.why] ?? decision.why}.`;
}

function sayAudit(decision: Decision): readonly string[] {
  if (decision.enforced) return [];
  return ["The policy only audits: the refusal is recorded, not carried out."];
}

/** Entries that decide otherwise for a sender that is known. */
function sayScopes(asked: Entry, policy: Policy): readonly string[] {
  const attempt = attemptOf(asked);
  const say = (list: ListName) =>
    policy[list].filter((entry) =>
      (entry.step !== null || entry.process !== null) &&
      (asked.protocol === "dns" || agrees(entry, attempt)) &&
      new EntryIndex([entry]).first(attempt, () => true) !== null
    ).map((entry) => {
      const step = entry.step === null ? "" : ` in step ${quote(entry.step)}`;
      const process = entry.process === null
        ? ""
        : ` by ${quote(entry.process)}`;
      return `The ${list} entry ${
        quote(entry.text)
      } names it only when it is sent${step}${process}${
        list === "deny" ? ", or by a sender that cannot be found" : ""
      }.`;
    });
  return [...say("deny"), ...say("proxy"), ...say("allow")];
}

/** What a host adds: its look-up, and entries for its addresses. */
function sayName(asked: Entry, policy: Policy): readonly string[] {
  if (asked.target.kind !== "host" || asked.protocol === "dns") return [];
  const lookup: Entry = { ...asked, protocol: "dns", port: null };
  const attempt = attemptOf(asked);
  const lists = [...policy.deny, ...policy.proxy, ...policy.allow];
  const byAddress = lists.filter((entry) =>
    entry.target.kind === "network" && agrees(entry, attempt)
  );
  return [
    sayDecision(decide(lookup, policy), {
      shown: showDestination(lookup),
      policy,
    }),
    ...byAddress.map((entry) =>
      `The entry ${quote(entry.text)} decides if it covers its address.`
    ),
  ];
}

/** What an entry under `proxy` asks of who uses it. */
function sayProxy(asked: Entry, policy: Policy): readonly string[] {
  const attempt = attemptOf(asked);
  const fits = (entry: Entry) => agrees(entry, attempt);
  const entry = new EntryIndex(policy.proxy).first(attempt, fits);
  if (asked.protocol === "dns" || entry === null) return [];
  return [
    `The proxy entry ${
      quote(entry.text)
    } names it: a request to it is let out when the place it asks for is allowed.`,
  ];
}
