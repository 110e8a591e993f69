/**
 * What the journal says of packets that have no event each.
 *
 * @module
 */
import type { AgentEvent, EventBody } from "./record/event.ts";
import type { SenderLabel, Untold } from "./senders.ts";

/** How it is told. */
export interface FloodWorld {
  /** Whether packets that nobody judged were let go: the policy audits. */
  readonly isLetGo: boolean;
  /** RFC 3339. */
  readonly from: string;
  /** RFC 3339. */
  readonly to: string;
}

/** Sums up one sender's packets; unjudged ones let go are no coverage. */
export function floodEvents(untold: Untold, of: FloodWorld): AgentEvent[] {
  const { label, refused, unjudged } = untold;
  const { isLetGo, from, to } = of;
  const count = Object.values(refused).reduce((sum, n) => sum + n, 0);
  const who = nameOf(label);
  const events: AgentEvent[] = [];
  if (isLetGo && unjudged > 0) {
    const message = `${unjudged} packets of ${who} came faster than they ` +
      "could be judged, and were let go";
    events.push({ kind: "agent", event: "coverage_lost", from, to, message });
  }
  const dropped = isLetGo ? 0 : unjudged;
  if (count + dropped > 0) {
    const message = `${who} sent more than is told one by one: ` +
      `${count} packets were refused without an event each, ` +
      `${dropped} were dropped unjudged`;
    events.push({
      ...{ kind: "agent", event: "flood", from, to, message },
      ...{ ...label, refused, unjudged: dropped },
    });
  }
  return events;
}

/** The protocol that an enforced refusal is counted by; null for all else. */
export function refusedProtocol(body: EventBody): string | null {
  if (!("decision" in body)) return null;
  if (body.decision === "allow" || !body.enforced) return null;
  return body.kind === "dns" ? "dns" : body.protocol;
}

function nameOf({ uid, address }: SenderLabel): string {
  if (uid !== null) return `user ${uid}`;
  return address ?? "senders that cannot be told apart";
}
