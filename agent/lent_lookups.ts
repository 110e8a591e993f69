/**
 * Look-ups that the machine's own resolver makes for somebody else.
 *
 * What a program asks it is judged as the program's, and what it then asks
 * itself would be judged as its own: an entry for that program would never
 * work. So a name that was asked of it by somebody who may is lent to it.
 *
 * @module
 */
import type { Owner } from "./attribution.ts";
import type { Sender } from "./decide/decision.ts";
import { AgedMap } from "./decide/aged_map.ts";
import type { Tuple } from "./observe/socket_diagnostics.ts";

/** A resolver asks several servers in turn, and its client waits for no more. */
const LENT_MS = 10_000;
const MAX_LENT = 1024;

/** What is asked for. */
export interface LookupKey {
  /** Lower case, without the last dot. */
  readonly name: string;
  readonly type: number;
}

interface Lent {
  readonly sender: Sender;
  /** The packet that would answer, from the resolver's side. */
  readonly answer: Tuple;
  readonly untilMs: number;
}

/** The look-ups of a moment; bounded. */
export class LentLookups {
  readonly #lent = new AgedMap<string, Lent>();

  /**
   * Remembers a question that was let out for its sender only.
   *
   * @param answer Ends of the packet that would answer it.
   */
  lend(
    key: LookupKey,
    of: {
      readonly sender: Sender;
      readonly answer: Tuple;
      readonly nowMs: number;
    },
  ): void {
    const { sender, answer, nowMs } = of;
    const source = answer.source.slice();
    const destination = answer.destination.slice();
    this.#lent.set(textOf(key), {
      sender,
      // The packet is a view.
      answer: { ...answer, source, destination },
      untilMs: nowMs + LENT_MS,
    });
    if (this.#lent.size > MAX_LENT) this.#lent.delete(this.#lent.oldest!.key);
  }

  /**
   * The sender for whom a resolver asks.
   *
   * @param of Who asks now, and whether that is the process that would send a
   * certain packet.
   * @returns Null when nobody asked it that a moment ago.
   */
  borrow(
    key: LookupKey,
    of: {
      readonly owner: Owner;
      readonly isSender: (answer: Tuple, owner: Owner) => boolean;
      readonly nowMs: number;
    },
  ): Sender | null {
    const lent = this.#lent.get(textOf(key));
    if (lent === undefined || of.nowMs > lent.untilMs) return null;
    return of.isSender(lent.answer, of.owner) ? lent.sender : null;
  }
}

function textOf({ name, type }: LookupKey): string {
  return `${type} ${name}`;
}
