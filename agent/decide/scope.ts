/**
 * Whom an entry is for: the part of it that is about the sender.
 *
 * @module
 */
import type { Sender } from "./decision.ts";
import type { Entry, Policy } from "./policy.ts";
import { quote } from "./refusal.ts";

/** What an entry says about its sender. */
export type Scope = Pick<
  Entry,
  "step" | "process" | "sha256" | "ancestor" | "runner"
>;

/** For everybody. */
export const UNSCOPED: Scope = {
  step: null,
  process: null,
  sha256: null,
  ancestor: null,
  runner: false,
};

/** Whether an allow entry is for this sender: an unknown one gets nothing. */
export function holdsFor(entry: Scope, sender: Sender): boolean {
  const { step, process, sha256, ancestor } = entry;
  if (entry.runner && sender.isRunner !== true) return false;
  if (step !== null && step !== sender.step) return false;
  if (process !== null && process !== sender.exe) return false;
  if (sha256 !== null && sha256 !== sender.sha256) return false;
  return ancestor === null || (sender.ancestors ?? []).includes(ancestor);
}

/**
 * Whether a deny entry may be for this sender.
 *
 * An unknown sender counts as the one that is meant: otherwise a process would
 * escape a deny entry by not being found. For the same reason a program that is
 * not among the ancestors is not above the sender only when all of them are
 * known.
 */
export function mayHoldFor(entry: Scope, sender: Sender): boolean {
  const { exe, ancestors = [], isAncestryWhole = false } = sender;
  if (!mayBe(entry.step, sender.step)) return false;
  if (!mayBe(entry.process, exe)) return false;
  if (!mayBe(entry.sha256, sender.sha256 ?? null)) return false;
  const { ancestor } = entry;
  return ancestor === null || !isAncestryWhole || ancestors.includes(ancestor);
}

function mayBe(wanted: string | null, found: string | null): boolean {
  return wanted === null || found === null || wanted === found;
}

/** Whether an entry is for certain senders only. */
export function isScoped(entry: Scope): boolean {
  const { step, process, ancestor, runner } = entry;
  return runner || step !== null || process !== null || ancestor !== null;
}

/**
 * Whether the one scope takes in everybody that the other one does.
 *
 * @param wide The scope that may cover.
 * @param narrow The scope that may be covered.
 */
export function coversScope(wide: Scope, narrow: Scope): boolean {
  return (!wide.runner || narrow.runner) &&
    (wide.step === null || wide.step === narrow.step) &&
    (wide.process === null || wide.process === narrow.process) &&
    (wide.sha256 === null || wide.sha256 === narrow.sha256) &&
    (wide.ancestor === null || wide.ancestor === narrow.ancestor);
}

/** A scope as the end of a sentence: ` in step "Build" by "/usr/bin/curl"`. */
export function sayScope(entry: Scope): string {
  const { step, process, sha256, ancestor } = entry;
  return [
    entry.runner ? " by the runner itself" : "",
    step === null ? "" : ` in step ${quote(step)}`,
    process === null ? "" : ` by ${quote(process)}`,
    sha256 === null ? "" : ` with the SHA-256 ${sha256}`,
    ancestor === null ? "" : ` below ${quote(ancestor)}`,
  ].join("");
}

/** Whether an entry asks in which step something is sent. */
export function isStepScoped(policy: Policy): boolean {
  return entriesOf(policy).some(({ step }) => step !== null);
}

/** Whether an entry asks what is above a sender. */
export function needsAncestors(policy: Policy): boolean {
  return entriesOf(policy).some(({ ancestor }) => ancestor !== null);
}

/** The programs of which an entry asks for the content; mostly none. */
export function hashedPrograms(policy: Policy): ReadonlySet<string> {
  return new Set(
    entriesOf(policy)
      .filter(({ sha256 }) => sha256 !== null)
      .flatMap(({ process }) => process ?? []),
  );
}

/**
 * Whether anything that its author wrote depends on who sends: then a refusal
 * by a deny entry may not be one for another sender.
 */
export function isSenderScoped(policy: Policy): boolean {
  return entriesOf(policy).some(isScoped);
}

function entriesOf({ allow, proxy, deny }: Policy): readonly Entry[] {
  return [...allow, ...proxy, ...deny];
}
