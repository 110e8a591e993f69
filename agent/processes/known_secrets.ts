/**
 * The secrets that steps were given, as far as their variables tell.
 *
 * @module
 */
import { findSecrets } from "../record/redact.ts";

/** All arguments are searched for each of them; the latest are kept. */
const MAX_SECRETS = 128;

/** Learns them from the environments of steps. */
export class KnownSecrets {
  #values: readonly string[] = [];
  #last: readonly string[] = [];

  /** The longest first. */
  get values(): readonly string[] {
    return this.#values;
  }

  /** @param environment `NAME=value` each. */
  learn(environment: readonly string[]): void {
    const found = findSecrets(environment);
    const known = new Set(this.#values);
    if (found.every((value) => known.has(value))) return;
    this.#last = [
      ...this.#last.filter((value) => !found.includes(value)),
      ...found,
    ].slice(-MAX_SECRETS);
    this.#values = [...this.#last].sort((left, right) =>
      right.length - left.length
    );
  }
}
