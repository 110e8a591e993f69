/**
 * Who has had a hand in a file last.
 *
 * @module
 */
import { ACT, type FileChange } from "../observe/files/file_source.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import type { FileClock } from "./file_clock.ts";

/** What puts other bytes behind a name. */
const CONTENT_ACTS = ACT.WRITTEN | ACT.CREATED | ACT.MOVED_HERE;
/** Who has merely closed it may have written into its memory. */
const LAST_ACTS = CONTENT_ACTS | ACT.CLOSED;
/** Of all files together; the oldest is forgotten. */
const MAX_HANDS = 4_096;

/** A hand. */
export interface Hand {
  /** Null when it is not known. */
  readonly pid: number | null;
  /** Microseconds from boot: not before the act. */
  readonly heardUs: number;
  /** Whether it has set the times of the file, and is not known to have written. */
  readonly isSetter?: boolean;
}

/** Remembers one for each file. */
export class Hands {
  readonly #clock: FileClock;
  readonly #hands = new Map<BytePath, Hand & { readonly isSure: boolean }>();
  /** Who has set the times of a file last, or what else it is like. */
  readonly #setters = new Map<BytePath, number | null>();

  /** @param clock Lent. */
  constructor(clock: FileClock) {
    this.#clock = clock;
  }

  /** Hears of a change. */
  hear({ acts, path, pid }: FileChange): void {
    if ((acts & ACT.ATTRIBUTES) !== 0) putLast(this.#setters, path, pid);
    if ((acts & LAST_ACTS) === 0) return;
    const isSure = (acts & CONTENT_ACTS) !== 0;
    const before = this.#hands.get(path);
    if (before?.isSure === true && !isSure) return;
    // Who sets the times of what another has written opens it to write as well.
    const isSetter = this.#setters.has(path) && this.#setters.get(path) === pid;
    if (before !== undefined && !isSure && isSetter) return;
    putLast(this.#hands, path, { pid, heardUs: this.#clock.bootUs(), isSure });
  }

  /** Who it was since that was asked for the last time; null for nobody. */
  take(path: BytePath): Hand | null {
    const hand = this.#hands.get(path);
    const setter = this.#setters.get(path);
    this.#hands.delete(path);
    this.#setters.delete(path);
    if (hand === undefined) return null;
    const { pid, heardUs, isSure } = hand;
    return { pid, heardUs, isSetter: !isSure && setter === pid };
  }
}

function putLast<T>(map: Map<BytePath, T>, path: BytePath, value: T): void {
  map.delete(path);
  map.set(path, value);
  if (map.size > MAX_HANDS) map.delete(map.keys().next().value!);
}
