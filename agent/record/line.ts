/**
 * One event as text.
 *
 * @module
 */
import type { ProcessField } from "./done.ts";
import { type EventBody, JOURNAL_VERSION } from "./event.ts";

/** Milliseconds between two looks at the system's clock. */
const SYNC_MS = 1000;
const ROUNDING_MS = 2;

/** Wall-clock time with microseconds, at the price of a look at a counter. */
export class WallClock {
  #offsetMs = 0;
  #syncedAtMs = -Infinity;
  #second = NaN;
  #prefix = "";

  /** @returns RFC 3339 in UTC, such as `2026-01-02T03:04:05.678901Z`. */
  format(nowMs: number = performance.now()): string {
    if (nowMs - this.#syncedAtMs > SYNC_MS) {
      const offsetMs = Date.now() - performance.now();
      // Date.now() has whole milliseconds: a step that small is its rounding,
      // and following it would let events go back in time.
      if (!(Math.abs(offsetMs - this.#offsetMs) < ROUNDING_MS)) {
        this.#offsetMs = offsetMs;
      }
      this.#syncedAtMs = nowMs;
    }
    const wallMs = this.#offsetMs + nowMs;
    const second = Math.floor(wallMs / 1000);
    if (second !== this.#second) {
      this.#second = second;
      // Up to the dot, which is the same for a second of events.
      this.#prefix = new Date(second * 1000).toISOString().slice(0, 20);
    }
    const micros = Math.floor((wallMs - second * 1000) * 1000);
    return `${this.#prefix}${String(micros).padStart(6, "0")}Z`;
  }
}

/** A process sends many packets, and is most of what an event says. */
const ENCODED = new WeakMap<ProcessField, string>();

/**
 * An event's line without its place in the journal, which only the journal's
 * writer knows.
 *
 * @returns What {@linkcode numberLine} completes.
 */
export function encodeEvent(body: EventBody, time: string): string {
  const start = `"time":"${time}","kind":"${body.kind}"`;
  if (!("process" in body)) return `${start},${encodeRest(body)}}`;
  // A program is told of once or twice, and a cache of them all would only keep
  // the garbage collector busy.
  const process = body.process === null || body.kind === "exec"
    ? JSON.stringify(body.process)
    : encodeProcess(body.process);
  return `${start},${encodeRest(body)},"process":${process}}`;
}

/** The fields of an object without its braces, kind and process left out. */
function encodeRest(body: EventBody): string {
  return JSON.stringify({ ...body, kind: undefined, process: undefined })
    .slice(1, -1);
}

function encodeProcess(process: ProcessField): string {
  const before = ENCODED.get(process);
  if (before !== undefined) return before;
  const encoded = JSON.stringify(process);
  ENCODED.set(process, encoded);
  return encoded;
}

/** Gives an encoded event its place; the line ends with its newline. */
export function numberLine(encoded: string, seq: number): string {
  return `{"version":${JOURNAL_VERSION},"seq":${seq},${encoded}\n`;
}
