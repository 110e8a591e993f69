/**
 * Rounds of figures as one Markdown table.
 *
 * @module
 */
import type { BulkFigures } from "./bulk.ts";
import type { ExecutionFigures, Turns } from "./executions.ts";
import type { FlowRates } from "./flow_rates.ts";
import type { GuardName } from "./guards.ts";
import type { JobFigures } from "./jobs.ts";
import type { Crowd, Figures } from "./measure.ts";
import type { SourceFigures } from "./sources.ts";
import {
  count,
  gigabits,
  megabytes,
  micros,
  milliseconds,
  percent,
} from "./units.ts";

/** All rounds of all guards, and what Deno needs to start our program at all. */
export interface Results {
  readonly rounds: readonly Figures[];
  readonly bulk: BulkFigures;
  /** Of `sluice --help` from outside: a start of nothing, per round. */
  readonly helpMs: readonly number[];
  /** One of each guard. */
  readonly rates: readonly FlowRates[];
  readonly executions: ExecutionFigures;
  readonly sources: SourceFigures;
  readonly jobs: JobFigures;
  /** After so many connections memory was looked at. */
  readonly memoryConnections: number;
  readonly crowd: Crowd;
}

/** One row, before it is formatted. */
export interface Row {
  readonly name: string;
  readonly none: number | null;
  readonly acceptAll: number | null;
  readonly sluice: number | null;
  readonly format: (value: number) => string;
  /** What Sluice's figure is divided by. */
  readonly against: "none" | "acceptAll" | null;
  readonly goal?: Goal;
}

/** Of the ratio, or of Sluice's own figure. */
interface Goal {
  readonly text: string;
  readonly isMet: (of: { ratio: number; sluice: number }) => boolean;
}

const HEAD = [
  "",
  "without agent",
  "C accept-all",
  "Sluice",
  "ratio",
  "goal",
];

const AT_MOST_1_3: Goal = {
  text: "at most 1.3 × C",
  isMet: ({ ratio }) => ratio <= 1.3,
};
const AT_LEAST_0_98: Goal = {
  text: "at least 0.98 × without",
  isMet: ({ ratio }) => ratio >= 0.98,
};
const AT_MOST_1_1: Goal = {
  text: "at most 1.1 × without",
  isMet: ({ ratio }) => ratio <= 1.1,
};
const AT_MOST_1_02: Goal = {
  text: "at most 1.02 × without",
  isMet: ({ ratio }) => ratio <= 1.02,
};
const UNDER_1_03: Goal = {
  text: "under 1.03 × without",
  isMet: ({ ratio }) => ratio < 1.03,
};
const UNDER_500_MS: Goal = {
  text: "under 500 ms",
  isMet: ({ sluice }) => sluice < 500,
};
const UNDER_400_MICROS: Goal = {
  text: "under 400 µs",
  isMet: ({ sluice }) => sluice < 400,
};
const UNDER_100_MB: Goal = {
  text: "under 100 MB",
  isMet: ({ sluice }) => sluice < 100e6,
};

/**
 * Renders the table, a median over the rounds in each cell.
 *
 * @returns Lines of Markdown, each ending with a newline.
 */
export function renderTable(results: Results): string {
  return renderRows(makeRows(results));
}

/** The same of some rows only. */
export function renderRows(rows: readonly Row[]): string {
  const lines = [
    HEAD,
    HEAD.map((_, column) => column === 0 ? "---" : "--:"),
    ...rows.map(formatRow),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |\n`).join("");
}

/** The middle value, or the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return (sorted[Math.ceil(middle) - 1]! + sorted[Math.floor(middle)]!) / 2;
}

function makeRows(results: Results): Row[] {
  const { rounds, bulk, helpMs, memoryConnections, crowd } = results;
  const of = (guard: GuardName, pick: (figures: Figures) => number | null) => {
    const values = rounds.filter((figures) => figures.guard === guard)
      .map(pick).filter((value) => value !== null);
    return values.length === 0 ? null : median(values);
  };
  const each = (pick: (figures: Figures) => number | null) => ({
    none: of("none", pick),
    acceptAll: of("accept_all", pick),
    sluice: of("sluice", pick),
  });
  const connect = each((figures) => figures.connectP50);
  const crowdP50 = each((figures) => figures.crowdP50);
  const crowdP99 = each((figures) => figures.crowdP99);
  const among = `among ${crowd.processes} processes of ` +
    `${crowd.descriptors} descriptors`;
  const times = { format: micros, against: "none" } as const;
  const bytes = { format: megabytes, against: null };
  const after = `after ${memoryConnections} connections`;
  return [
    { name: "connect(), p50", ...connect, ...times },
    {
      name: "connect(), p50, added",
      none: null,
      acceptAll: connect.acceptAll! - connect.none!,
      sluice: connect.sluice! - connect.none!,
      ...{ format: micros, against: "acceptAll", goal: AT_MOST_1_3 },
    },
    {
      name: "agent CPU per connection",
      ...each((figures) => figures.cpuPerConnection),
      ...{ format: micros, against: "acceptAll", goal: AT_MOST_1_3 },
    },
    {
      name: "bulk TCP throughput",
      none: median(bulk.none),
      acceptAll: null,
      sluice: median(bulk.sluice),
      ...{ format: gigabits, against: "none", goal: AT_LEAST_0_98 },
    },
    {
      name: "connect(), p99",
      ...each((figures) => figures.connectP99),
      ...times,
    },
    {
      name: "connect(), p50 of the first 100",
      ...each((figures) => figures.firstConnectP50),
      ...times,
    },
    {
      name: `connect() ${among}, p50, added`,
      none: null,
      acceptAll: crowdP50.acceptAll! - crowdP50.none!,
      sluice: crowdP50.sluice! - crowdP50.none!,
      ...{ format: micros, against: "acceptAll", goal: UNDER_400_MICROS },
    },
    {
      name: `connect() ${among}, p99, added`,
      none: null,
      acceptAll: crowdP99.acceptAll! - crowdP99.none!,
      sluice: crowdP99.sluice! - crowdP99.none!,
      ...{ format: micros, against: "acceptAll" },
    },
    {
      name: "DNS look-up, p50",
      ...each((figures) => figures.lookUpP50),
      ...times,
    },
    {
      name: "DNS look-up over TCP, p50",
      ...each((figures) => figures.tcpLookUpP50),
      ...times,
    },
    {
      name: "TLS handshake, p50",
      ...each((figures) => figures.tlsP50),
      ...times,
    },
    {
      name: "QUIC handshake, p50",
      ...each((figures) => figures.quicP50),
      ...times,
    },
    ...makeRateRows(results.rates),
    {
      name: "connect() refused, p50",
      ...each((figures) => figures.refusalP50),
      ...times,
    },
    {
      name: "DNS look-up refused, p50",
      ...each((figures) => figures.deniedLookUpP50),
      ...times,
    },
    {
      name: "`start` to armed, its own clock",
      ...each((figures) => figures.arming?.ownMs ?? null),
      ...{ format: milliseconds, against: null, goal: UNDER_500_MS },
    },
    {
      name: "`start` to armed, with `deno task`",
      ...each((figures) => figures.arming?.outsideMs ?? null),
      none: median(helpMs),
      ...{ format: milliseconds, against: "none", goal: UNDER_500_MS },
    },
    {
      name: `resident memory ${after}`,
      ...each((figures) => figures.memory?.resident ?? null),
      ...{ ...bytes, goal: UNDER_100_MB },
    },
    {
      name: `proportional memory ${after}`,
      ...each((figures) => figures.memory?.proportional ?? null),
      ...bytes,
    },
    ...makeExecutionRows(results.executions),
    ...makeSourceRows(results.sources),
    ...makeJobRows(results.jobs),
  ];
}

/** What stands in the columns of a comparison without C. */
function both({ none, sluice }: Turns) {
  return { none: median(none), acceptAll: null, sluice: median(sluice) };
}

function makeSourceRows(figures: SourceFigures): Row[] {
  const { effort: { tracked, placed }, peak } = figures;
  const times = { format: milliseconds, against: "none" } as const;
  const arming = "`start` to armed, its own clock, with";
  return [
    { name: `${arming} ${tracked} sources`, ...both(figures.arming), ...times },
    {
      name: `${arming} ${tracked} sources to be read`,
      ...both(figures.hashing),
      ...times,
    },
    {
      name: `resident memory with ${tracked} sources`,
      ...both(figures.memory),
      ...{ format: megabytes, against: "none" },
    },
    {
      name: `git checkout of ${placed} sources`,
      ...both(figures.checkout),
      ...{ ...times, goal: UNDER_1_03 },
    },
    {
      name: `resident memory at most, until then`,
      ...{ none: null, acceptAll: null, sluice: median(peak) },
      ...{ format: megabytes, against: null },
    },
    {
      name: "building a C project of watched sources",
      ...both(figures.build),
      ...{ ...times, goal: AT_MOST_1_02 },
    },
  ];
}

/** Of what the action costs a job. */
export function makeJobRows(figures: JobFigures): Row[] {
  const { firstPre, laterPre, post, programBytes, denoBytes } = figures;
  const times = { format: milliseconds, against: "none" } as const;
  const size = {
    ...{ none: null, acceptAll: null, format: megabytes },
    against: null,
  };
  return [
    {
      name: "`pre` of the action to armed, on a new machine",
      ...both(firstPre),
      ...times,
    },
    {
      name: "`pre` of the action to armed, where it was before",
      ...both(laterPre),
      ...times,
    },
    { name: "`post` of the action to its end", ...both(post), ...times },
    { name: "download of a released action", sluice: programBytes, ...size },
    { name: "download of Deno for a source", sluice: denoBytes, ...size },
  ];
}

function makeExecutionRows({ exec, build, cpu }: ExecutionFigures): Row[] {
  return [
    {
      name: "executing a program of 0.1 ms",
      ...both(exec),
      ...{ format: micros, against: "none", goal: AT_MOST_1_1 },
    },
    {
      name: "agent CPU per program executed",
      ...{ none: null, acceptAll: null, sluice: median(cpu) },
      ...{ format: micros, against: null },
    },
    {
      name: "building a C project with 2 jobs",
      ...both(build),
      ...{ format: milliseconds, against: "none", goal: AT_MOST_1_02 },
    },
  ];
}

function makeRateRows(rates: readonly FlowRates[]): Row[] {
  const each = (pick: (rates: FlowRates) => number | null) => {
    const of = (name: GuardName) => {
      const found = rates.find(({ guard }) => guard === name);
      return found === undefined ? null : pick(found);
    };
    return {
      none: of("none"),
      acceptAll: of("accept_all"),
      sluice: of("sluice"),
    };
  };
  return [
    {
      name: "new flows per second, none lost or late",
      ...each(({ mostPerSecond }) => mostPerSecond),
      ...{ format: count, against: "acceptAll" },
    },
    {
      name: "agent CPU at 1000 new flows per second",
      ...each(({ cpuShare }) => cpuShare),
      ...{ format: percent, against: "acceptAll" },
    },
  ];
}

function formatRow(row: Row): string[] {
  const { name, none, acceptAll, sluice, format, against, goal } = row;
  const base = against === null ? null : row[against];
  const ratio = base === null || sluice === null ? NaN : sluice / base;
  const isMet = sluice !== null && goal?.isMet({ ratio, sluice });
  const result = isMet ? "met" : "**missed**";
  const cell = (value: number | null) => value === null ? "–" : format(value);
  return [
    name,
    cell(none),
    cell(acceptAll),
    cell(sluice),
    Number.isNaN(ratio) ? "–" : ratio.toFixed(2),
    goal === undefined ? "–" : `${goal.text}: ${result}`,
  ];
}
