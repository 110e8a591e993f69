/**
 * How long a generator works before it lets others.
 *
 * @module
 */

/** The thread that reads indexes holds packets as well. */
const TURN_MS = 2;
/** A look at the clock takes as long as a small step. */
const STEPS = 16;

/** One turn of work after the other. */
export class Turn {
  #endsMs = performance.now() + TURN_MS;
  #steps = 0;

  /** Counts one small step; true when the turn is over. */
  isOver(): boolean {
    return ++this.#steps % STEPS === 0 && performance.now() >= this.#endsMs;
  }

  /** Begins the next one. */
  begin(): void {
    this.#endsMs = performance.now() + TURN_MS;
  }
}
