/**
 * Asks the kernel where a directory is, by its handle.
 *
 * @module
 */
import { type BytePath, bytePathOf, cPath } from "../../../ffi/byte_path.ts";
import { openDirectory } from "../../../ffi/directory_entries.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import {
  type FileHandle,
  type FileKey,
  fileSystemIn,
  fileSystemOf,
  handleOf,
  openHandle,
  pathOfDirectory,
} from "../../../ffi/file_handles.ts";
import { O } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import type { WatchedRoots } from "./watched_roots.ts";

const UP = cPath(bytePathOf(".."));
const UP_FLAGS = O.PATH | O.DIRECTORY | O.CLOEXEC;
/** Somebody who moves directories all the time must not keep us here. */
const MAX_TRIES = 3;

interface Mount {
  readonly path: BytePath;
  readonly fileSystem: string;
  /** Open while questions are asked; null when it is not there any more. */
  fd?: number | null;
}

interface Step {
  readonly key: FileKey;
  /** In the directory before. */
  readonly name: BytePath;
}

/** From a root, or from a directory that was known, down to another. */
export interface Way {
  readonly start: FileKey;
  /** Which root the start is; null when it is none. */
  readonly root: BytePath | null;
  readonly steps: readonly Step[];
}

/** Paths through the mounts that it was shown. */
export class HandlePaths implements Disposable {
  readonly #libc: Libc;
  readonly #roots: WatchedRoots;
  readonly #mounts = new Map<string, Mount>();

  /**
   * @param libc Must outlive this object.
   * @param roots Borrowed.
   */
  constructor(libc: Libc, roots: WatchedRoots) {
    this.#libc = libc;
    this.#roots = roots;
  }

  /** Whether directories are found through a mount already. */
  has({ key, mountId }: FileHandle): boolean {
    return this.#mounts.has(`${mountId} ${fileSystemIn(key)}`);
  }

  /**
   * Finds directories through the mount on which a directory is.
   *
   * @param path Of that directory, without links.
   */
  add(path: BytePath, { key, mountId }: FileHandle): void {
    const fileSystem = fileSystemIn(key);
    this.#mounts.set(`${mountId} ${fileSystem}`, { path, fileSystem });
  }

  /**
   * How a directory is reached now.
   *
   * @param isKnown Where the way may begin, if not at a root.
   * @returns Null for one that is below no root.
   * @throws {SystemCallError} When the kernel cannot say: EMFILE, ENOMEM; or
   * EAGAIN, because it is moved all the time.
   */
  find(key: FileKey, isKnown: (key: FileKey) => boolean): Way | null {
    const fileSystem = fileSystemIn(key);
    for (const mount of this.#mounts.values()) {
      if (mount.fileSystem !== fileSystem) continue;
      mount.fd ??= this.#open(mount);
      if (mount.fd === null) continue;
      const fd = openHandle(this.#libc, mount.fd, key);
      if (fd === null) continue;
      try {
        const way = this.#wayTo(fd, isKnown);
        if (way !== null) return way;
      } finally {
        this.#libc.symbols.close(fd);
      }
    }
    return null;
  }

  /** Lets go of the mounts, so that they can be unmounted. */
  rest(): void {
    for (const mount of this.#mounts.values()) {
      if (typeof mount.fd === "number") this.#libc.symbols.close(mount.fd);
      delete mount.fd;
    }
  }

  [Symbol.dispose](): void {
    this.rest();
  }

  #wayTo(fd: number, isKnown: (key: FileKey) => boolean): Way | null {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const real = pathOfDirectory(this.#libc, fd);
      const found = real === null ? null : this.#roots.rootOf(real);
      if (found === null) return null;
      const way = this.#climb(fd, { ...found, isKnown });
      // Whoever has moved one of them meanwhile has mixed two ways.
      if (pathOfDirectory(this.#libc, fd) === real) return way;
    }
    throw new SystemCallError("open_by_handle_at", ERRNO.EAGAIN);
  }

  #climb(from: number, { root, names, isKnown }: {
    readonly root: BytePath;
    readonly names: readonly BytePath[];
    readonly isKnown: (key: FileKey) => boolean;
  }): Way {
    const steps: Step[] = [];
    let fd = from;
    try {
      for (let depth = names.length;; depth--) {
        const { key } = handleOf(this.#libc, fd, fileSystemOf(this.#libc, fd));
        if (depth === 0) return { start: key, root, steps };
        if (steps.length > 0 && isKnown(key)) {
          return { start: key, root: null, steps };
        }
        steps.unshift({ key, name: names[depth - 1]! });
        const above = this.#libc.symbols.openat(fd, UP, UP_FLAGS, 0);
        this.#libc.check("openat", above);
        if (fd !== from) this.#libc.symbols.close(fd);
        fd = above;
      }
    } finally {
      if (fd !== from) this.#libc.symbols.close(fd);
    }
  }

  #open({ path, fileSystem }: Mount): number | null {
    try {
      const fd = openDirectory(this.#libc, path);
      if (fileSystemOf(this.#libc, fd) === fileSystem) return fd;
      // Something else is mounted there now.
      this.#libc.symbols.close(fd);
      return null;
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }
}
