/**
 * What git has written to sources, until it is known what it was for.
 *
 * @module
 */
import type { BytePath } from "../../ffi/byte_path.ts";
import type { HeardAct } from "./pending_looks.ts";

/** More than any checkout has; past that they are looked at like any other. */
const MAX_HELD = 1 << 20;

/** What was done to one file. */
export interface HeldWrite {
  /** Those of git, as one. */
  readonly act: HeardAct;
  /** What others did to it meanwhile. */
  readonly others: readonly HeardAct[];
}

/** Files by their paths. */
export class HeldWrites {
  readonly #held = new Map<BytePath, HeldWrite>();
  #taken: BytePath | null = null;

  /**
   * Holds an act.
   *
   * @returns False when there is no room for more.
   */
  hold(path: BytePath, act: HeardAct): boolean {
    const held = this.#held.get(path);
    if (held === undefined && this.#held.size >= MAX_HELD) return false;
    const acts = act.acts | (held?.act.acts ?? 0);
    const others = held?.others ?? [];
    this.#held.set(path, { act: { ...act, acts }, others });
    return true;
  }

  /** Adds what another did to a held file; false when it is not held. */
  join(path: BytePath, act: HeardAct): boolean {
    const held = this.#held.get(path);
    if (held === undefined) return false;
    this.#held.set(path, { ...held, others: [...held.others, act] });
    return true;
  }

  /** Takes in what was held elsewhere; that was before. */
  add(path: BytePath, write: HeldWrite): void {
    const held = this.#held.get(path);
    const others = [...write.others, ...held?.others ?? []];
    this.#held.set(path, { act: held?.act ?? write.act, others });
  }

  has(path: BytePath): boolean {
    return this.#held.has(path);
  }

  /** Whether it is still to be decided what a file is, or just being decided. */
  isOpen(path: BytePath): boolean {
    return this.#taken === path || this.#held.has(path);
  }

  /** Takes out what is held of one file: the next of which it is decided. */
  take(path: BytePath): HeldWrite | null {
    const held = this.#held.get(path) ?? null;
    this.#held.delete(path);
    this.#taken = path;
    return held;
  }

  /** All that is held. */
  [Symbol.iterator](): Iterator<readonly [BytePath, HeldWrite]> {
    return this.#held[Symbol.iterator]();
  }
}
