/**
 * Acts that take, keep or lend more rights than a build needs.
 *
 * @module
 */
import type { ProcessField } from "../record/done.ts";
import type { Event } from "../record/event.ts";
import type { PrivilegeEvent } from "../record/process_event.ts";

/** The rule for sudo and programs like it, which honest builds use too. */
export const SUDO_RULE = "sudo-used";

/** Acts that agree in everything that is said of them. */
export interface PrivilegeRow {
  /** As README lists them. */
  readonly rule: string;
  /** A sentence about the first of them. */
  readonly reason: string;
  /** Null when it is not known. */
  readonly step: string | null;
  /** Who did the first of them; null when it is not known. */
  readonly process: ProcessField | null;
  /** To whom the first of them was done. */
  readonly target: PrivilegeEvent["target"] | null;
  /** To what the first of them was done. */
  readonly path: string | null;
  /** Whether all of them were prevented. */
  readonly denied: boolean;
  /** How many. */
  readonly times: number;
  /** Time of the first. */
  readonly first: string;
}

/**
 * Groups the acts by rule, step and program.
 *
 * @param events A journal's events.
 * @returns What was not prevented first, sudo last; otherwise in order of time.
 */
export function privilegesOf(events: readonly Event[]): PrivilegeRow[] {
  const rows = new Map<string, PrivilegeRow>();
  for (const event of events) {
    if (event.kind !== "privilege") continue;
    const { rule, reason, step, process, denied, time } = event;
    const key = JSON.stringify([rule, step, process?.exe ?? null, denied]);
    const known = rows.get(key);
    rows.set(
      key,
      known !== undefined ? { ...known, times: known.times + 1 } : {
        rule,
        reason,
        step,
        process,
        target: event.target ?? null,
        path: event.path ?? null,
        denied,
        times: 1,
        first: time,
      },
    );
  }
  const weight = ({ rule, denied }: PrivilegeRow) =>
    rule === SUDO_RULE ? 2 : denied ? 1 : 0;
  return [...rows.values()].sort((a, b) => weight(a) - weight(b));
}

/** One sentence, not escaped. */
export function privilegeText(row: PrivilegeRow): string {
  const { rule, reason, step, process, path, denied, times } = row;
  const who = process?.exe ??
    (process === null ? "somebody unknown" : `pid ${process.pid}`);
  return [
    `${rule}: ${reason}`,
    ...(path === null ? [] : [path]),
    `by ${who}`,
    ...(step === null ? [] : [`in step "${step}"`]),
    ...(times === 1 ? [] : [`${times} times`]),
    ...(denied ? ["and it was prevented"] : []),
  ].join(", ") + ".";
}

/**
 * Whether sudo was used, as one sentence.
 *
 * @param of A summary.
 * @returns Null when nobody listened.
 */
export function sudoText(
  of: {
    readonly privileges: readonly PrivilegeRow[];
    readonly processes: string | null;
    readonly hearsAll: boolean;
  },
): string | null {
  const used = of.privileges.filter(({ rule }) => rule === SUDO_RULE);
  if (used.length > 0) {
    const names = new Set(used.map(({ step }) => step));
    const steps = [...names].filter((step) => step !== null);
    const where = steps.map((step) => `"${step}"`).join(", ");
    const many = steps.length === 1 ? "step" : "steps";
    return steps.length === 0
      ? "sudo was used."
      : `sudo was used in ${many} ${where}${
        names.has(null) ? " and outside of steps" : ""
      }.`;
  }
  if (of.processes === null) return null;
  if (!of.hearsAll) {
    return "sudo was not seen, but not all programs were heard of.";
  }
  return "sudo was not used: it can be taken from this build.";
}
