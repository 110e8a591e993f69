/**
 * One event as text.
 *
 * @module
 */
import { type EventBody, JOURNAL_VERSION } from "./event.ts";

/** Milliseconds between two looks at the system's clock. */
const SYNC_MS = 1000;

/** Wall-clock time with microseconds, at the price of a look at a counter. */
export class WallClock {
  #offsetMs = 0;
  #syncedAtMs = -Infinity;

  /** @returns RFC 3339 in UTC, such as `2026-01-02T03:04:05.678901Z`. */
  format(nowMs: number = performance.now()): string {
    if (nowMs - this.#syncedAtMs > SYNC_MS) {
      this.#offsetMs = Date.now() - performance.now();
      this.#syncedAtMs = nowMs;
    }
    const wallMs = this.#offsetMs + nowMs;
    const wholeMs = Math.floor(wallMs);
    const micros = Math.floor((wallMs - wholeMs) * 1000);
    const text = new Date(wholeMs).toISOString();
    return `${text.slice(0, -1)}${String(micros).padStart(3, "0")}Z`;
  }
}

/**
 * An event's line without its place in the journal, which only the journal's
 * writer knows.
 *
 * @returns What {@linkcode numberLine} completes.
 */
export function encodeEvent(body: EventBody, time: string): string {
  const { kind, ...rest } = body;
  return JSON.stringify({ time, kind, ...rest }).slice(1);
}

/** Gives an encoded event its place; the line ends with its newline. */
export function numberLine(encoded: string, seq: number): string {
  return `{"version":${JOURNAL_VERSION},"seq":${seq},${encoded}\n`;
}
