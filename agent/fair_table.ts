/**
 * A table of bounded size, in which nobody takes the place of somebody else.
 *
 * @module
 */

/** What stands in the table. */
export interface Weighed {
  readonly key: string;
  /** Whose it is: who has most has to give way first. */
  readonly user: string;
  /** What it costs; to be changed by {@linkcode FairTable.weigh} only. */
  weight: number;
}

/** The sums that are not exceeded. */
export interface Limits {
  readonly count: number;
  readonly weight: number;
}

/** What one user has, the longest untouched first. */
interface Share<T> {
  readonly items: Map<string, T>;
  weight: number;
}

/** Items by key, each belonging to a user. */
export class FairTable<T extends Weighed> {
  readonly #limits: Limits;
  readonly #items = new Map<string, T>();
  readonly #shares = new Map<string, Share<T>>();
  #weight = 0;

  /** @param limits For all users together. */
  constructor(limits: Limits) {
    this.#limits = limits;
  }

  /** How many items there are. */
  get size(): number {
    return this.#items.size;
  }

  /** The item of that key. */
  get(key: string): T | undefined {
    return this.#items.get(key);
  }

  /** All items, in the order in which they were added. */
  values(): T[] {
    return [...this.#items.values()];
  }

  /** Adds an item whose key is new. */
  add(item: T): void {
    this.#items.set(item.key, item);
    let share = this.#shares.get(item.user);
    if (share === undefined) {
      share = { items: new Map(), weight: 0 };
      this.#shares.set(item.user, share);
    }
    share.items.set(item.key, item);
    share.weight += item.weight;
    this.#weight += item.weight;
  }

  /** Takes an item out; one that is not there is left. */
  delete(item: T): void {
    if (this.#items.get(item.key) !== item) return;
    this.#items.delete(item.key);
    this.#weight -= item.weight;
    const share = this.#shares.get(item.user)!;
    share.items.delete(item.key);
    share.weight -= item.weight;
    if (share.items.size === 0) this.#shares.delete(item.user);
  }

  /** Gives an item that is there a new weight, and its user's last place. */
  weigh(item: T, weight: number): void {
    const share = this.#shares.get(item.user)!;
    share.items.delete(item.key);
    share.items.set(item.key, item);
    share.weight += weight - item.weight;
    this.#weight += weight - item.weight;
    item.weight = weight;
  }

  /**
   * Takes out what is too much: of the user with the greatest weight, what has
   * not been touched for longest.
   */
  takeExcess(): T[] {
    const excess: T[] = [];
    const { count, weight } = this.#limits;
    while (this.#items.size > count || this.#weight > weight) {
      let heaviest: Share<T> | null = null;
      for (const share of this.#shares.values()) {
        if (heaviest === null || share.weight > heaviest.weight) {
          heaviest = share;
        }
      }
      const [item] = heaviest!.items.values();
      this.delete(item!);
      excess.push(item!);
    }
    return excess;
  }
}
