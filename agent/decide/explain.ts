/**
 * What a policy says about one destination, in words.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import type { Decision, Sender, Why } from "./decision.ts";
import { type ListName, readEndpoint } from "./endpoint.ts";
import { agrees, type Attempt, judgeAttempt } from "./judge.ts";
import { judgeLookup } from "./lookup.ts";
import { compilePolicy, EntryIndex } from "./match.ts";
import { NameTable } from "./names.ts";
import type { Entry, Policy } from "./policy.ts";
import { orPolicyInvalid, quote, Refusal } from "./refusal.ts";
import { RUNNER_ENDPOINTS, runnerEntries } from "./runner_endpoints.ts";
import { isScoped, sayScope, UNSCOPED } from "./scope.ts";

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

/** An attempt; what is missing of its sender is not known. */
export interface ExplainedAttempt {
  /** Where it goes, as for {@linkcode explain}. */
  readonly target: string;
  /** The name of a step. */
  readonly step?: string | undefined;
  /** Absolute path of an executable. */
  readonly process?: string | undefined;
}

/** The same, read. */
interface Asked {
  readonly entry: Entry;
  readonly sender: Sender;
}

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
 * @param asked `host[:port][/protocol]` or an address in the same way; port
 * and protocol default as they do under allow, to 443 and TCP. Alone it is
 * sent by somebody of whom nothing is known.
 * @returns The decision for that sender.
 * @throws {AgentError} `policy_invalid` when the target is not one destination.
 */
export function explain(
  policy: Policy,
  asked: string | ExplainedAttempt,
): Explanation {
  const { target, step = null, process = null } = typeof asked === "string"
    ? { target: asked }
    : asked;
  const what = `Cannot explain ${quote(target)}`;
  const entry = orPolicyInvalid(what, () => readDestination(target));
  const attempt = { entry, sender: { exe: process, step } };
  const decision = decide(attempt, policy);
  return {
    decision: decision.decision,
    enforced: decision.enforced,
    why: decision.why,
    rule: decision.rule,
    sentences: [
      sayDecision(decision, { shown: showDestination(attempt), policy }),
      ...sayAudit(decision),
      ...sayScopes(entry, policy),
      ...sayName(attempt, policy),
      ...sayProxy(entry, policy),
      ...sayRunner(entry, policy),
    ],
  };
}

function readDestination(target: string): Entry {
  if (/^[^:[\]]*\/[^:[\]]*[./]/.test(target)) {
    throw new Refusal(
      "it is a path, and a place in the network is needed",
      `Write it from the work space to ask about a file: ./${target}`,
    );
  }
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

function decide({ entry, sender }: Asked, policy: Policy): Decision {
  const compiled = compilePolicy(policy);
  const { target, protocol } = entry;
  if (protocol !== "dns" || target.kind !== "host") {
    return judgeAttempt({ ...placeOf(entry), sender }, compiled);
  }
  const world = { policy: compiled, names: new NameTable(), nowMs: 0 };
  return judgeLookup({ name: target.pattern, sender }, world);
}

function placeOf(entry: Entry): Omit<Attempt, "sender"> {
  const { target, protocol, port } = entry;
  return {
    names: target.kind === "host" ? [target.pattern] : [],
    address: target.kind === "network" ? target.address : null,
    transport: protocol === "dns" ? null : protocol,
    port: port ?? 0,
  };
}

function showDestination({ entry, sender }: Asked): string {
  const { target, port, protocol } = entry;
  const name = target.kind === "host"
    ? quote(target.pattern)
    : addressKey(target.address);
  const { step, exe: process } = sender;
  const from = sayScope({ ...UNSCOPED, step, process });
  if (protocol === "dns") return `The look-up of ${name}${from}`;
  const place = port === null ? "" : `, port ${port}`;
  return `${(protocol ?? "tcp").toUpperCase()} to ${name}${place}${from}`;
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

/** Entries that decide otherwise for another sender. */
function sayScopes(asked: Entry, policy: Policy): readonly string[] {
  const place = placeOf(asked);
  const say = (list: ListName) =>
    policy[list].filter((entry) =>
      isScoped(entry) &&
      (asked.protocol === "dns" || agrees(entry, place)) &&
      new EntryIndex([entry]).first(place, () => true) !== null
    ).map((entry) =>
      `The ${list} entry ${quote(entry.text)} names it only when it is sent${
        sayScope(entry)
      }${list === "deny" ? ", or by a sender that cannot be found" : ""}.`
    );
  return [...say("deny"), ...say("proxy"), ...say("allow")];
}

/** What the runner's own processes may do beside. */
function sayRunner(asked: Entry, policy: Policy): readonly string[] {
  if (policy.runner === "deny") return [];
  const place = placeOf(asked);
  const entries = runnerEntries();
  const found = RUNNER_ENDPOINTS.filter((_, at) => {
    const entry = entries[at]!;
    return (asked.protocol === "dns" || agrees(entry, place)) &&
      new EntryIndex([entry]).first(place, () => true) !== null;
  });
  return found.slice(0, 1).map(({ endpoint, reason }) =>
    `The runner's own processes may reach it, by the built-in entry ${
      quote(endpoint)
    }: there the runner ${reason}.`
  );
}

/** What a host adds: its look-up, and entries for its addresses. */
function sayName(asked: Asked, policy: Policy): readonly string[] {
  const { entry: named } = asked;
  if (named.target.kind !== "host" || named.protocol === "dns") return [];
  const lookup: Asked = {
    ...asked,
    entry: { ...named, protocol: "dns", port: null },
  };
  const place = placeOf(named);
  const lists = [...policy.deny, ...policy.proxy, ...policy.allow];
  const byAddress = lists.filter((entry) =>
    entry.target.kind === "network" && agrees(entry, place)
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
  const place = placeOf(asked);
  const fits = (entry: Entry) => agrees(entry, place);
  const entry = new EntryIndex(policy.proxy).first(place, fits);
  if (asked.protocol === "dns" || entry === null) return [];
  return [
    `The proxy entry ${
      quote(entry.text)
    } names it: a request to it is let out when the place it asks for is allowed.`,
  ];
}
