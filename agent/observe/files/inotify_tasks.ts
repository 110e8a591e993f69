/**
 * What inotify leaves to its listener, done in turns: directories to be
 * watched, and watches to be ended.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { isGone } from "../../../ffi/directory_entries.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Inotify } from "../../../ffi/inotify.ts";
import type { FileChange } from "./file_source.ts";
import { pathAt, type Places, type Spot } from "./inotify_places.ts";
import type { InotifyWalks, WalkReason } from "./inotify_walks.ts";
import { explain } from "./inotify_watches.ts";

/** Watches ended, or places looked at, before others get a turn. */
const BATCH = 500;

/** How long what is in a directory that moves is looked for, and how much. */
const UNFOUND_MS = 1_000;
const MAX_UNFOUND = 1_000;

/** A directory to be watched. */
interface Task {
  readonly spot: Spot;
  readonly turns: Generator<void>;
  readonly sinceMs: number;
}

/** Work that is left, the oldest first. */
export class InotifyTasks {
  readonly #inotify: Inotify;
  readonly #places: Places;
  readonly #walks: InotifyWalks;
  readonly #tell: (change: FileChange) => void;
  readonly #queue: Task[] = [];
  /** Of the queue, what is done. */
  #done = 0;
  /** Not where they should have come to be, the oldest first. */
  #unfound: { readonly spot: Spot; readonly sinceMs: number }[] = [];
  /** How often places had moved when they were looked for. */
  #movesThen = 0;
  /** The number of the last search for what was lost. */
  #round = 0;
  /** Null when nothing is searched for. */
  #search: Generator<void> | null = null;
  #isLostAgain = false;

  /** @param of All borrowed; `tell` is called with what arrives. */
  constructor(
    of: {
      inotify: Inotify;
      places: Places;
      walks: InotifyWalks;
      tell: (change: FileChange) => void;
    },
  ) {
    this.#inotify = of.inotify;
    this.#places = of.places;
    this.#walks = of.walks;
    this.#tell = of.tell;
  }

  /** Watches a tree that somebody asked for, as {@linkcode InotifyWalks}. */
  *ask(root: BytePath): Generator<void> {
    const spot = { parent: null, name: root, isTree: true };
    yield* this.#walk(spot, "asked");
  }

  /** Watches what has come to be somewhere, and tells what is in it. */
  arrive(spot: Spot, sinceMs: number = performance.now()): void {
    this.#queue.push({ spot, turns: this.#walk(spot, "arrived"), sinceMs });
  }

  /** Searches all trees for what has come and gone unheard of. */
  search(roots: Iterable<BytePath>): void {
    if (this.#search === null) this.#search = this.#searchIn([...roots]);
    else this.#isLostAgain = true;
  }

  /** Whether there is something left to do. */
  get hasMore(): boolean {
    return this.#done < this.#queue.length || this.#search !== null ||
      this.#places.hasGone || this.#canRetry;
  }

  /** Works until then, and for one turn of some milliseconds at least. */
  work(untilMs: number): void {
    while (this.hasMore) {
      if (this.#done < this.#queue.length) this.#stepQueue();
      else if (this.#canRetry) this.#retry();
      else if (this.#places.hasGone) this.#endSome();
      else if (this.#search!.next().done) this.#search = null;
      if (performance.now() >= untilMs) return;
    }
  }

  #stepQueue(): void {
    if (!this.#step(this.#queue[this.#done]!)) return;
    this.#done++;
    // To shift each one out would take as long as there are others.
    if (this.#done < BATCH && this.#done < this.#queue.length) return;
    this.#queue.splice(0, this.#done);
    this.#done = 0;
  }

  #walk(spot: Spot, reason: WalkReason): Generator<void> {
    const round = () => this.#round;
    return this.#walks.walk({ spot, reason, round }, this.#tell);
  }

  /** What it is in has perhaps moved, and the path was an old one. */
  get #canRetry(): boolean {
    return this.#unfound.length > 0 && this.#places.moves !== this.#movesThen;
  }

  #retry(): void {
    this.#movesThen = this.#places.moves;
    const afterMs = performance.now() - UNFOUND_MS;
    for (const { spot, sinceMs } of this.#unfound.slice(-MAX_UNFOUND)) {
      if (sinceMs > afterMs) this.arrive(spot, sinceMs);
    }
    this.#unfound = [];
  }

  #step({ spot, turns, sinceMs }: Task): boolean {
    try {
      return turns.next().done === true;
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      const { parent } = spot;
      if (parent?.isLeft) return true;
      const path = pathAt(spot);
      const isUnfound = isGone(error) || path === null;
      if (!isUnfound) this.#walks.refuse(path, explain(error));
      else if (parent !== null) this.#unfound.push({ spot, sinceMs });
      return true;
    }
  }

  #endSome(): void {
    for (let count = 0; count < BATCH && this.#places.hasGone; count++) {
      const watch = this.#places.end();
      if (watch !== null) this.#inotify.unwatch(watch);
    }
  }

  *#searchIn(roots: readonly BytePath[]): Generator<void> {
    do {
      this.#isLostAgain = false;
      const round = ++this.#round;
      for (const name of roots) {
        const spot = { parent: null, name, isTree: true };
        const turns = this.#walk(spot, "lost");
        while (!this.#step({ spot, turns, sinceMs: 0 })) yield;
      }
      let count = 0;
      for (const place of this.#places.all()) {
        const isUnseen = place.isTree && place.round < round;
        if (isUnseen && !place.isGone) this.#places.leave(place);
        if (++count % BATCH === 0) yield;
      }
    } while (this.#isLostAgain);
  }
}
