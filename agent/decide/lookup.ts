/**
 * What a policy says about asking for a name, whoever is asked.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import type { Decision, Sender } from "./decision.ts";
import { allowByRule, denyByRule, refuse } from "./judge.ts";
import type { CompiledPolicy, Subject } from "./match.ts";
import type { NameTable } from "./names.ts";
import type { Entry } from "./policy.ts";
import { addressOfReverseName } from "./reverse_name.ts";
import { holdsFor, isScoped, mayHoldFor } from "./scope.ts";
import { hostOfServiceName } from "./service_name.ts";

/** A question without its server. */
export interface Lookup {
  /** Lower case, without the last dot. */
  readonly name: string;
  /** Who asks. */
  readonly sender: Sender;
}

/** What is known while the question waits. */
export interface LookupWorld {
  /** Whose entries decide. */
  readonly policy: CompiledPolicy;
  /** For reverse names: what has been answered. */
  readonly names: NameTable;
  /** Milliseconds on a clock that never goes back. */
  readonly nowMs: number;
}

/**
 * Decides whether a name may be asked for.
 *
 * A look-up carries its name to whoever serves it, so only names that the
 * policy knows are asked for: allowed hosts whatever their port, the services
 * of allowed hosts, and the reverse names of allowed addresses. A deny entry
 * refuses a look-up when it is for any port and protocol, or for `dns`.
 *
 * @param lookup The name, and who asks.
 * @param world Nothing of it is changed.
 * @returns The decision; it has no names, since nothing is answered yet.
 */
export function judgeLookup(lookup: Lookup, world: LookupWorld): Decision {
  const { policy } = world;
  const { sender } = lookup;
  const asked = subjectOf(lookup.name, world);
  // It is nobody's sender: what it is asked for the first asker may ask for.
  const isForwarder = sender.isForwarder ?? false;
  const denied = policy.deny.first(
    asked,
    (entry) =>
      deniesLookup(entry) &&
      (isForwarder ? !isScoped(entry) : mayHoldFor(entry, sender)),
  );
  if (denied !== null) return denyByRule(denied, []);
  const allowed = policy.allow.first(
    asked,
    (entry) => isForwarder || holdsFor(entry, sender),
  );
  if (allowed !== null) return allowByRule(allowed, []);
  // What is left is an entry for another sender, or none at all; what the
  // runner may ask for itself is not the build's.
  const scoped = policy.allow.first(asked, ({ runner }) => !runner) !== null;
  const why = scoped ? "process_not_allowed" : "name_not_allowed";
  return refuse(why, { egress: policy.egress, names: [] });
}

/** Whether a deny entry is about the look-up too, and not about one port. */
function deniesLookup(entry: Entry): boolean {
  if (entry.protocol === "dns") return true;
  return entry.protocol === null && entry.port === null;
}

/** What a question is about: hosts, and the address of a reverse name. */
function subjectOf(name: string, world: LookupWorld): Subject {
  const host = hostOfServiceName(name);
  if (host !== null) return { names: [name, host], address: null };
  const address = addressOfReverseName(name);
  if (address === null) return { names: [name], address };
  const live = world.names.namesOf(addressKey(address), world.nowMs);
  return { names: [name, ...live], address };
}
