/**
 * One run of a probe inside of a lab.
 *
 * @module
 */
import type { Lab } from "../lab/lab.ts";

/** What a probe prints; times are in microseconds. */
export interface Findings {
  readonly count: number;
  readonly failures: number;
  readonly refused: number;
  readonly p50: number;
  readonly p99: number;
  readonly failed_p50: number;
}

const PROBE_TIMEOUT_MS = 120_000;

/**
 * Runs a probe on the guarded side.
 *
 * @param lab Where.
 * @param command The program and its arguments.
 * @returns What it printed, which is JSON.
 * @throws {Error} When it exits with anything but 0.
 */
export async function runProbe<T = Findings>(
  lab: Lab,
  command: readonly string[],
): Promise<T> {
  const { code, stdout, stderr } = await lab.in("run", command, {
    timeoutMs: PROBE_TIMEOUT_MS,
  });
  if (code === 0) return JSON.parse(stdout);
  throw new Error(
    `Cannot run "${command.join(" ")}": exit code is ${code} with ` +
      `"${stderr.trim()}", 0 is needed`,
  );
}

/**
 * Passes on what was sent for success.
 *
 * @throws {Error} When anything failed: its time would count as a fast one.
 */
export function succeed(findings: Findings): Findings {
  if (findings.failures === 0 && findings.count > 0) return findings;
  throw unexpected("none", findings);
}

/**
 * Passes on what was sent to be refused.
 *
 * @throws {Error} When anything was not refused.
 */
export function fail(findings: Findings): Findings {
  if (findings.count === 0 && findings.refused > 0) {
    if (findings.refused === findings.failures) return findings;
  }
  throw unexpected("all", findings);
}

function unexpected(wanted: string, findings: Findings): Error {
  const { count, failures, refused } = findings;
  return new Error(
    `Cannot trust the probe: ${refused} of ${count + failures} were refused ` +
      `and ${failures - refused} ran out of time, ${wanted} refused is needed`,
  );
}
