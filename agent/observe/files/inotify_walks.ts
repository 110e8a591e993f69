/**
 * The directories that are still to be watched, and what was in them already.
 *
 * @module
 */
import { below, type BytePath } from "../../../ffi/byte_path.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { FILE_TYPE, type FileLook } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { ACT, type FileChange } from "./file_source.ts";
import { pathAt, type Spot } from "./inotify_places.ts";
import {
  explain,
  type InotifyWatches,
  type Watched,
} from "./inotify_watches.ts";
import { type WalkedDirectory, walkTree } from "./tree_walk.ts";

/** Kept until they are taken. */
const MAX_REFUSED = 1_000;

/** Why a directory is walked: what there is to say of what is in it. */
export type WalkReason =
  /** Nothing: whoever asks for it looks for themselves. */
  | "asked"
  /** All of it is new. */
  | "arrived"
  /** What has come while changes were lost. */
  | "lost";

/** A walk that goes on when there is time. */
export interface PlaceWalk {
  readonly spot: Spot;
  readonly reason: WalkReason;
  /** Given to the places that it sees; a later one may begin meanwhile. */
  readonly round: () => number;
}

/** A directory that is not watched, though it should be. */
export interface Refused {
  readonly path: BytePath;
  readonly why: string;
}

/** Watches directories, and all that is below them. */
export class InotifyWalks {
  readonly #libc: Libc;
  readonly #watches: InotifyWatches;
  #refused: Refused[] = [];

  /** @param of Borrowed, both. */
  constructor(of: { libc: Libc; watches: InotifyWatches }) {
    this.#libc = of.libc;
    this.#watches = of.watches;
  }

  /** Those that were refused since the last call. */
  takeRefused(): readonly Refused[] {
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }

  /**
   * Watches a tree, in turns of some milliseconds.
   *
   * @param tell Called with what is there already, each after it was watched.
   * @throws {SystemCallError} When its top cannot be watched.
   */
  *walk(
    { spot, reason, round }: PlaceWalk,
    tell: (change: FileChange) => void,
  ): Generator<void> {
    const root = pathAt(spot);
    if (root === null) throw new SystemCallError("openat", ERRNO.ENOENT);
    const visited = new WeakMap<WalkedDirectory, Watched>();
    yield* walkTree(this.#libc, {
      root,
      enter: (directory) => {
        const { parent, name, fd, look } = directory;
        const above = parent === null ? null : visited.get(parent)!;
        const here = above === null
          ? spot
          : { parent: above.place, name, isTree: true };
        if (above === null && !this.#watches.isIn(fd, spot.parent)) {
          throw new SystemCallError("openat", ERRNO.ENOENT);
        }
        const found = this.#trySettle(fd, { spot: here, look, above });
        if (found === null) return false;
        visited.set(directory, found);
        found.place.round = round();
        if (found.hasMoved) {
          const path = found.place.path;
          if (path !== null) tell(arrival(path, true, ACT.MOVED_HERE));
        }
        return reason !== "arrived" || found.isNew || found.isBroken;
      },
      meet: reason === "asked" ? undefined : ({ name, type }, directory) => {
        const { place, isNew, isBroken } = visited.get(directory)!;
        const path = isNew || isBroken ? place.path : null;
        if (path === null) return;
        const isDirectory = type === FILE_TYPE.DIRECTORY;
        tell(arrival(below(path, name), isDirectory, ACT.CREATED));
      },
      refuse: (path, why) => this.refuse(path, why),
    });
  }

  #trySettle(
    fd: number,
    of: { spot: Spot; look: FileLook; above: Watched | null },
  ): Watched | null {
    const { spot, above } = of;
    try {
      const found = this.#watches.watch(fd, of);
      const isBroken = found.isBroken || (above?.isBroken ?? false);
      return { ...found, isBroken };
    } catch (error) {
      if (!(error instanceof SystemCallError) || above === null) throw error;
      const path = pathAt(spot);
      if (path !== null) this.refuse(path, explain(error));
      return null;
    }
  }

  /** Notes a directory that is not watched. */
  refuse(path: BytePath, why: string): void {
    // Past the limit it is all the rest of a tree: some tell as much as all.
    if (this.#refused.length >= MAX_REFUSED) return;
    this.#refused.push({ path, why });
  }
}

function arrival(
  path: BytePath,
  isDirectory: boolean,
  acts: number,
): FileChange {
  return { kind: "change", acts, path, isDirectory, pid: null };
}
