/**
 * What `sluice step` and a guard say to each other.
 *
 * @module
 */

/** Of a name, in UTF-8: as much as a reader of the journal sees. */
export const MAX_STEP_BYTES = 200;

/** What a guard answers. */
export const STEP_ANSWER = {
  /** The client, and all that it starts, is that step. */
  OK: "ok",
  /** It is in a step already. */
  NESTED: "nested",
  /** A GitHub runner is on this host: its workflow names the steps. */
  RUNNER: "runner",
  /** It is not part of the guarded command. */
  OUTSIDE: "outside",
  /** The name is none. */
  NAME: "name",
  /** There are too many. */
  FULL: "full",
  /** It is too young to be told from another process of its pid: ask again. */
  AGAIN: "again",
} as const;

/** Controls, and what a reader would not see. */
const UNSEEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u;

/**
 * Why a name cannot be one.
 *
 * @returns Null for a good name.
 */
export function whyNoName(name: string): string | null {
  if (name.trim() === "") return "it is empty";
  if (UNSEEN.test(name)) return "it has characters that nobody sees";
  const { length } = new TextEncoder().encode(name);
  return length > MAX_STEP_BYTES
    ? `it has ${length} bytes, ${MAX_STEP_BYTES} are the limit`
    : null;
}
