/**
 * What becomes of a watched flow by what its client said, and what is written.
 *
 * @module
 */
import type { Decision } from "./decide/decision.ts";
import type { CompiledPolicy } from "./decide/match.ts";
import type { NameTable } from "./decide/names.ts";
import type { Said } from "./decide/said.ts";
import { type Asked, askedOf } from "./decide/proxied.ts";
import { decideSaid } from "./decide/said_name.ts";
import type { ConnectionEvent } from "./record/event.ts";
import type { RecentFlows } from "./record/recent.ts";
import { decideFor, type WatchedFlow } from "./watched_flow.ts";

/** What flows are judged by; borrowed. */
export interface JudgeWorld {
  readonly policy: CompiledPolicy;
  readonly names: NameTable;
  /** What was written of refused flows. */
  readonly said: RecentFlows;
}

/** Makes events, after the verdict. */
export type Events = readonly (() => ConnectionEvent)[];

/** What a decision came to. */
export interface Judged {
  readonly isRefused: boolean;
  readonly events: Events;
}

/** Judges what clients say, and writes each thing once. */
export class FlowJudge {
  readonly #world: JudgeWorld;

  /** @param world Must outlive this object. */
  constructor(world: JudgeWorld) {
    this.#world = world;
  }

  /**
   * Judges all that a packet says; the first that is refused decides.
   *
   * @param all In the order in which it was said.
   */
  judge(
    flow: WatchedFlow,
    { all, nowMs }: { readonly all: readonly Said[]; readonly nowMs: number },
  ): Judged {
    const events: (() => ConnectionEvent)[] = [];
    for (const said of all) {
      const { first } = flow;
      const world = { ...this.#world, said, first, nowMs };
      const decision = decideFor(flow, (as) => decideSaid(as, world));
      const isRefused = decision.decision === "deny" && decision.enforced;
      const sni = said.kind === "tls" || said.kind === "http"
        ? said.name
        : null;
      const asked = askedOf(flow.flow, world);
      const isNews = isNewsOf(flow, { decision, sni, asked }) &&
        (!isRefused || this.#world.said.isNews(flow.key, nowMs));
      if (isNews) events.push(() => flow.describe({ decision, sni, asked }));
      if (isRefused) return { isRefused, events };
    }
    return { isRefused: false, events };
  }
}

/** Writes that a client has said nothing, unless that was written. */
export function writeSilent(flow: WatchedFlow): Events {
  if (flow.written !== null) return [];
  const { first: decision } = flow;
  const told = { decision, sni: null, asked: null };
  isNewsOf(flow, told);
  return [() => flow.describe(told)];
}

/** Whether the last that was written was something else; then it is this. */
function isNewsOf(
  flow: WatchedFlow,
  told: { decision: Decision; sni: string | null; asked: Asked | null },
): boolean {
  const { decision, sni, asked } = told;
  const text = `${decision.why} ${sni} ${asked?.host} ${asked?.port}`;
  if (flow.written === text) return false;
  flow.written = text;
  return true;
}
