/**
 * Single files, heard of by whatever name they are written.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import { openPlain } from "../../../ffi/file_look.ts";
import { IN, type Inotify } from "../../../ffi/inotify.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { INOTIFY } from "../../decode/inotify_event.ts";

const ASKED = IN.MODIFY | IN.ATTRIB | IN.CLOSE_WRITE | IN.DELETE_SELF;
/** Told of twice: of the name in its directory, and of the file itself. */
const TOLD_TWICE = INOTIFY.MODIFY | INOTIFY.ATTRIB | INOTIFY.CLOSE_WRITE;
/** After this, the name is another file's or nobody's. */
const REPLACED = INOTIFY.CREATE | INOTIFY.DELETE | INOTIFY.MOVED_FROM |
  INOTIFY.MOVED_TO;

/** Watches of files, by the paths that they were asked for. */
export class InotifyFollows {
  readonly #libc: Libc;
  readonly #inotify: Inotify;
  readonly #byPath = new Map<BytePath, number>();
  readonly #paths = new Map<number, Set<BytePath>>();
  /** By mask: how often a file's own event is still to come. */
  readonly #owed = new Map<number, Map<number, number>>();

  /** @param of Borrowed, both. */
  constructor(of: { libc: Libc; inotify: Inotify }) {
    this.#libc = of.libc;
    this.#inotify = of.inotify;
  }

  /**
   * Watches what is a plain file at this path now.
   *
   * @param reads Whether it is told of who opens it, ourselves among them.
   * @returns False when there is none, or it cannot be watched.
   */
  follow(path: BytePath, reads: boolean): boolean {
    let fd: number | null = null;
    try {
      fd = openPlain(this.#libc, path);
      if (fd === null) return false;
      const mask = reads ? ASKED | IN.OPEN : ASKED;
      const watch = this.#inotify.watch(fd, mask);
      if (this.#byPath.get(path) === watch) return true;
      this.#leave(path);
      this.#byPath.set(path, watch);
      const paths = this.#paths.get(watch) ?? new Set();
      this.#paths.set(watch, paths.add(path));
      return true;
    } catch (error) {
      if (error instanceof SystemCallError && error.errno !== ERRNO.EMFILE) {
        return false;
      }
      throw error;
    } finally {
      if (fd !== null) this.#libc.symbols.close(fd);
    }
  }

  /**
   * Hears of a name that may be that of a followed file.
   *
   * @param mask Bits of {@linkcode INOTIFY}, as they came.
   */
  hearOfName(path: BytePath, mask: number): void {
    const watch = this.#byPath.get(path);
    if (watch === undefined) return;
    if ((mask & REPLACED) !== 0) {
      this.#leave(path);
    } else if ((mask & TOLD_TWICE) !== 0) {
      const owed = this.#owed.get(watch) ?? new Map<number, number>();
      this.#owed.set(watch, owed.set(mask, (owed.get(mask) ?? 0) + 1));
    }
  }

  /** The paths of a file that an event is news of; none for other watches. */
  hear(watch: number, mask: number): readonly BytePath[] {
    const paths = this.#paths.get(watch);
    if (paths === undefined) return [];
    const owed = this.#owed.get(watch);
    const count = owed?.get(mask) ?? 0;
    if (count === 0) return [...paths];
    owed!.set(mask, count - 1);
    return [];
  }

  /** Expects nothing more of what has been lost. */
  forgive(): void {
    this.#owed.clear();
  }

  /** Forgets a watch that the kernel has ended. */
  forget(watch: number): void {
    for (const path of this.#paths.get(watch) ?? []) this.#byPath.delete(path);
    this.#paths.delete(watch);
    this.#owed.delete(watch);
  }

  #leave(path: BytePath): void {
    const watch = this.#byPath.get(path);
    if (watch === undefined) return;
    this.#byPath.delete(path);
    const paths = this.#paths.get(watch)!;
    paths.delete(path);
    if (paths.size > 0) return;
    this.#inotify.unwatch(watch);
    this.forget(watch);
  }
}
