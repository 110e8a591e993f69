/**
 * From when to when the agent watched, as the journal shows it.
 *
 * @module
 */
import type { AgentEvent, Event } from "../record/event.ts";

/** A stretch of time; RFC 3339 in UTC with microseconds. */
export interface Interval {
  /** When it begins. */
  readonly from: string;
  /** Null when the journal shows no end. */
  readonly to: string | null;
}

/** What was watched and what was not. */
export interface Coverage {
  /** The agent was armed and saw every packet, in order of time. */
  readonly coverage: readonly Interval[];
  /** Between arming and stopping, but nobody looked, in order of time. */
  readonly lost: readonly Interval[];
}

/**
 * Works out the intervals from the agent's own events.
 *
 * `armed` opens an interval, `stopped` closes it. `coverage_lost` cuts out
 * `from` to `to`, unless only processes or files were not heard of; without `to` nothing is covered until the next `armed` or
 * `stopped`, or until a later one that ends. So does `tampered`, unless nothing
 * could leave by it. A second `armed` without an end before it means that the agent was
 * killed: coverage then ends with the last event before, the last sign of life.
 *
 * @param events A journal's events, in order.
 * @returns Covered and lost intervals; an open one ends with `null`.
 */
export function coverageOf(events: readonly Event[]): Coverage {
  const coverage: Interval[] = [];
  const lost: Interval[] = [];
  let openFrom: string | null = null;
  let lostFrom: string | null = null;
  let lastTime: string | null = null;

  function close(to: string): void {
    if (openFrom !== null) add(coverage, { from: openFrom, to });
    openFrom = null;
  }

  function endLoss(to: string): void {
    if (lostFrom !== null) add(lost, { from: lostFrom, to });
    lostFrom = null;
  }

  function cutOut(gap: Partial<Interval>): void {
    if (gap.from === undefined) return;
    // What has no end yet goes on until this one's.
    const from = lostFrom ?? gap.from;
    const wasOpen = openFrom !== null || lostFrom !== null;
    lostFrom = null;
    close(from);
    if (gap.to === undefined || gap.to === null) {
      lostFrom = from;
    } else {
      add(lost, { from, to: gap.to });
      if (wasOpen) openFrom = gap.to;
    }
  }

  for (const event of events) {
    if (event.kind !== "agent") {
      lastTime = event.time;
      continue;
    }
    switch (event.event) {
      case "armed":
        if (openFrom !== null && lastTime !== null) {
          lostFrom = lastTime;
          close(lastTime);
        }
        endLoss(event.time);
        openFrom = event.time;
        break;
      case "stopped":
        endLoss(event.time);
        close(endOf(event));
        break;
      case "coverage_lost":
        if (event.what === "processes" || event.what === "sources") break;
        cutOut({ from: event.time, ...event });
        break;
      case "tampered":
        if (event.held !== true) cutOut(event);
        break;
      case "impaired":
      case "flood":
      case "tunnel":
        break;
    }
    lastTime = event.time;
  }
  if (openFrom !== null) coverage.push({ from: openFrom, to: null });
  if (lostFrom !== null) lost.push({ from: lostFrom, to: null });
  return { coverage, lost };
}

/** The agent that writes `stopped` may have stopped watching a moment before. */
function endOf(event: AgentEvent & { readonly time: string }): string {
  return event.to ?? event.time;
}

/** Text order is time order: the reader admits one form of time only. */
function add(
  list: Interval[],
  ended: Interval & { readonly to: string },
): void {
  if (ended.from < ended.to) list.push(ended);
}
