/**
 * What can be fuzzed.
 *
 * @module
 */

/** One piece of the agent that reads hostile bytes. */
export interface Target {
  /** As `--target` takes it. */
  readonly name: string;
  /** Whole inputs to begin with; at least one. */
  readonly seeds: readonly Uint8Array[];
  /** Bytes that its format knows, such as `Host:`. */
  readonly tokens: readonly Uint8Array[];
  readonly maxBytes: number;
  /** Inputs between two looks at the coverage, which take about 1 ms. */
  readonly batch: number;
  /**
   * Runs one input, and nothing else remembers it.
   *
   * @throws {Error} When something does not hold that must.
   */
  readonly run: (input: Uint8Array) => void;
}

/**
 * Fails an input.
 *
 * @param holds What must hold.
 * @param what In words; numbers in it may differ from input to input.
 */
export function must(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`Must hold: ${what}`);
}
