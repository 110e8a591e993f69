/**
 * What every refusal of `sluice run` has in common: one message, the right
 * code, and nothing that is left of the attempt.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Cell, RUN_TIMEOUT_MS, sluiceArgs } from "./cell.ts";
import { assertGone, withoutJournals } from "./leftovers.ts";

/** One machine, or one command line, on which nothing can be guarded. */
export interface Refusal {
  readonly name: string;
  /** Shell lines that make the cell so; `$0` is its directory. */
  readonly setup?: string;
  readonly copy?: boolean;
  /** Behind `run`; default audits `true`. */
  readonly args?: readonly string[];
  /** A command line that Sluice is started with. */
  readonly before?: readonly string[];
  /** Its journal stays then, as that of every guard. Default false. */
  readonly wasArmed?: boolean;
  readonly code: number;
  /** What, why and hint must match. */
  readonly said: readonly [RegExp, RegExp];
}

/** Behind `run`, where the flags are not the question. */
export const AUDIT: readonly string[] = ["--egress", "audit", "--", "true"];

/**
 * Runs the row's command line in the row's cell.
 *
 * @throws {assert.AssertionError} When anything is said or left besides.
 */
export async function assertRefused(row: Refusal): Promise<void> {
  const { setup, copy, args = AUDIT, before = [], said, code } = row;
  await using cell = await Cell.open({ setup, copy });
  const owned = await cell.in(["sh", "-c", OWN_FILES, cell.directory]);
  const found = await cell.footprint();
  await using sluice = cell.spawn([
    ...before,
    ...sluiceArgs(),
    ...cell.withState(["run", ...args]),
  ], { env: { SLUICE_CWD: cell.directory } });
  const result = await sluice.finished(RUN_TIMEOUT_MS);

  assert.equal(result.code, code, result.stderr);
  assert.equal(result.stdout, "");
  const lines = result.stderr.trimEnd().split("\n")
    .filter((line) => !/^sluice: (?:Missing|Installing)/.test(line));
  assert.equal(lines.length, 2, result.stderr);
  assert.match(lines[0]!, /^sluice: Cannot /);
  assert.match(lines[0]!, said[0]);
  assert.match(lines[1]!, /^ {2}\S/);
  assert.match(lines[1]!, said[1]);
  await assertGone(sluice.pid);
  const left = await cell.footprint();
  assert.equal(row.wasArmed ? withoutJournals(left) : left, found);
  const after = await cell.in(["sh", "-c", OWN_FILES, cell.directory]);
  assert.equal(after.stdout, owned.stdout);
}

/** Every file with what it holds; an empty state directory may stay. */
const OWN_FILES =
  `cd "$0" && find . -path ./layer -prune -o -path ./deno -prune -o -path ./state \
  -prune -o -type f -exec sha256sum {} + -o -printf '%p %y %l\\n' | sort`;
