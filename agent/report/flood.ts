/**
 * Packets that have no event each, because their sender sent too many.
 *
 * @module
 */
import type { AgentEvent } from "../record/event.ts";

/** What one sender sent beside what the rows tell. */
export interface Flood {
  /** Whose sockets; null when it was not one user's. */
  readonly uid: number | null;
  /** The source, when it was forwarded. */
  readonly address: string | null;
  /** Packets that were judged and refused. */
  readonly refused: number;
  /** Packets that were dropped before anything was decided. */
  readonly unjudged: number;
}

/** Adds up the agent's events of floods; the sender of most first. */
export function floodsOf(events: readonly AgentEvent[]): Flood[] {
  const floods = new Map<string, Flood>();
  for (const event of events) {
    if (event.event !== "flood") continue;
    const { uid = null, address = null, refused = {}, unjudged = 0 } = event;
    const key = `${uid} ${address}`;
    const before = floods.get(key) ?? { uid, address, refused: 0, unjudged: 0 };
    const count = Object.values(refused).reduce((sum, n) => sum + n, 0);
    floods.set(key, {
      ...before,
      refused: before.refused + count,
      unjudged: before.unjudged + unjudged,
    });
  }
  return [...floods.values()].sort((a, b) =>
    b.refused + b.unjudged - a.refused - a.unjudged
  );
}

/** One sentence. */
export function floodText({ uid, address, refused, unjudged }: Flood): string {
  const who = uid === null ? address ?? "More than one sender" : `User ${uid}`;
  // An honest download can outrun the agent, and the sender tries again.
  if (refused === 0) {
    return `${who} sent faster than Sluice can judge: ${unjudged} packets ` +
      "were dropped before anything was decided, to be sent again.";
  }
  const dropped = unjudged === 0
    ? ""
    : `, and ${unjudged} were dropped before anything was decided`;
  return `${who} sent more than is told one by one: ${refused} packets were ` +
    `refused that have no event of their own${dropped}.`;
}
