/**
 * What a lockdown is to take away, and what it has changed for that.
 *
 * @module
 */

/** What is taken from a user. */
export interface LockdownOrder {
  /** Whose ways to root are closed: the runner's user. */
  readonly uid: number;
  /** Whether sudo and all that is like it goes. */
  readonly sudo: boolean;
  /** Whether the sockets and groups of container runtimes go. */
  readonly containers: boolean;
}

/** One change, with all that undoing it needs. */
export interface LockdownChange {
  /** Which measure: a name for each kind. */
  readonly kind: string;
  readonly path: string;
  /** Read by the measure that wrote it. */
  readonly before: Readonly<Record<string, string | number | null>>;
}

/** All changes so far, in the order in which they were made. */
export interface LockdownRecord {
  readonly version: 1;
  readonly order: LockdownOrder;
  readonly changes: readonly LockdownChange[];
}
