/**
 * What a policy asks about senders, so that nothing else is looked up while
 * their packets wait.
 *
 * @module
 */
import type { Sender } from "./decide/decision.ts";
import type { Policy } from "./decide/policy.ts";
import {
  hashedPrograms,
  isSenderScoped,
  isStepScoped,
  needsAncestors,
} from "./decide/scope.ts";

/** What is asked about senders. */
export interface Scopes {
  /** Whether an entry is for certain senders only. */
  readonly isAny: boolean;
  /** Whether an entry is for a step. */
  readonly asksStep: boolean;
  /** Whether an entry is for what is below a program. */
  readonly asksAncestors: boolean;
  /** Paths of all programs that entries name. */
  readonly programs: ReadonlySet<string>;
  /** Those of which an entry asks for the content. */
  readonly hashed: ReadonlySet<string>;
}

/** A sender of whom nothing is known, to whom no entry with a scope applies. */
export const NOBODY: Sender = { exe: null, step: null };

/** Reads out of a policy what it asks. */
export function scopesOf(policy: Policy): Scopes {
  const { allow, proxy, deny } = policy;
  const programs = [...allow, ...proxy, ...deny].flatMap(
    ({ process, ancestor }) => [process ?? [], ancestor ?? []].flat(),
  );
  return {
    isAny: isSenderScoped(policy),
    asksStep: isStepScoped(policy),
    asksAncestors: needsAncestors(policy),
    programs: new Set(programs),
    hashed: hashedPrograms(policy),
  };
}
