/**
 * Trees of directories, however large, deep or hostile they are.
 *
 * @module
 */
import { below, type BytePath, bytePathOf } from "../../../ffi/byte_path.ts";
import {
  type DirectoryEntry,
  isGone,
  isOfKernel,
  openBelow,
  openDirectory,
  readEntries,
} from "../../../ffi/directory_entries.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import {
  FILE_TYPE,
  type FileLook,
  lookBehind,
} from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** How long it walks before it lets others. */
const TURN_MS = 3;
/** Directories that are open at a time; those further up are opened again. */
const MAX_OPEN = 32;
/**
 * Four times what a program can pass to the kernel: one that goes deeper, step
 * by step, would have us keep paths without end.
 */
const MAX_PATH_BYTES = 16_384;
const UP = bytePathOf("..");

/** A directory on the way, open as long as one of its names is met. */
export interface WalkedDirectory {
  /** Null for where the walk began. */
  readonly parent: WalkedDirectory | null;
  /** In its parent; the whole path for where the walk began. */
  readonly name: BytePath;
  readonly path: BytePath;
  /** Borrowed: to be used at once, and not to be read from. */
  readonly fd: number;
  readonly look: FileLook;
}

/** What is wanted of a walk. */
export interface Walk {
  /** A directory; a link to one is none. */
  readonly root: BytePath;
  /**
   * Called with each directory before its names are read.
   *
   * @returns False to leave out all that is in it.
   */
  enter?(directory: WalkedDirectory): boolean;
  /** Called with each name in a directory, those of directories too. */
  meet?(entry: DirectoryEntry, directory: WalkedDirectory): void;
  /** Called for a directory whose names cannot be read, or not all of them. */
  refuse?(path: BytePath, why: string): void;
}

/** A directory whose names are being walked. */
class Level implements WalkedDirectory {
  readonly parent: Level | null;
  readonly name: BytePath;
  readonly path: BytePath;
  readonly look: FileLook;
  fd: number;
  /** Those below it that are still to be walked, the next one last. */
  names: BytePath[] = [];

  constructor(
    of: { parent: Level | null; name: BytePath; fd: number; look: FileLook },
  ) {
    this.parent = of.parent;
    this.name = of.name;
    this.path = of.parent === null ? of.name : below(of.parent.path, of.name);
    this.fd = of.fd;
    this.look = of.look;
  }
}

/**
 * Walks a tree in turns of a few milliseconds, each directory before what is
 * in it.
 *
 * It goes from directory to directory and never by a path, so that nobody can
 * lead it out of the tree by a link that was a directory before. What is
 * removed meanwhile is left out in silence, and so are the kernel's own file
 * systems.
 *
 * @throws {SystemCallError} When the root cannot be opened.
 */
export function* walkTree(libc: Libc, walk: Walk): Generator<void> {
  const walker = new Walker(libc, walk);
  try {
    walker.begin();
    let turnEndsMs = performance.now() + TURN_MS;
    while (walker.step()) {
      if (performance.now() < turnEndsMs) continue;
      yield;
      turnEndsMs = performance.now() + TURN_MS;
    }
  } finally {
    walker.close();
  }
}

/** Where a walk is. */
class Walker {
  readonly #libc: Libc;
  readonly #walk: Walk;
  /** The way from the root, of which the last ones are open. */
  readonly #levels: Level[] = [];
  /** Whether the last one has names that were not read. */
  #isReading = false;

  constructor(libc: Libc, walk: Walk) {
    this.#libc = libc;
    this.#walk = walk;
  }

  begin(): void {
    const { root } = this.#walk;
    const fd = openDirectory(this.#libc, root);
    this.#enter({ parent: null, name: root, fd });
  }

  /** Goes on by some names, or by a directory; false at the end. */
  step(): boolean {
    const level = this.#levels.at(-1);
    if (level === undefined) return false;
    if (this.#isReading) this.#tryAt(level.path, () => this.#read(level));
    else if (level.names.length === 0) this.#leave();
    else this.#descend(level, level.names.pop()!);
    return true;
  }

  close(): void {
    for (const { fd } of this.#levels) {
      if (fd >= 0) this.#libc.symbols.close(fd);
    }
    this.#levels.length = 0;
  }

  #read(level: Level): void {
    // Until it has succeeded: a directory that fails would fail for ever.
    this.#isReading = false;
    const { meet } = this.#walk;
    const only = meet === undefined ? "directories" : undefined;
    const entries = readEntries(this.#libc, level.fd, only);
    if (entries === null) {
      level.names.reverse();
      return;
    }
    this.#isReading = true;
    for (const entry of entries) {
      if (entry.type === FILE_TYPE.DIRECTORY) level.names.push(entry.name);
      meet?.call(this.#walk, entry, level);
    }
  }

  #descend(level: Level, name: BytePath): void {
    const path = below(level.path, name);
    if (path.length > MAX_PATH_BYTES) {
      this.#refuse(path, `its path is over ${MAX_PATH_BYTES} bytes long`);
      return;
    }
    this.#tryAt(path, () => {
      const fd = openBelow(this.#libc, level.fd, name);
      this.#enter({ parent: level, name, fd });
    });
  }

  #enter(of: { parent: Level | null; name: BytePath; fd: number }): void {
    const { parent, fd } = of;
    let isEntered = false;
    try {
      const look = lookBehind(this.#libc, fd);
      const isOtherSystem = look.device !== parent?.look.device;
      if (isOtherSystem && isOfKernel(this.#libc, fd)) return;
      const level = new Level({ ...of, look });
      isEntered = this.#walk.enter?.(level) ?? true;
      if (!isEntered) return;
      this.#levels.push(level);
      this.#isReading = true;
      const above = this.#levels.at(-1 - MAX_OPEN);
      if (above === undefined) return;
      this.#libc.symbols.close(above.fd);
      above.fd = -1;
    } finally {
      if (!isEntered) this.#libc.symbols.close(fd);
    }
  }

  #leave(): void {
    const left = this.#levels.pop()!;
    const { parent } = left;
    try {
      // Where nothing is left to walk, the one above can still be reached.
      if (parent === null || parent.fd >= 0) return;
      this.#tryAt(parent.path, () => this.#reopen(parent, left));
      if (parent.fd >= 0) return;
      for (const name of parent.names) {
        const path = below(parent.path, name);
        this.#refuse(path, "what it is in was moved while it was walked");
      }
      parent.names.length = 0;
    } finally {
      if (left.fd >= 0) this.#libc.symbols.close(left.fd);
    }
  }

  /** By the way up, or down again from the top where that leads elsewhere. */
  #reopen(parent: Level, left: Level): void {
    const ways = [
      () => openBelow(this.#libc, left.fd, UP),
      () => openDirectory(this.#libc, parent.path),
    ];
    for (const open of left.fd < 0 ? ways.slice(1) : ways) {
      const fd = open();
      const { device, inode } = lookBehind(this.#libc, fd);
      const { look } = parent;
      if (device === look.device && inode === look.inode) {
        parent.fd = fd;
        return;
      }
      this.#libc.symbols.close(fd);
    }
  }

  #tryAt(path: BytePath, act: () => void): void {
    try {
      act();
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      if (!isGone(error)) this.#refuse(path, error.message);
    }
  }

  #refuse(path: BytePath, why: string): void {
    this.#walk.refuse?.(path, why);
  }
}
