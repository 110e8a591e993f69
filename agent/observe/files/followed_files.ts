/**
 * Files that are heard of whatever name is used.
 *
 * @module
 */
import { type BytePath, bytePathOf, cPath } from "../../../ffi/byte_path.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import {
  type FileKey,
  fileSystemOf,
  handleOf,
} from "../../../ffi/file_handles.ts";
import { type FileSystemWatch, HEAR } from "../../../ffi/file_system_watch.ts";
import { O } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";

const WRITES = HEAR.MODIFY | HEAR.CLOSE_WRITE | HEAR.ATTRIB;
/** Files by their handles. */
export class FollowedFiles {
  readonly #libc: Libc;
  readonly #watch: FileSystemWatch;
  readonly #paths = new Map<FileKey, Set<BytePath>>();
  readonly #keys = new Map<BytePath, FileKey>();

  /** @param watch Borrowed, as the library is. */
  constructor(libc: Libc, watch: FileSystemWatch) {
    this.#libc = libc;
    this.#watch = watch;
  }

  /** How many paths are followed. */
  get size(): number {
    return this.#keys.size;
  }

  /** Follows what a path leads to now; false when that cannot be. */
  follow(path: BytePath, reads: boolean): boolean {
    const { symbols } = this.#libc;
    // Nothing is opened that way: neither a pipe nor a device notices.
    const fd = symbols.open(cPath(path), O.PATH | O.CLOEXEC, 0);
    if (fd < 0) return false;
    try {
      const { key } = handleOf(this.#libc, fd, fileSystemOf(this.#libc, fd));
      const mask = reads ? WRITES | HEAR.OPEN : WRITES;
      const file = bytePathOf(`/proc/self/fd/${fd}`);
      this.#watch.mark(file, { mask, isLinkFollowed: true });
      this.#unfollow(path);
      this.#keys.set(path, key);
      this.#paths.set(key, (this.#paths.get(key) ?? new Set()).add(path));
      return true;
    } catch (error) {
      if (error instanceof SystemCallError) return false;
      throw error;
    } finally {
      symbols.close(fd);
    }
  }

  /** The paths that were given for a file. */
  find(key: FileKey): ReadonlySet<BytePath> | undefined {
    return this.#paths.get(key);
  }

  #unfollow(path: BytePath): void {
    const key = this.#keys.get(path);
    const paths = key === undefined ? undefined : this.#paths.get(key);
    if (paths?.delete(path) && paths.size === 0) this.#paths.delete(key!);
  }
}
