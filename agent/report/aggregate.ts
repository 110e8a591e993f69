/**
 * A journal's events, counted and grouped into what a person asks about: who
 * talked to whom, how often, and what was decided.
 *
 * @module
 */
import type { AgentEvent, DnsEvent, Event } from "../record/event.ts";
import { coverageOf, type Interval } from "./coverage.ts";
import { type FileCounts, type FileRow, filesOf } from "./files.ts";
import { type Flood, floodsOf } from "./flood.ts";
import { meantNames, type Row, RowTable } from "./row.ts";
import { type PrivilegeRow, privilegesOf } from "./privilege.ts";
import { ProgramCounter, stepsOf, type StepSummary } from "./steps.ts";
import { type Tunnel, tunnelsOf } from "./tunnel.ts";

/**
 * Verdicts of one kind. A refusal that is not carried out counts as `deny`, and
 * so does one that a flood's event sums up.
 */
export interface VerdictCounts {
  /** Let out because something allows it. */
  readonly allow: number;
  /** Not allowed, whether it was let go or not. */
  readonly deny: number;
}

/** Verdicts of each kind, one for each event or packet of a flood. */
export interface Counts {
  /** Flows. */
  readonly connection: VerdictCounts;
  /** Look-ups. */
  readonly dns: VerdictCounts;
  /** Programs that were executed. */
  readonly exec: number;
  /** Steps, or parts of them, that began. */
  readonly step: number;
  /** Acts that take, keep or lend rights. */
  readonly privilege: {
    /** Prevented or not. */
    readonly seen: number;
    /** Prevented. */
    readonly denied: number;
  };
  /** Acts on files. */
  readonly file: FileCounts;
}

/** All that a report says, before anything is laid out. */
export interface Summary {
  /** From the last `armed`; null when the journal has none. */
  readonly egress: "audit" | "block" | null;
  /** From the last `armed`; null when the journal has none. */
  readonly scope: "host" | "command" | null;
  /** Refused first, then what would be refused, then allowed; then by name. */
  readonly rows: readonly Row[];
  /** What each step did, in order; empty when no step is known. */
  readonly steps: readonly StepSummary[];
  /** Acts that take, keep or lend rights; sudo comes last. */
  readonly privileges: readonly PrivilegeRow[];
  /** What was done to files; what was overwritten comes first. */
  readonly files: readonly FileRow[];
  /** By what changes of sources were heard of; null when they were not. */
  readonly sources: NonNullable<AgentEvent["files"]> | null;
  /** By what processes were heard of; null when they were not. */
  readonly processes: NonNullable<AgentEvent["processes"]> | null;
  /** Whether no program can have been missed while Sluice was armed. */
  readonly hearsAll: boolean;
  /** Of events, not of rows. */
  readonly counts: Counts;
  /** When the agent watched. */
  readonly coverage: readonly Interval[];
  /** When nobody watched between arming and stopping. */
  readonly lost: readonly Interval[];
  /** Packets that have no event each, by who sent them; the most first. */
  readonly floods: readonly Flood[];
  /** Domains that DNS seems to carry data to; the most names first. */
  readonly tunnels: readonly Tunnel[];
  /** What the agent says about an attack on itself, in order. */
  readonly tampered: readonly string[];
  /** Whether something could have left by it: then the job is red. */
  readonly isTampered: boolean;
  /** What kept the agent from its work while nothing could leave. */
  readonly impaired: readonly string[];
  /** Packets answered, as far as the agent could say. */
  readonly packets: number;
  /** Events that could not be written. */
  readonly lostEvents: number;
  /** What the reader could not read. */
  readonly problems: readonly string[];
}

/**
 * Groups the events.
 *
 * A look-up whose name was then connected to has no row of its own, unless the
 * look-up itself met a refusal that the connection's row does not tell. A name
 * is not connected to when the client says another one at its address.
 *
 * @param events A journal's events, in order.
 * @param problems What the reader found wrong; handed on as it is.
 * @returns The summary; equal events give an equal summary.
 */
export function aggregate(
  events: readonly Event[],
  problems: readonly string[] = [],
): Summary {
  const table = new RowTable();
  const connected = new Set<string>();
  const agent: AgentEvent[] = [];
  for (const event of events) {
    if (event.kind === "agent") agent.push(event);
    if (event.kind !== "connection") continue;
    const proxies = event.asked === undefined ? [] : event.names;
    for (const name of [...meantNames(event), ...proxies]) connected.add(name);
    table.addConnection(event);
  }
  for (const event of events) {
    if (event.kind !== "dns") continue;
    if (connected.has(event.name) && isToldByConnection(event)) continue;
    table.addDns(event);
  }

  const armed = agent.findLast(({ event }) => event === "armed");
  return {
    egress: armed?.egress ?? null,
    scope: armed?.scope ?? null,
    rows: table.rows(),
    steps: stepsOf(events),
    privileges: privilegesOf(events),
    files: filesOf(events),
    sources: armed?.files ?? null,
    processes: armed?.processes ?? null,
    hearsAll: hearsAll(agent),
    counts: countsOf(events),
    ...coverageOf(events),
    floods: floodsOf(agent),
    tunnels: tunnelsOf(agent),
    tampered: agent
      .filter(({ event }) => event === "tampered")
      .map(({ message }) => message ?? "The agent was tampered with."),
    isTampered: agent.some(({ event, held }) =>
      event === "tampered" && held !== true
    ),
    impaired: agent
      .filter(({ event, what }) =>
        event === "impaired" ||
        event === "coverage_lost" &&
          (what === "processes" || what === "sources")
      )
      .map(({ message }) => message ?? "The agent could not do its work."),
    packets: sum(agent.map(({ packets }) => packets ?? 0)),
    lostEvents: sum(agent.map(({ lost }) => lost ?? 0)),
    problems,
  };
}

/**
 * Counts verdicts: one for each event of a kind that is judged, and those that
 * have no event each. Of the others it counts what the events are about.
 *
 * @param events A journal's events.
 * @returns Counts by kind, and by decision where there is one.
 */
export function countsOf(events: readonly Event[]): Counts {
  const counts = {
    connection: { allow: 0, deny: 0 },
    dns: { allow: 0, deny: 0 },
    exec: 0,
    step: 0,
    privilege: { seen: 0, denied: 0 },
    file: { seen: 0, overwritten: 0 },
  };
  const programs = new ProgramCounter();
  for (const event of events) {
    if ("decision" in event) counts[event.kind][event.decision]++;
    else if (event.kind === "exec") {
      if (programs.isNew(event)) counts.exec++;
    } else if (event.kind === "step") {
      if (event.event === "started") counts.step++;
    } else if (event.kind === "privilege") {
      counts.privilege.seen++;
      if (event.denied) counts.privilege.denied++;
    } else if (event.kind === "file") {
      counts.file.seen++;
      if (event.overwritten) counts.file.overwritten++;
    } else if (event.kind === "agent") {
      for (const [protocol, count] of Object.entries(event.refused ?? {})) {
        counts[protocol === "dns" ? "dns" : "connection"].deny += count;
      }
    }
  }
  return counts;
}

/** Whether anything was refused, told by an event of its own or not. */
export function hasRefusal({ rows, floods }: Summary): boolean {
  return floods.some(({ refused }) => refused > 0) ||
    rows.some(({ decision, enforced }) => decision === "deny" && enforced);
}

/** The proc connector tells too late of programs that end at once. */
function hearsAll(agent: readonly AgentEvent[]): boolean {
  return agent.some(({ event }) => event === "armed") &&
    agent.every(({ event, what, processes, lost, held }) => {
      if (event === "armed") {
        return processes === "bpf" || processes === "audit";
      }
      const isDeaf = event === "coverage_lost" && what !== "sources";
      return !isDeaf && (lost ?? 0) === 0 &&
        (event !== "tampered" || held === true);
    });
}

/** In audit mode the connection that followed says the same, and more. */
function isToldByConnection(event: DnsEvent): boolean {
  if (event.decision === "allow") return true;
  return event.why === "name_not_allowed" && !event.enforced;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
