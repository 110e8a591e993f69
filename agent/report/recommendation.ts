/**
 * The smallest policy that would have let runs pass, as data.
 *
 * @module
 */
import type { DnsEvent, Event } from "../record/event.ts";
import { aggregate, type Summary } from "./aggregate.ts";
import {
  allowanceFor,
  allowanceForRow,
  proxiesFor,
  type Withheld,
  withheldFrom,
} from "./allowance.ts";
import { splitEntry } from "./entry_text.ts";
import {
  type EntryScope,
  fits,
  type ScopeChoice,
  scopeFor,
  tellsSteps,
} from "./scope.ts";
import {
  type RecommendedAllowance,
  sourceNeeds,
  workspacesOf,
} from "./source_needs.ts";
import { isForwarder, isRunners, policySender, type Sender } from "./sender.ts";

/** One entry of the recommended policy. */
export interface RecommendedEntry extends EntryScope {
  /** The endpoint, as `allowanceFor` gives it. */
  readonly endpoint: string;
  /** Whether all attempts that need it were refused then. */
  readonly isRefused: boolean;
}

/** A policy, and what its reader has to know. */
export interface Recommendation {
  /** Sorted by endpoint. */
  readonly allow: readonly RecommendedEntry[];
  /** As `proxiesFor` gives them. */
  readonly proxy: readonly string[];
  /** Who may change which files. */
  readonly sources: readonly RecommendedAllowance[];
  /** What no entry can allow. */
  readonly withheld: readonly Withheld[];
  /** What it was made from. */
  readonly summary: Summary;
}

/** One endpoint and everybody who needs it. */
interface Use {
  readonly endpoint: string;
  readonly users: Sender[];
  isRefused: boolean;
}

/**
 * Recommends a policy for what journals tell.
 *
 * An entry is for a step or a program when nobody else used it, connecting or
 * looking it up. Steps are named only where the journals show more than one.
 *
 * @param events Of one journal or of several, one after the other.
 * @param options How tight the entries are to be, and what could not be read.
 */
export function recommend(
  events: readonly Event[],
  options: {
    readonly scope: ScopeChoice;
    readonly problems?: readonly string[];
  },
): Recommendation {
  const { scope: choice, problems = [] } = options;
  const summary = aggregate(events, problems);
  const uses = usesOf(summary);
  const askers = askersOf(events);
  const steps = tellsSteps(sendersOf(events));
  const scopeOf = ({ users }: Use) =>
    scopeFor(users, { choice, tellsSteps: steps });
  const byHost = Map.groupBy(
    uses,
    ({ endpoint }) => splitEntry(endpoint).place,
  );
  for (const [host, group] of byHost) {
    // Whoever connects has to look the name up first, and so have others.
    const scopes = group.map(scopeOf);
    const left = (askers.get(host) ?? [])
      .filter((asker) => !scopes.some((scope) => fits(scope, asker)));
    for (const { users } of group) users.push(...left);
  }
  return {
    allow: uses.map((use) => {
      const { endpoint, isRefused } = use;
      return { endpoint, isRefused, ...scopeOf(use) };
    }),
    proxy: proxiesFor(summary, "seen"),
    sources: sourceNeeds(summary, {
      workspaces: workspacesOf(events),
      choice,
    }),
    withheld: withheldFrom(summary, "seen"),
    summary,
  };
}

function usesOf(summary: Summary): readonly Use[] {
  const uses = new Map<string, Use>(
    allowanceFor(summary, "seen").map((endpoint) => [
      endpoint,
      { endpoint, users: [], isRefused: true },
    ]),
  );
  for (const row of summary.rows) {
    for (const endpoint of allowanceForRow(row, summary)) {
      const use = uses.get(endpoint);
      // A look-up needs no entry of its own where a connection has one.
      if (use === undefined) continue;
      const sender = policySender(row);
      // For whom it asks is not said; whom it asks is its own doing.
      const isForOthers = row.protocol === "dns" && isForwarder(sender) &&
        splitEntry(endpoint).kind === "host";
      if (!isForOthers) use.users.push(sender);
      use.isRefused &&= row.decision === "deny" && row.enforced;
    }
  }
  return [...uses.values()];
}

/** Who looked up what, but for those who did it for others. */
function askersOf(events: readonly Event[]): Map<string, readonly Sender[]> {
  const looked = events.filter((event): event is Event & DnsEvent =>
    event.kind === "dns" && !isRunners(event) &&
    !isForwarder(policySender(event))
  );
  const byName = Map.groupBy(looked, ({ name }) => name.toLowerCase());
  return new Map(
    [...byName].map((
      [name, asked],
    ) => [name, distinct(asked.map(policySender))]),
  );
}

/** Everybody whom an entry could be for. */
function sendersOf(events: readonly Event[]): readonly Sender[] {
  return events
    .filter((event) => event.kind === "connection" || event.kind === "dns")
    .filter((event) => !isRunners(event))
    .map(policySender)
    .filter((sender) => !isForwarder(sender));
}

function distinct(senders: readonly Sender[]): readonly Sender[] {
  return [
    ...new Map(
      senders.map((sender) => [
        JSON.stringify([sender.step, sender.exe]),
        sender,
      ]),
    ).values(),
  ];
}
