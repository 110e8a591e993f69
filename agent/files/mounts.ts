/**
 * Tells of mounts that hide sources, and has what is there now looked at.
 *
 * @module
 */
import { type MountChange, MountWatch } from "../observe/files/mount_watch.ts";
import { type BytePath, textOf } from "../../ffi/byte_path.ts";
import type { FileWorld } from "./file_listener.ts";
import { unknownDeed } from "./finding.ts";
import type { Sources } from "./sources.ts";

/** What the mounts work with; all of it is lent. */
export interface MountsOptions {
  readonly world: FileWorld;
  readonly roots: readonly BytePath[];
  readonly sources: Sources;
  /** Called with a directory in which everything may be another now. */
  readonly onOther: (directory: BytePath) => void;
}

/** Hears of mounts on, above and below the work spaces. */
export class Mounts implements Disposable {
  readonly #options: MountsOptions;
  readonly #watch: MountWatch;

  constructor(options: MountsOptions) {
    this.#options = options;
    const { world, roots } = options;
    this.#watch = new MountWatch(world.processes.libc, roots);
  }

  get fds(): readonly number[] {
    return this.#watch.fds;
  }

  /** Looks whether there are others than before. */
  attend(): void {
    for (const change of this.#watch.look()) {
      this.#take(change);
    }
  }

  /** Hears no more; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#watch[Symbol.dispose]();
  }

  #take({ act, path, type, root, trees }: MountChange): void {
    const { world, sources, onOther } = this.#options;
    for (const tree of trees) {
      // Above a tree it hides all of it.
      const isAbove = tree === path || path.length < tree.length;
      const hidden = isAbove ? tree : path;
      if (!sources.isBelow(hidden) && sources.find(hidden) === null) continue;
      onOther(hidden);
      if (act === "unmounted") continue;
      const what = root === "/" ? `a ${type}` : `${textOf(root)} of a ${type}`;
      world.find({
        ...{ change: "mounted", subject: "source", path, overwritten: true },
        reason: `${what} was mounted where tracked files are`,
        ...{ before: null, after: null, diff: null },
        deed: unknownDeed(world.clock.bootUs()),
      });
    }
  }
}
