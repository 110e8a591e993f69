/**
 * Who descends from whom, by a look at all processes.
 *
 * @module
 */

/** One process and who is its parent now. */
interface Kin {
  readonly pid: number;
  readonly parentPid: number;
}

/** All that there is at one moment, or nearly: it was not read at once. */
export class Kinship {
  readonly #children = new Map<number, number[]>();

  constructor(found: readonly Kin[]) {
    for (const { pid, parentPid } of found) {
      const siblings = this.#children.get(parentPid);
      if (siblings === undefined) this.#children.set(parentPid, [pid]);
      else siblings.push(pid);
    }
  }

  /** Whose parent it is. */
  childrenOf(pid: number): readonly number[] {
    return this.#children.get(pid) ?? [];
  }

  /** The process and all below it. */
  treeOf(pid: number): ReadonlySet<number> {
    // A set, for a pid that was used again meanwhile can be above itself.
    const tree = new Set([pid]);
    for (const each of tree) {
      for (const child of this.childrenOf(each)) tree.add(child);
    }
    return tree;
  }
}
