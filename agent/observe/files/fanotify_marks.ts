/**
 * What fanotify is asked for: whole file systems, and the directories of trees.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { openDirectory } from "../../../ffi/directory_entries.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import {
  type FileHandle,
  type FileKey,
  fileSystemOf,
  handleOf,
  openHandle,
  realDirectory,
} from "../../../ffi/file_handles.ts";
import { type FileSystemWatch, HEAR } from "../../../ffi/file_system_watch.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { isOfGit } from "../git/git_path.ts";
import type { DirectoryFinder } from "./directory_finder.ts";
import { type WalkedDirectory, walkTree } from "./tree_walk.ts";
import { directoriesAbove } from "./watched_roots.ts";

const NAMES = HEAR.CREATE | HEAR.DELETE | HEAR.MOVED_FROM | HEAR.MOVED_TO |
  HEAR.ONDIR;
/** Of a whole file system: what is rare enough to be told of all of it. */
const WHOLE = NAMES | HEAR.CLOSE_WRITE | HEAR.ATTRIB;
/** Of a directory of a tree: each write, which would be too much elsewhere. */
const WRITES = HEAR.MODIFY | HEAR.EVENT_ON_CHILD;

/** A directory that is not watched, and why. */
export interface RefusedDirectory {
  readonly path: BytePath;
  readonly why: string;
}

/** Marks, with what is learned on the way. */
export class FanotifyMarks {
  readonly #libc: Libc;
  readonly #watch: FileSystemWatch;
  readonly #finder: DirectoryFinder;
  #refused: RefusedDirectory[] = [];

  /** @param of Both borrowed, as the library is. */
  constructor(libc: Libc, of: {
    readonly watch: FileSystemWatch;
    readonly finder: DirectoryFinder;
  }) {
    this.#libc = libc;
    this.#watch = of.watch;
    this.#finder = of.finder;
  }

  /**
   * Marks the file system of an open directory, unless that is done.
   *
   * @throws {SystemCallError} When it has no handles, or does not give files
   * by them.
   */
  enter(path: BytePath, fd: number): FileHandle {
    const handle = this.#handleOf(fd);
    if (this.#finder.paths.has(handle)) return handle;
    const found = openHandle(this.#libc, fd, handle.key);
    if (found === null) {
      throw new SystemCallError("open_by_handle_at", ERRNO.ESTALE);
    }
    this.#libc.symbols.close(found);
    this.#watch.mark(fd, { mask: WHOLE, isWhole: true });
    this.#finder.paths.add(path, handle);
    return handle;
  }

  /**
   * Marks one directory for all that is done with the names in it.
   *
   * @throws {SystemCallError} ENOENT when it is not there.
   */
  markDirectory(path: BytePath): void {
    const real = realDirectory(this.#libc, path);
    const fd = openDirectory(this.#libc, real);
    try {
      this.#watch.mark(fd, { mask: WHOLE | WRITES });
      this.#finder.addDirectory(this.#handleOf(fd).key, path);
    } finally {
      this.#libc.symbols.close(fd);
    }
  }

  /**
   * Marks the file system of a tree, and what is above the tree for the names
   * that lead to it.
   *
   * @returns Where the tree is, without links.
   * @throws {SystemCallError} ENOENT when it is not there.
   */
  markRoot(root: BytePath): BytePath {
    const { roots } = this.#finder;
    const real = realDirectory(this.#libc, root);
    const fd = openDirectory(this.#libc, real);
    let key: FileKey;
    try {
      key = this.enter(real, fd).key;
    } finally {
      this.#libc.symbols.close(fd);
    }
    roots.add(root, real);
    this.#finder.names.addRoot(key, root);
    for (const { directory, name } of directoriesAbove(real)) {
      const above = this.#markAbove(directory);
      if (above !== null) roots.addAbove(above, { name, root });
    }
    return real;
  }

  /** Marks a new directory of a tree for each write; it has nothing in it. */
  markNew(path: BytePath): void {
    // What git keeps is told by its names: git replaces, and does not overwrite.
    if (isOfGit(path)) return;
    try {
      this.#watch.mark(path, { mask: WRITES });
    } catch (error) {
      // Gone already, or replaced: that is told by itself.
      if (!(error instanceof SystemCallError)) throw error;
    }
  }

  /** Remembers that a directory could not be marked. */
  refuse(path: BytePath, error: SystemCallError): void {
    this.#refused.push({ path, why: whyOf(error.message) });
  }

  /** Those that are not watched though they should be; each only once. */
  takeRefused(): readonly RefusedDirectory[] {
    const refused = this.#refused;
    this.#refused = [];
    return refused;
  }

  /**
   * Marks a directory and all below it, some milliseconds at a time.
   *
   * @param path Without links, below a root.
   */
  *markTree(path: BytePath): Generator<void> {
    const keys = new WeakMap<WalkedDirectory, FileKey>();
    const enter = (directory: WalkedDirectory) => {
      const { path, fd, parent, name } = directory;
      try {
        const { key } = this.enter(path, fd);
        keys.set(directory, key);
        const above = parent === null ? undefined : keys.get(parent);
        this.#learn(key, above === undefined ? null : { above, name });
        if (!isOfGit(path)) this.#watch.mark(fd, { mask: WRITES });
        return true;
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        // Once, and not for each that is below it on the same file system.
        this.refuse(path, error);
        return false;
      }
    };
    const refuse = (path: BytePath, why: string) => {
      this.#refused.push({ path, why: whyOf(why) });
    };
    yield* walkTree(this.#libc, { root: path, enter, refuse });
  }

  /** What was told of a directory since is newer than what is seen of it. */
  #learn(
    key: FileKey,
    at: { readonly above: FileKey; readonly name: BytePath } | null,
  ): void {
    const { names } = this.#finder;
    if (at === null || this.#finder.isInTree(key)) return;
    names.put(key, { directory: at.above, name: at.name });
  }

  /** Null where nothing can be heard of: a tree below it is heard of still. */
  #markAbove(path: BytePath): FileKey | null {
    let fd = -1;
    try {
      fd = openDirectory(this.#libc, path);
      const handle = this.#handleOf(fd);
      // Its whole file system is marked for more than that.
      const isWhole = this.#finder.paths.has(handle);
      if (!isWhole) this.#watch.mark(fd, { mask: NAMES });
      return handle.key;
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    } finally {
      if (fd >= 0) this.#libc.symbols.close(fd);
    }
  }

  #handleOf(fd: number): FileHandle {
    return handleOf(this.#libc, fd, fileSystemOf(this.#libc, fd));
  }
}

function whyOf(message: string): string {
  return `what is done in it is not heard of: ${message}`;
}
