/**
 * Who sends: what takes its turn, and what the journal counts as one.
 *
 * @module
 */
import { formatAddress } from "./decode/address.ts";
import { HOOK, type QueuedPacket } from "./decode/nfqueue.ts";
import { Lane } from "./fair_queue.ts";
import { TokenBucket } from "./token_bucket.ts";

/**
 * Refusals of one sender that have an event each: a build that is wrong about
 * its policy stays below, a flood fills no disk.
 */
const TOLD = { burst: 1_000, perSecond: 20 } as const;
/**
 * A refusal counts for so many more with each millisecond that it took: whoever
 * holds many descriptors takes long to find, and soon is not looked for.
 */
const MORE_PER_MS = 5;
/** The same of all together: a container can send from many addresses. */
const TOLD_OF_ALL = { burst: 8_000, perSecond: 100 } as const;
/**
 * Senders of one interface, or of this machine, that are told apart at a time;
 * the others share one turn.
 */
const MAX_OF_GROUP = 32;
/** The key of those others, and of packets whose source cannot be read. */
const REST = "";

/** What the journal can say of a sender. */
export interface SenderLabel {
  /** Of the sockets; null for the kernel's own and for a forwarded packet. */
  readonly uid: number | null;
  /** The source of a forwarded packet; null when this machine sends. */
  readonly address: string | null;
}

/** What was not told one by one. */
export interface Untold {
  readonly label: SenderLabel;
  readonly fromMs: number;
  /** Packets that were judged and refused, by protocol or `dns`. */
  readonly refused: Readonly<Record<string, number>>;
  /** Packets that nobody has judged. */
  readonly unjudged: number;
}

/** One sender. */
export class Sender<Item> {
  readonly label: SenderLabel;
  /** Flows and look-ups each have a turn: one must not wait for the other. */
  readonly flows: Lane<Item> = new Lane<Item>();
  readonly dns: Lane<Item> = new Lane<Item>();
  readonly #own = new TokenBucket(TOLD);
  readonly #all: TokenBucket;
  readonly #refused = new Map<string, number>();
  #unjudged = 0;
  #fromMs = Infinity;

  /** @param all What all senders may have told together. */
  constructor(label: SenderLabel, all: TokenBucket) {
    this.label = label;
    this.#all = all;
  }

  /** Whether refusals are only counted at present. */
  isSpent(nowMs: number): boolean {
    return this.#own.isEmpty(nowMs) || this.#all.isEmpty(nowMs);
  }

  /** Says that a refusal was told, and how long it took in all. */
  spend(costMs: number): void {
    this.#own.take(1 + Math.floor(costMs * MORE_PER_MS));
    this.#all.take(1);
  }

  /** Counts a refusal that is not told. */
  countRefused(protocol: string, nowMs: number): void {
    this.#refused.set(protocol, (this.#refused.get(protocol) ?? 0) + 1);
    this.#fromMs = Math.min(this.#fromMs, nowMs);
  }

  /** Counts a packet that nobody judges. */
  countUnjudged(nowMs: number): void {
    this.#unjudged++;
    this.#fromMs = Math.min(this.#fromMs, nowMs);
  }

  /** Takes what was counted; null when nothing was. */
  takeUntold(): Untold | null {
    if (this.#fromMs === Infinity) return null;
    const refused = Object.fromEntries(this.#refused);
    const { label } = this;
    const untold = {
      label,
      fromMs: this.#fromMs,
      refused,
      unjudged: this.#unjudged,
    };
    this.#refused.clear();
    this.#unjudged = 0;
    this.#fromMs = Infinity;
    return untold;
  }

  /** Whether nothing is to be remembered of it, turns aside. */
  isForgettable(nowMs: number): boolean {
    return this.#fromMs === Infinity && this.#own.isFull(nowMs);
  }
}

/** All senders that something is remembered of: bounded. */
export class Senders<Item> {
  readonly #all = new TokenBucket(TOLD_OF_ALL);
  /** By interface, 0 for this machine, then by user or address. */
  readonly #groups = new Map<number, Map<string, Sender<Item>>>();
  /** The sender of the last packet of this machine. */
  #last: Sender<Item> | null = null;

  /** How many there are. */
  get size(): number {
    const groups = [...this.#groups.values()];
    return groups.reduce((sum, { size }) => sum + size, 0);
  }

  /** The sender of a packet. */
  of(queued: QueuedPacket): Sender<Item> {
    const { hook, uid, inInterface, payload } = queued;
    if (hook === HOOK.LOCAL_OUT) {
      const last = this.#last;
      if (last !== null && last.label.uid === uid) return last;
      const label = { uid, address: null };
      return this.#last = this.#find(0, { key: String(uid), label });
    }
    // What comes in to this machine are answers, which have a turn of their
    // own: who asks much must not hold up the answers to others.
    const key = sourceOf(payload);
    const label = { uid: null, address: key === REST ? null : key };
    return this.#find(inInterface, { key, label });
  }

  /**
   * Takes what was counted since the last time, and forgets who is idle.
   *
   * @param isSquare Whether a lane could be made anew.
   */
  sweep(nowMs: number, isSquare: (lane: Lane<Item>) => boolean): Untold[] {
    const all: Untold[] = [];
    this.#last = null;
    for (const [number, group] of this.#groups) {
      for (const [key, sender] of group) {
        const untold = sender.takeUntold();
        if (untold !== null) all.push(untold);
        const isIdle = isSquare(sender.flows) && isSquare(sender.dns);
        if (isIdle && sender.isForgettable(nowMs)) group.delete(key);
      }
      if (group.size === 0) this.#groups.delete(number);
    }
    return all;
  }

  #find(
    number: number,
    { key, label }: { readonly key: string; readonly label: SenderLabel },
  ): Sender<Item> {
    let group = this.#groups.get(number);
    if (group === undefined) this.#groups.set(number, group = new Map());
    const isFull = group.size >= MAX_OF_GROUP;
    const known = group.get(key) ?? (isFull ? group.get(REST) : undefined);
    if (known !== undefined) return known;
    const nobody = { uid: null, address: null };
    const sender = new Sender<Item>(isFull ? nobody : label, this.#all);
    group.set(isFull ? REST : key, sender);
    return sender;
  }
}

/** An address as text. */
function sourceOf(packet: Uint8Array): string {
  const isV6 = packet.length >= 40 && packet[0]! >> 4 === 6;
  if (isV6) return formatAddress(packet.subarray(8, 24));
  return packet.length >= 20 ? formatAddress(packet.subarray(12, 16)) : REST;
}
