/**
 * The changes of a lockdown, each noted down before it is made.
 *
 * @module
 */
import type {
  LockdownChange,
  LockdownOrder,
  LockdownRecord,
} from "./lockdown_record.ts";

/** Takes a record to where an agent that starts later finds it. */
export type KeepRecord = (record: LockdownRecord) => void;

/** Grows by one change after the other. */
export class ChangeLog {
  readonly #order: LockdownOrder;
  readonly #keep: KeepRecord;
  #changes: readonly LockdownChange[] = [];

  /** @param keep Throws where it cannot: then nothing is changed. */
  constructor(order: LockdownOrder, keep: KeepRecord) {
    this.#order = order;
    this.#keep = keep;
  }

  /** All of it so far. */
  get record(): LockdownRecord {
    return { version: 1, order: this.#order, changes: this.#changes };
  }

  /** Notes a change, and makes it. */
  make(change: LockdownChange, act: () => void): void {
    this.#changes = [...this.#changes, change];
    this.#keep(this.record);
    act();
  }

  /** Notes that all of it is undone. */
  clear(): void {
    this.#changes = [];
    this.#keep(this.record);
  }
}
