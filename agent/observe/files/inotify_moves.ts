/**
 * Directories on their way from one name to another.
 *
 * @module
 */
import { INOTIFY, type InotifyEvent } from "../../decode/inotify_event.ts";
import type { Place } from "./inotify_places.ts";

/** One call of rename(2) tells of both ends: within so long, surely. */
const PAIRED_MS = 5;

/** A move whose other end was not heard of. */
interface Move {
  readonly cookie: number;
  readonly place: Place;
  readonly sinceMs: number;
}

/** Moves that have begun. */
export class InotifyMoves {
  #moves: Move[] = [];

  /** A place's name is gone. */
  begin(place: Place, of: { cookie: number; nowMs: number }): void {
    const { cookie, nowMs } = of;
    place.move = cookie;
    this.#moves.push({ cookie, place, sinceMs: nowMs });
  }

  /**
   * The place that has come by this move; null when it came from elsewhere, or
   * was found somewhere meanwhile.
   */
  end(cookie: number): Place | null {
    const index = this.#moves.findIndex((move) => move.cookie === cookie);
    const move = index < 0 ? null : this.#moves.splice(index, 1)[0]!;
    return move?.place.move === cookie ? move.place : null;
  }

  /**
   * Those that have left the trees, unless what is heard next says where they
   * have come to.
   */
  old(nowMs: number): readonly Move[] {
    return this.#moves.filter(({ sinceMs }) => nowMs - sinceMs > PAIRED_MS);
  }

  /** Those of them that have left: their other end is not in these events. */
  leave(old: readonly Move[], events: readonly InotifyEvent[]): Place[] {
    if (old.length === 0) return [];
    const come = new Set<number>();
    for (const { mask, cookie } of events) {
      if ((mask & INOTIFY.MOVED_TO) !== 0) come.add(cookie);
    }
    const left = old.filter(({ cookie }) => !come.has(cookie));
    this.#moves = this.#moves.filter((move) => !left.includes(move));
    return left.filter(({ place, cookie }) => place.move === cookie)
      .map(({ place }) => place);
  }
}
