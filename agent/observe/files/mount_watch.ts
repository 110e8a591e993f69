/**
 * Hears of mounts that hide what is watched, or show it again.
 *
 * @module
 */
import { decodeMounts, type MountLine } from "../../decode/mountinfo.ts";
import { type BytePath, bytePath, isWithin } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { MountTable } from "../../../ffi/mount_table.ts";

/** Something was mounted on, above or below a watched tree, or taken away. */
export interface MountChange {
  readonly act: "mounted" | "unmounted";
  /** Where; without links. */
  readonly path: BytePath;
  /** Such as `tmpfs`. */
  readonly type: string;
  /** What of its file system is shown there: `/` for all of it. */
  readonly root: BytePath;
  /** The trees that are hidden or shown, or that have it below them. */
  readonly trees: readonly BytePath[];
}

/** The mounts of this process's namespace, as far as they matter to trees. */
export class MountWatch implements Disposable {
  readonly #table: MountTable;
  readonly #trees: readonly BytePath[];
  /** Readable when {@linkcode look} may have something to tell. */
  readonly fds: readonly number[];
  #known: Map<string, MountLine>;

  /**
   * @param libc Must outlive this object.
   * @param trees Their roots, without links.
   * @throws {SystemCallError} EMFILE without a descriptor left.
   */
  constructor(libc: Libc, trees: readonly BytePath[]) {
    this.#table = new MountTable(libc);
    this.#trees = trees;
    this.fds = [this.#table.fd];
    this.#known = this.#read();
  }

  /**
   * What has changed since the last call; never waits, and costs a microsecond
   * when nothing has. What came and went between two calls is not seen.
   *
   * @returns What is gone first.
   */
  look(): readonly MountChange[] {
    if (!this.#table.hasChanged()) return [];
    const before = this.#known;
    const after = this.#known = this.#read();
    const changes: MountChange[] = [];
    for (const [key, mount] of before) {
      if (!after.has(key)) changes.push(...this.#change("unmounted", mount));
    }
    for (const [key, mount] of after) {
      if (!before.has(key)) changes.push(...this.#change("mounted", mount));
    }
    return changes;
  }

  /** Looks no more; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#table[Symbol.dispose]();
  }

  #change(act: MountChange["act"], mount: MountLine): readonly MountChange[] {
    const path = mount.mountPoint as BytePath;
    const trees = this.#trees.filter((tree) =>
      isWithin(tree, path) || isWithin(path, tree)
    );
    if (trees.length === 0) return [];
    const { type } = mount;
    return [{ act, path, type, root: mount.root as BytePath, trees }];
  }

  #read(): Map<string, MountLine> {
    const mounts = decodeMounts(bytePath(this.#table.read()));
    return new Map(mounts.map((mount) => [keyOf(mount), mount]));
  }
}

/** Ids are given again; one that comes back in the same place is the same. */
function keyOf({ id, device, root, mountPoint }: MountLine): string {
  return [id, device, root, mountPoint].join("\0");
}
