/**
 * Whether what was found makes the job fail.
 *
 * @module
 */
import type { Policy } from "./decide/policy.ts";
import { hasRefusal, type Summary } from "./report/aggregate.ts";
import { hasOverwritten } from "./report/files.ts";

/** Of `run` and `stop`: something was found, and the policy says `fail`. */
export const FOUND_EXIT_CODE = 4;

/** What was found. */
export interface Findings {
  /** What the journal tells. */
  readonly summary: Summary;
  /** Events that could not be written. */
  readonly lost: number;
  /** Whether the guard was tampered with, as far as its agent knows. */
  readonly isTampered: boolean;
}

/** Whether the job is to fail by what was found. */
export function isRed(
  { summary, lost, isTampered }: Findings,
  { egress, on }: Pick<Policy, "egress" | "on">,
): boolean {
  if ((isTampered || summary.isTampered) && egress === "block") return true;
  // What counts may be among what is lost, and a full disk must not hide it.
  const isLost = lost > 0;
  return on.denied === "fail" && (isLost || hasRefusal(summary)) ||
    on.overwritten === "fail" && (isLost || hasOverwritten(summary));
}
