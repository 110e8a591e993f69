/**
 * The report as JSON, for programs.
 *
 * @module
 */
import type { Counts, Summary } from "./aggregate.ts";
import {
  allowanceFor,
  allowanceForRow,
  proxiesFor,
  type Withheld,
  withheldFrom,
} from "./allowance.ts";
import type { Interval } from "./coverage.ts";
import { escapeJson } from "./escape.ts";
import type { FileRow } from "./files.ts";
import type { Flood } from "./flood.ts";
import type { PrivilegeRow } from "./privilege.ts";
import type { Row } from "./row.ts";
import type { StepSummary } from "./steps.ts";
import type { Tunnel } from "./tunnel.ts";
import { whyText } from "./why.ts";

/** One row, with what a reader would have to look up. */
export interface ReportRow extends Row {
  /** `why` as a sentence. */
  readonly meaning: string;
  /** What can be done about it, as a sentence. */
  readonly remedy: string;
  /** Entries that would have allowed this row. */
  readonly entries: readonly string[];
}

/**
 * What {@linkcode renderJson} writes. Within a version members are added, never
 * renamed.
 */
export interface Report {
  /** Of this shape. */
  readonly version: 1;
  /** The mode; null when the journal does not say. */
  readonly egress: "audit" | "block" | null;
  /** What was guarded; null when the journal does not say. */
  readonly scope: "host" | "command" | null;
  /** What each step did, in order. */
  readonly steps: readonly StepSummary[];
  /** Acts that take, keep or lend rights. */
  readonly privileges: readonly PrivilegeRow[];
  /** What was done to files; what was overwritten comes first. */
  readonly files: readonly FileRow[];
  /** By what changes of sources were heard of; null when they were not. */
  readonly sources: Summary["sources"];
  /** By what processes were heard of; null when they were not. */
  readonly processes: Summary["processes"];
  /** Whether no program can have been missed while Sluice was armed. */
  readonly hearsAll: boolean;
  /** Verdicts, one for each event. */
  readonly counts: Counts;
  /** From when to when Sluice watched; RFC 3339 in UTC. */
  readonly coverage: readonly Interval[];
  /** When nobody watched between arming and stopping. */
  readonly lost: readonly Interval[];
  /** Packets that have no event each, by who sent them. */
  readonly floods: readonly Flood[];
  /** Domains that DNS seems to carry data to. */
  readonly tunnels: readonly Tunnel[];
  /** What the agent says about an attack on itself. */
  readonly tampered: readonly string[];
  /** Whether something could have left by it. */
  readonly isTampered: boolean;
  /** What kept the agent from its work while nothing could leave. */
  readonly impaired: readonly string[];
  /** Packets answered. */
  readonly packets: number;
  /** Events that could not be written. */
  readonly lostEvents: number;
  /** What could not be read in the journal. */
  readonly problems: readonly string[];
  /** As in the summary, in the same order. */
  readonly rows: readonly ReportRow[];
  /** Entries that would have allowed everything, or what is refused. */
  readonly allowance: {
    readonly seen: readonly string[];
    readonly refused: readonly string[];
  };
  /** The proxies beside them. */
  readonly proxies: {
    readonly seen: readonly string[];
    readonly refused: readonly string[];
  };
  /** What no entry can allow, among everything seen. */
  readonly withheld: readonly Withheld[];
}

/**
 * Renders a summary as JSON text: a {@linkcode Report}.
 *
 * Strings are as the journal has them, so escape them before showing them; in
 * the text itself every unseen character is written `\uNNNN`.
 *
 * @param summary From `aggregate`.
 * @returns JSON indented by two spaces, with a last line break; equal summaries
 * give equal text.
 */
export function renderJson(summary: Summary): string {
  const report: Report = {
    version: 1,
    egress: summary.egress,
    scope: summary.scope,
    counts: summary.counts,
    steps: summary.steps,
    privileges: summary.privileges,
    files: summary.files,
    sources: summary.sources,
    processes: summary.processes,
    hearsAll: summary.hearsAll,
    coverage: summary.coverage,
    lost: summary.lost,
    floods: summary.floods,
    tunnels: summary.tunnels,
    tampered: summary.tampered,
    isTampered: summary.isTampered,
    impaired: summary.impaired,
    packets: summary.packets,
    lostEvents: summary.lostEvents,
    problems: summary.problems,
    rows: summary.rows.map((row) => ({
      ...row,
      ...whyText(row.why),
      entries: allowanceForRow(row, summary),
    })),
    allowance: {
      seen: allowanceFor(summary, "seen"),
      refused: allowanceFor(summary, "refused"),
    },
    proxies: {
      seen: proxiesFor(summary, "seen"),
      refused: proxiesFor(summary, "refused"),
    },
    withheld: withheldFrom(summary, "seen"),
  };
  return `${escapeJson(JSON.stringify(report, null, 2))}\n`;
}
