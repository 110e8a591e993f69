/**
 * Events on their way to the main thread, several in one message.
 *
 * @module
 */
import type { EventBody } from "./record/event.ts";
import { encodeEvent, WallClock } from "./record/line.ts";

/** Events wait this long for others to share a message. */
export const BATCH_MS = 10;
const BATCH_EVENTS = 256;

/** Collects events and hands them on. */
export class EventBatch {
  readonly #post: (encoded: readonly string[]) => void;
  readonly #clock = new WallClock();
  #batch: string[] = [];
  #sinceMs = 0;

  /** @param post Takes a batch, as `encodeEvent` gives the events. */
  constructor(post: (encoded: readonly string[]) => void) {
    this.#post = post;
  }

  /** Whether no event waits. */
  get isEmpty(): boolean {
    return this.#batch.length === 0;
  }

  /** A time as events carry it. */
  format(nowMs: number): string {
    return this.#clock.format(nowMs);
  }

  /** Adds events, stamped with a time. */
  add(bodies: readonly EventBody[], nowMs: number): void {
    if (bodies.length === 0) return;
    if (this.isEmpty) this.#sinceMs = nowMs;
    const time = this.format(nowMs);
    for (const body of bodies) this.#batch.push(encodeEvent(body, time));
  }

  /** Adds one event, stamped with the time of now. */
  tell(body: EventBody): void {
    const nowMs = performance.now();
    this.add([body], nowMs);
    if (this.#batch.length >= BATCH_EVENTS) this.flush();
  }

  /** Hands on what has waited for long enough, or is much. */
  flushDue(nowMs: number): void {
    const isFull = this.#batch.length >= BATCH_EVENTS;
    if (isFull || nowMs - this.#sinceMs >= BATCH_MS) this.flush();
  }

  /** Hands on all that waits. */
  flush(): void {
    if (this.isEmpty) return;
    this.#post(this.#batch);
    this.#batch = [];
  }
}
