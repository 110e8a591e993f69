/**
 * Why the entries cannot do what they are for.
 *
 * @module
 */

/** What an operator must act on: a sentence each. */
export class EntryError extends Error {
  /** Always `EntryError`. */
  override readonly name = "EntryError";
  /** What to do next, without a final period. */
  readonly hint: string;

  /**
   * @param message What cannot be done: what was found, what is needed.
   * @param hint The operator's next step.
   */
  constructor(message: string, hint: string) {
    super(message);
    this.hint = hint;
  }
}
