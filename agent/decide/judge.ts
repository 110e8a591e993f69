/**
 * What the two lists of a policy say about one attempt to reach something.
 *
 * @module
 */
import type { Decision, Sender, Why } from "./decision.ts";
import type { CompiledPolicy, Subject } from "./match.ts";
import type { Entry, EntryProtocol } from "./policy.ts";
import { holdsFor, mayHoldFor } from "./scope.ts";

/** One attempt, by whatever was found out about its destination. */
export interface Attempt extends Subject {
  /** Null for everything but TCP, UDP and ICMP. */
  readonly transport: Exclude<EntryProtocol, "dns"> | null;
  /** 0 where the transport has no ports. */
  readonly port: number;
  /** Who makes it. */
  readonly sender: Sender;
}

/**
 * Decides about one attempt.
 *
 * @param attempt Where it goes and who makes it.
 * @param policy Deny entries come first and hold in audit too.
 * @returns The decision; its names are the attempt's.
 */
export function judgeAttempt(
  attempt: Attempt,
  policy: CompiledPolicy,
): Decision {
  const { sender, names } = attempt;
  const denied = policy.deny.first(
    attempt,
    (entry) => agrees(entry, attempt) && mayHoldFor(entry, sender),
  );
  if (denied !== null) return denyByRule(denied, names);
  const allowed = policy.allow.first(
    attempt,
    (entry) => agrees(entry, attempt) && holdsFor(entry, sender),
  );
  if (allowed !== null) return allowByRule(allowed, names);
  const { egress } = policy;
  return refuse(whyRefused(attempt, policy), { egress, names });
}

/** Whether an entry that names the destination also means this port and transport. */
export function agrees(
  entry: Entry,
  attempt: Pick<Attempt, "transport" | "port">,
): boolean {
  const { protocol, port } = entry;
  if (protocol !== null && protocol !== attempt.transport) return false;
  return port === null || port === attempt.port;
}

/** Allowed by an entry. */
export function allowByRule(
  entry: Entry,
  names: readonly string[],
): Decision {
  const why = entry.target.kind === "host" ? "allowed_name" : "allowed_address";
  return { decision: "allow", enforced: true, why, rule: entry.text, names };
}

/** Refused by a deny entry, which holds in audit too. */
export function denyByRule(entry: Entry, names: readonly string[]): Decision {
  const why = "denied_by_rule";
  return { decision: "deny", enforced: true, why, rule: entry.text, names };
}

/** Refused because nothing allows it; carried out only when blocking. */
export function refuse(
  why: Why,
  of: Pick<CompiledPolicy, "egress"> & Pick<Decision, "names">,
): Decision {
  const { egress, names } = of;
  const enforced = egress === "block";
  return { decision: "deny", enforced, why, rule: null, names };
}

/** The reason that says most about what the policy would need. */
function whyRefused(attempt: Attempt, policy: CompiledPolicy): Why {
  if (attempt.transport === null) return "protocol_not_allowed";
  const { allow } = policy;
  const isForOthers = (entry: Entry) => !entry.runner && agrees(entry, attempt);
  if (allow.first(attempt, isForOthers) !== null) return "process_not_allowed";
  if (allow.first(attempt, ({ runner }) => !runner) !== null) {
    return attempt.transport === "icmp"
      ? "protocol_not_allowed"
      : "port_not_allowed";
  }
  return attempt.names.length > 0 ? "name_not_allowed" : "address_not_allowed";
}
