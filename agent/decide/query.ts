/**
 * The decision about a DNS question, before it leaves.
 *
 * @module
 */
import { addressKey } from "./address_key.ts";
import type { Decision, Query } from "./decision.ts";
import type { FlowWorld } from "./flow.ts";
import { agrees, denyByRule, refuse } from "./judge.ts";
import { judgeLookup } from "./lookup.ts";
import { holdsFor, mayHoldFor } from "./scope.ts";

/** What a decision about a query depends on beside the query. */
export interface QueryWorld extends FlowWorld {
  /** The resolvers that may be asked, as `addressKey` writes them. */
  readonly resolvers: ReadonlySet<string>;
}

/** RFC 1035 section 4.2. */
const DNS_PORT = 53;

/**
 * Decides whether a question may be asked of a server.
 *
 * The name is judged as a look-up; the server must be a known resolver, or
 * one that an allow entry names with port 53 and the query's transport, and no
 * deny entry's.
 *
 * @param query The question, its server and its sender.
 * @param world Policy, names, resolvers and clock; none of them is changed.
 * @returns The decision; it has no names, since nothing is answered yet.
 */
export function decideQuery(query: Query, world: QueryWorld): Decision {
  const { policy } = world;
  const { name, sender, server: address, transport = "udp" } = query;
  const attempt = { transport, port: DNS_PORT };
  const lookup = judgeLookup({ name, sender }, world);
  if (lookup.why === "denied_by_rule") return lookup;
  const key = addressKey(address);
  const server = { names: world.names.namesOf(key, world.nowMs), address };
  const denied = policy.deny.first(
    server,
    (entry) => agrees(entry, attempt) && mayHoldFor(entry, sender),
  );
  if (denied !== null) return denyByRule(denied, []);
  if (world.resolvers.has(key)) return lookup;
  const allowed = policy.allow.first(
    server,
    (entry) => agrees(entry, attempt) && holdsFor(entry, sender),
  );
  // Before the name: an allowed name asked of a stranger tells him too.
  if (allowed !== null) return lookup;
  return refuse("resolver_not_allowed", { egress: policy.egress, names: [] });
}
