/**
 * Takes turns among senders by the time that each has cost.
 *
 * Start-time fair queueing (Goyal, Vin and Cheng, 1996) with costs that are
 * known only afterwards: whoever has cost least goes first, and whoever comes
 * back from idleness starts where the others are, neither rich nor in debt.
 *
 * @module
 */

/** What may wait, of all senders together. */
export interface FairQueueLimits {
  readonly items: number;
  readonly bytes: number;
}

/** What is to wait. */
export interface Waiter<Item> {
  readonly item: Item;
  /** What it takes of the bound. */
  readonly bytes: number;
  /** Items with the same text leave in the order in which they came. */
  readonly flow: string | null;
}

/** One sender's place; made by whoever tells senders apart. */
export class Lane<Item> {
  /** Oldest first. */
  readonly waiters: Waiter<Item>[] = [];
  bytes = 0;
  /** The sender's clock: what it has cost, on the scale of the queue. */
  clock = 0;
}

/** An item whose turn has come. */
export interface Turn<Item> {
  readonly lane: Lane<Item>;
  readonly item: Item;
}

/** Items that wait, in as many lanes as there are senders of them. */
export class FairQueue<Item> {
  readonly #limits: FairQueueLimits;
  /** Lanes in which something waits. */
  readonly #busy = new Set<Lane<Item>>();
  /** In which lane the items of a flow wait, and how many. */
  readonly #flows = new Map<string, { lane: Lane<Item>; count: number }>();
  #items = 0;
  #bytes = 0;
  /** The clock of the lane that was served last. */
  #clock = 0;

  /** @param limits What may wait at most. */
  constructor(limits: FairQueueLimits) {
    this.#limits = limits;
  }

  /** How many items wait. */
  get size(): number {
    return this.#items;
  }

  /** How many bytes wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Puts an item behind the others of its lane, or behind those of its flow
   * that wait in another lane.
   *
   * A lane may fill as much as it leaves free: however many are greedy, there
   * is room for one who is not.
   *
   * @returns False when there is no room.
   */
  add(own: Lane<Item>, waiter: Waiter<Item>): boolean {
    const { flow } = waiter;
    const kept = flow === null ? undefined : this.#flows.get(flow);
    const lane = kept?.lane ?? own;
    const { items, bytes } = this.#limits;
    if (lane.waiters.length >= items - this.#items) return false;
    if (lane.bytes + waiter.bytes > bytes - this.#bytes) return false;
    if (kept !== undefined) kept.count++;
    else if (flow !== null) this.#flows.set(flow, { lane, count: 1 });
    if (lane.waiters.length === 0) {
      this.#busy.add(lane);
      this.#wake(lane);
    }
    lane.waiters.push(waiter);
    lane.bytes += waiter.bytes;
    this.#items++;
    this.#bytes += waiter.bytes;
    return true;
  }

  /** Takes the item whose turn it is; null when none waits. */
  next(): Turn<Item> | null {
    let lane: Lane<Item> | null = null;
    for (const busy of this.#busy) {
      if (lane === null || busy.clock < lane.clock) lane = busy;
    }
    if (lane === null) return null;
    const { item, bytes, flow } = lane.waiters.shift()!;
    if (lane.waiters.length === 0) this.#busy.delete(lane);
    lane.bytes -= bytes;
    this.#items--;
    this.#bytes -= bytes;
    if (flow !== null && --this.#flows.get(flow)!.count === 0) {
      this.#flows.delete(flow);
    }
    this.#clock = lane.clock;
    return { lane, item };
  }

  /**
   * Says what serving a lane has cost, in any unit that is always the same;
   * also of what was served without waiting because nobody waited.
   */
  charge(lane: Lane<Item>, cost: number): void {
    if (lane.waiters.length === 0) this.#wake(lane);
    if (this.#items === 0) this.#clock = lane.clock;
    lane.clock += cost;
  }

  /** Whether a lane could be made anew without gain to its sender. */
  isSquare(lane: Lane<Item>): boolean {
    return lane.waiters.length === 0 && lane.clock <= this.#clock;
  }

  #wake(lane: Lane<Item>): void {
    lane.clock = Math.max(lane.clock, this.#clock);
  }
}
