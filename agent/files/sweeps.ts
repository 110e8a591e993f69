/**
 * Looks at sources in whole trees: those of which nobody tells what changes are
 * looked at again and again.
 *
 * @module
 */
import type { BytePath } from "../../ffi/byte_path.ts";
import type { FileWorld } from "./file_listener.ts";
import { tryLook, Turns } from "./learning.ts";
import type { PendingLooks } from "./pending_looks.ts";
import type { Sources } from "./sources.ts";
import { isSameStamp, stampOf } from "./stamp.ts";

/** From the end of one sweep to the next. */
const SWEEP_MS = 250;

/** What the sweeps work with; all of it is lent. */
export interface SweepsOptions {
  readonly world: FileWorld;
  readonly sources: Sources;
  readonly pending: PendingLooks;
}

/** Knows the trees that are swept. */
export class Sweeps {
  readonly #options: SweepsOptions;
  readonly #trees = new Set<BytePath>();
  #dueMs = 0;

  constructor(options: SweepsOptions) {
    this.#options = options;
  }

  /** Has a tree swept from now on. */
  add(tree: BytePath): void {
    this.#trees.add(tree);
  }

  /** The next sweep, when it is due; null otherwise. */
  begin(nowMs: number): Generator<void> | null {
    if (this.#trees.size === 0 || nowMs < this.#dueMs) return null;
    this.#dueMs = Infinity;
    return this.#sweep();
  }

  /** Has whatever is not as it was looked at anew. */
  *lookBelow(root: BytePath): Generator<void> {
    const { world: { clock, processes: { libc } } } = this.#options;
    const { sources, pending } = this.#options;
    const turns = new Turns();
    const nobody = { acts: 0, pid: null };
    for (const [path, { stamp }] of sources.below(root)) {
      if (turns.isOver) yield;
      const look = tryLook(libc, path);
      const now = look === null ? null : stampOf(look, clock.nowUs());
      const isSame = stamp?.isSure && now !== null && isSameStamp(stamp, now);
      if (isSame) continue;
      pending.add(path, { ...nobody, heardAtMs: performance.now() });
    }
  }

  *#sweep(): Generator<void> {
    for (const tree of this.#trees) yield* this.lookBelow(tree);
    this.#dueMs = performance.now() + SWEEP_MS;
  }
}
