/**
 * Finds how the directory of an event is told.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import type { FileKey } from "../../../ffi/file_handles.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { DirectoryNames } from "./directory_names.ts";
import { HandlePaths } from "./handle_paths.ts";
import { WatchedRoots } from "./watched_roots.ts";

/** What is known, then what the kernel says. */
export class DirectoryFinder {
  /** What was learned. */
  readonly names = new DirectoryNames();
  /** The trees that are watched. */
  readonly roots = new WatchedRoots();
  /** What the kernel is asked. */
  readonly paths: HandlePaths;
  /** Watched for themselves, wherever they are now. */
  readonly #directories = new Map<FileKey, BytePath>();

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.paths = new HandlePaths(libc, this.roots);
  }

  /** Finds a directory that is watched for itself, by the path it had then. */
  addDirectory(key: FileKey, path: BytePath): void {
    this.#directories.set(key, path);
  }

  /** Whether it is known to be in a tree that is watched. */
  isInTree(key: FileKey): boolean {
    return typeof this.names.find(key) === "string";
  }

  /**
   * How a directory is told.
   *
   * @returns Null for one that is not watched, or is removed.
   * @throws {SystemCallError} When the kernel cannot say: EMFILE, ENOMEM.
   */
  find(key: FileKey): BytePath | null {
    const known = this.names.find(key);
    if (typeof known === "string") return known;
    const watched = this.#directories.get(key);
    if (watched !== undefined) return watched;
    if (known === null) return null;
    const way = this.paths.find(key, (other) => this.isInTree(other));
    if (way === null) {
      this.names.addOutside(key);
      return null;
    }
    if (way.root !== null) this.names.addRoot(way.start, way.root);
    let directory = way.start;
    for (const { key, name } of way.steps) {
      this.names.put(key, { directory, name });
      directory = key;
    }
    return this.names.find(key) ?? null;
  }
}
