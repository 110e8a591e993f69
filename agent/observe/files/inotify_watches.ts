/**
 * Directories that inotify watches, each found again where it is now.
 *
 * @module
 */
import { type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import { openBelow } from "../../../ffi/directory_entries.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { type FileLook, lookAt } from "../../../ffi/file_look.ts";
import { IN, type Inotify } from "../../../ffi/inotify.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { InotifyDoors } from "./inotify_doors.ts";
import {
  pathAt,
  type Place,
  type Places,
  type Spot,
} from "./inotify_places.ts";

/** Of each directory. */
const INSIDE = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.MOVED_FROM |
  IN.MOVED_TO | IN.CREATE | IN.DELETE;
/** And of one that is in no other. */
const ITSELF = IN.DELETE_SELF | IN.MOVE_SELF;

/** A directory that is watched now, and what it was before. */
export interface Watched {
  readonly place: Place;
  /** Not watched before: what is in it is not known. */
  readonly isNew: boolean;
  /** Left before, or watched alone: those below it may lack their watches. */
  readonly isBroken: boolean;
  /** It was thought to be elsewhere. */
  readonly hasMoved: boolean;
}

/** Watches directories, one by one. */
export class InotifyWatches {
  readonly #libc: Libc;
  readonly #inotify: Inotify;
  readonly #places: Places;
  readonly #doors: InotifyDoors;

  /** @param of Borrowed, all of them. */
  constructor(
    of: { libc: Libc; inotify: Inotify; places: Places; doors: InotifyDoors },
  ) {
    this.#libc = of.libc;
    this.#doors = of.doors;
    this.#inotify = of.inotify;
    this.#places = of.places;
  }

  /**
   * Watches a directory, and finds out whether it was watched already.
   *
   * @param fd Of the directory, open.
   * @throws {SystemCallError} When it cannot be watched.
   */
  watch(
    fd: number,
    { spot, look }: { spot: Spot; look: FileLook },
  ): Watched {
    const mask = spot.parent === null ? INSIDE | ITSELF : INSIDE;
    const watch = this.#inotify.watch(fd, mask);
    const path = pathAt(spot);
    for (const place of this.#places.of(watch)) {
      const found = this.#settleAs(place, { spot, look, path });
      if (found !== null) return found;
    }
    const place = this.#places.add(watch, spot);
    return { place, isNew: true, isBroken: false, hasMoved: false };
  }

  /**
   * Whether a directory is in this one: a path can lead elsewhere, when it is
   * older than a move that is not heard of yet.
   *
   * @throws {SystemCallError} When nobody can say.
   */
  isIn(fd: number, parent: Place | null): boolean {
    if (parent === null) return true;
    const above = openBelow(this.#libc, fd, bytePathOf(".."));
    try {
      // By its watch: a new directory can have the inode of a removed one.
      const watch = this.#inotify.watch(above, INSIDE);
      if (watch === parent.watch) return true;
      const isStray = this.#places.of(watch).next().done === true;
      if (isStray && !this.#doors.has(watch)) this.#inotify.unwatch(watch);
      return false;
    } finally {
      this.#libc.symbols.close(above);
    }
  }

  /** Null for a place that is another one, by a mount. */
  #settleAs(
    place: Place,
    of: { spot: Spot; look: FileLook; path: BytePath | null },
  ): Watched | null {
    const { spot, look, path } = of;
    const before = place.path;
    const isSame = before === path;
    // What is in another is known better than what has been asked for.
    const isKnown = place.parent === spot.parent && place.name === spot.name ||
      isSame && spot.parent === null;
    const { isLeft } = place;
    const isBroken = isLeft || spot.isTree && !place.isTree;
    if (isKnown && !isLeft) {
      place.move = 0;
      place.isTree ||= spot.isTree;
      return { place, isNew: false, isBroken, hasMoved: false };
    }
    if (before !== null && !isSame && this.#isAt(before, look)) return null;
    this.#places.put(place, spot);
    return {
      place,
      isNew: false,
      isBroken,
      hasMoved: !isSame && before !== null,
    };
  }

  #isAt(path: BytePath, look: FileLook): boolean {
    try {
      const there = lookAt(this.#libc, path);
      return there?.inode === look.inode && there.device === look.device;
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    }
  }
}

/** Why a directory cannot be watched, for the operator. */
export function explain(error: SystemCallError): string {
  switch (error.errno) {
    case ERRNO.ENOSPC:
      return "This user watches as many directories as " +
        "fs.inotify.max_user_watches allows: raise it with sysctl";
    case ERRNO.ENOMEM:
      return "The kernel has no memory left to watch it";
    case ERRNO.EACCES:
      return "This user may not read it";
    default:
      return error.message;
  }
}
