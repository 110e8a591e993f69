/**
 * How many programs are told of: whoever executes without end must not fill the
 * journal's disk, where refusals are to be written.
 *
 * @module
 */
import type { EventBody } from "../record/event.ts";
import type { ExecEvent } from "../record/process_event.ts";
import { TokenBucket, type TokenRate } from "../token_bucket.ts";

/** Of events: some 350 MB of journal at once, and 0.15 MB in a second. */
const RATE: TokenRate = { burst: 500_000, perSecond: 200 };
/** What was left out is summed up so often. */
const PAUSE_MS = 5_000;

/** Lets events through, and sums up those that it keeps back. */
export class ExecBudget {
  readonly #tell: (event: EventBody) => void;
  readonly #bucket: TokenBucket;
  #left = 0;
  #sinceMs = 0;
  #from = "";
  #last: ExecEvent | null = null;

  /**
   * @param tell Takes the events.
   * @param rate Default: half a million at once.
   */
  constructor(tell: (event: EventBody) => void, rate: TokenRate = RATE) {
    this.#tell = tell;
    this.#bucket = new TokenBucket(rate);
  }

  /** Tells an event, or counts it. */
  tell(event: ExecEvent, nowMs: number): void {
    if (!this.#bucket.isEmpty(nowMs)) {
      this.#bucket.take(1);
      return this.#tell(event);
    }
    if (this.#left++ === 0) {
      this.#sinceMs = nowMs;
      this.#from = event.start;
    }
    this.#last = event;
  }

  /** Sums up, when it is time. */
  attend(nowMs: number): void {
    if (this.#left > 0 && nowMs - this.#sinceMs > PAUSE_MS) this.sumUp();
  }

  /** Sums up what was left out, if anything was. */
  sumUp(): void {
    if (this.#last === null) return;
    const { process, start, end } = this.#last;
    this.#tell({
      kind: "agent",
      event: "coverage_lost",
      what: "processes",
      from: this.#from,
      to: end ?? start,
      message: `${this.#left} events about programs were left out, to keep ` +
        `room for others; the last was about ` +
        JSON.stringify(process?.exe ?? null),
    });
    this.#left = 0;
    this.#last = null;
  }
}
