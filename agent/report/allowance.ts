/**
 * From what a run did to the policy entries that allow it.
 *
 * @module
 */
import type { Summary } from "./aggregate.ts";
import { Needs, type Withheld } from "./needs.ts";
import type { Row } from "./row.ts";

export type { Withheld };

/** Attempts of a whole run, or only those that are, or would be, refused. */
export type AllowanceScope = "seen" | "refused";

/**
 * The smallest list of endpoints that would have allowed exactly this.
 *
 * A name that was looked up and refused was never connected to, so its port is
 * not known: its entry is the host alone, which means TCP to port 443. The name
 * that a client said is listed alone. Where it was not asked, all names that led
 * to the address are, because which of them comes last differs from run to run.
 * A client that says none gets out by the address only.
 *
 * @param summary From `aggregate`.
 * @param which `refused` leaves out what the policy in force allows.
 * @returns Endpoints as a policy writes them, sorted, each once. What cannot be
 * written safely is missing: {@linkcode withheldFrom} says what.
 */
export function allowanceFor(
  summary: Summary,
  which: AllowanceScope,
): readonly string[] {
  return needsOf(summary, inScope(summary, which)).entries();
}

/**
 * The proxies beside it, as the policy's list of them names them.
 *
 * @param summary From `aggregate`.
 * @param which As for `allowanceFor`.
 */
export function proxiesFor(
  summary: Summary,
  which: AllowanceScope,
): readonly string[] {
  return needsOf(summary, inScope(summary, which)).proxies();
}

/**
 * What {@linkcode allowanceFor} leaves out because no entry can allow it.
 *
 * @param summary From `aggregate`.
 * @param which As for `allowanceFor`.
 * @returns Each subject and reason once, in the order of the rows.
 */
export function withheldFrom(
  summary: Summary,
  which: AllowanceScope,
): readonly Withheld[] {
  return needsOf(summary, inScope(summary, which)).withheld();
}

/**
 * The entries that would have allowed one row.
 *
 * @param row Of the summary.
 * @param summary From `aggregate`.
 * @returns As `allowanceFor`; empty when none is needed or none helps.
 */
export function allowanceForRow(
  row: Row,
  summary: Summary,
): readonly string[] {
  return needsOf(summary, [row]).entries();
}

function needsOf(summary: Summary, rows: readonly Row[]): Needs {
  const needs = new Needs(summary);
  for (const row of rows) needs.addRow(row);
  return needs;
}

function inScope(summary: Summary, which: AllowanceScope): readonly Row[] {
  if (which === "seen") return summary.rows;
  return summary.rows.filter(({ decision }) => decision === "deny");
}
