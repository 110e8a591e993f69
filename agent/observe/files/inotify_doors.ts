/**
 * The directories that trees are in: through them a tree is left and comes
 * back.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { openDirectory } from "../../../ffi/directory_entries.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { IN, type Inotify } from "../../../ffi/inotify.ts";
import type { Libc } from "../../../ffi/libc.ts";

const ASKED = IN.MOVED_FROM | IN.MOVED_TO | IN.CREATE | IN.DELETE;

/** Watches of directories, of each of which only some names count. */
export class InotifyDoors {
  readonly #libc: Libc;
  readonly #inotify: Inotify;
  readonly #names = new Map<number, Map<BytePath, BytePath>>();

  /** @param of Borrowed, both. */
  constructor(of: { libc: Libc; inotify: Inotify }) {
    this.#libc = of.libc;
    this.#inotify = of.inotify;
  }

  /** Watches the directory that a tree is in, if the user may. */
  open(root: BytePath): void {
    const cut = root.lastIndexOf("/");
    const name = root.slice(cut + 1) as BytePath;
    if (name === "") return;
    const above = root.slice(0, Math.max(cut, 1)) as BytePath;
    let fd = -1;
    try {
      fd = openDirectory(this.#libc, above);
      const watch = this.#inotify.watch(fd, ASKED);
      const names = this.#names.get(watch) ?? new Map<BytePath, BytePath>();
      this.#names.set(watch, names.set(name, root));
    } catch (error) {
      // The tree itself tells when it goes, and nobody when it comes back.
      if (!(error instanceof SystemCallError)) throw error;
    } finally {
      if (fd >= 0) this.#libc.symbols.close(fd);
    }
  }

  /** The tree that a name in a watched directory is of; null for none. */
  rootAt(watch: number, name: BytePath): BytePath | null {
    return this.#names.get(watch)?.get(name) ?? null;
  }

  /** Whether it is heard when a tree goes or comes back. */
  isOpenFor(root: BytePath): boolean {
    for (const names of this.#names.values()) {
      for (const each of names.values()) if (each === root) return true;
    }
    return false;
  }

  /** Whether a watch is of a door. */
  has(watch: number): boolean {
    return this.#names.has(watch);
  }

  /** Forgets a watch that the kernel has ended. */
  forget(watch: number): void {
    this.#names.delete(watch);
  }
}
