/**
 * Why one piece of a policy cannot be used, before its place is known.
 *
 * @module
 */
import { AgentError } from "../errors.ts";

/** The longest piece of a policy that a message repeats, in characters. */
const MAX_QUOTED_CHARACTERS = 120;

/** Control, format and unassigned characters, and the line separators. */
const INVISIBLE = /[\p{C}\p{Zl}\p{Zp}]/gu;

/** Thrown by the readers of entries; whoever knows the place adds it. */
export class Refusal extends Error {
  /** Always `Refusal`, also after minification. */
  override readonly name = "Refusal";
  /** The state found, then the state wanted. */
  readonly why: string;
  /** What to write instead. */
  readonly hint: string;

  /**
   * Joins the two for whoever shows the error as it is.
   *
   * @param why The state found, then the state wanted, without a full stop.
   * @param hint What to write instead.
   */
  constructor(why: string, hint: string) {
    super(`${why} (hint: ${hint})`);
    this.why = why;
    this.hint = hint;
  }
}

/**
 * Text from outside in double quotes, with nothing in it that a terminal acts
 * on or that changes the direction of what follows.
 *
 * @param text Any text; its middle is left out when it is long.
 * @returns A JSON string that means the same (when it was not cut).
 */
export function quote(text: string): string {
  let shown = text;
  if (text.length > MAX_QUOTED_CHARACTERS) {
    const half = MAX_QUOTED_CHARACTERS / 2;
    shown = `${text.slice(0, half)}…${text.slice(-half)}`;
  }
  return makeVisible(JSON.stringify(shown));
}

/**
 * Escapes what cannot be seen; for text that is a sentence already.
 *
 * @param text Any text.
 * @returns The text, with a JSON escape for each such UTF-16 code unit.
 */
export function makeVisible(text: string): string {
  return text.replace(INVISIBLE, escapeUnits);
}

function escapeUnits(character: string): string {
  let escaped = "";
  for (let at = 0; at < character.length; at++) {
    const unit = character.charCodeAt(at).toString(16).padStart(4, "0");
    escaped += `\\u${unit}`;
  }
  return escaped;
}

/**
 * Runs a reader and turns its refusal into the operator's error.
 *
 * @param what The act that failed: `Cannot read allow entry "a b"`.
 * @param read Throws {@linkcode Refusal} for what it cannot use.
 * @returns What `read` returns.
 * @throws {AgentError} `policy_invalid`.
 */
export function orPolicyInvalid<T>(what: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    const { why, hint } = error;
    throw new AgentError("policy_invalid", { what, why, hint, cause: error });
  }
}
