/**
 * Whom a recommended entry is for.
 *
 * @module
 */
import type { Sender } from "./sender.ts";

/** How tight entries are to be made. */
export type ScopeChoice = "none" | "step" | "process";

/** Null is everybody. */
export interface EntryScope {
  /** The only step that uses the entry. */
  readonly step: string | null;
  /** The only program that uses it. */
  readonly process: string | null;
}

/** Where a distribution keeps its programs: they are there in each run. */
const STABLE = /^\/(?:usr\/|bin\/|sbin\/|opt\/|snap\/bin\/)/;

/** Below those all the same, but with a version in the path, or made by a run. */
const UNSTABLE =
  /\/(?:hostedtoolcache|tmp|temp|work|_work|cache)\/| \(deleted\)$/;

/**
 * A shell runs whatever it is given, and what it opens its children hold too,
 * of whom nobody knows then which one sends.
 */
const SHELL = /\/(?:ba|da|z|k|fi|c|tc|a)?sh$|\/busybox$/;

/**
 * The tightest scope that takes all users of an entry in.
 *
 * @param users Who uses it; without any there is no scope.
 * @param of What is wanted, and whether steps tell the senders apart at all.
 */
export function scopeFor(
  users: readonly Sender[],
  of: { readonly choice: ScopeChoice; readonly tellsSteps: boolean },
): EntryScope {
  const { choice, tellsSteps } = of;
  const step = choice !== "none" && tellsSteps
    ? same(users.map((user) => user.step))
    : null;
  const exe = choice === "process" ? same(users.map((user) => user.exe)) : null;
  return { step, process: exe !== null && isTelling(exe) ? exe : null };
}

/** Whether a scope takes a sender in. */
export function fits({ step, process }: EntryScope, sender: Sender): boolean {
  return (step === null || step === sender.step) &&
    (process === null || process === sender.exe);
}

/** Whether steps tell these senders apart: with one step they say nothing. */
export function tellsSteps(senders: readonly Sender[]): boolean {
  return new Set(senders.map(({ step }) => step)).size > 1;
}

/** Whether the next run finds a program there, and it is that one alone. */
function isTelling(path: string): boolean {
  return STABLE.test(path) && !UNSTABLE.test(path) && !SHELL.test(path);
}

/** What all of them are; null when they differ, or one is not known. */
function same(values: readonly (string | null)[]): string | null {
  const [first = null] = values;
  return values.every((value) => value === first) ? first : null;
}
