/**
 * All sources that are watched, and what each is to hold.
 *
 * @module
 */
import type { BytePath } from "../../ffi/byte_path.ts";
import type { Stamp } from "./stamp.ts";
import type { SourceTree } from "./source_tree.ts";

/** One source: what it was when it was learned. */
export interface Source {
  readonly tree: SourceTree;
  /** As git writes it: 0o100644, 0o100755 or 0o120000. */
  readonly mode: number;
  /** The object id of the content in the work tree, lower case hex. */
  readonly oid: string;
  /** Null while nobody has looked at it. */
  readonly bytes: number | null;
  /** With which it was found to hold that; null while it was not found so. */
  readonly stamp: Stamp | null;
}

/** Finds sources by their path, and by a directory above. */
export class Sources {
  /** By directory and name: a path for each would take twice the memory. */
  readonly #directories = new Map<BytePath, Map<BytePath, Source>>();
  /** All directories above a source. */
  readonly #above = new Set<BytePath>();
  #size = 0;

  /** How many there are. */
  get size(): number {
    return this.#size;
  }

  find(path: BytePath): Source | null {
    const { directory, name } = splitPath(path);
    return this.#directories.get(directory)?.get(name) ?? null;
  }

  set(path: BytePath, source: Source): void {
    const { directory, name } = splitPath(path);
    let names = this.#directories.get(directory);
    if (names === undefined) {
      names = new Map();
      this.#directories.set(directory, names);
      this.#addAbove(directory);
    }
    if (!names.has(name)) this.#size++;
    names.set(name, source);
  }

  delete(path: BytePath): void {
    const { directory, name } = splitPath(path);
    const names = this.#directories.get(directory);
    if (names?.delete(name) !== true) return;
    this.#size--;
    if (names.size === 0) this.#directories.delete(directory);
  }

  /** Whether a source is directly in a directory. */
  isIn(directory: BytePath): boolean {
    return this.#directories.has(directory);
  }

  /** Whether there is, or was, a source somewhere below a directory. */
  isBelow(directory: BytePath): boolean {
    return this.#above.has(directory);
  }

  /** All sources below a directory, one by one. */
  *below(directory: BytePath): Generator<readonly [BytePath, Source]> {
    if (!this.isBelow(directory)) return;
    const prefix = directory === "/" ? "/" : `${directory}/`;
    for (const [parent, names] of this.#directories) {
      if (parent !== directory && !parent.startsWith(prefix)) continue;
      const start = parent === "/" ? "/" : `${parent}/`;
      for (const [name, source] of names) {
        yield [`${start}${name}` as BytePath, source];
      }
    }
  }

  #addAbove(directory: BytePath): void {
    let above = directory;
    while (!this.#above.has(above)) {
      this.#above.add(above);
      above = splitPath(above).directory;
    }
  }
}

/** A path as its directory and its name there. */
export function splitPath(
  path: BytePath,
): { readonly directory: BytePath; readonly name: BytePath } {
  const at = path.lastIndexOf("/");
  return {
    directory: (at <= 0 ? "/" : path.slice(0, at)) as BytePath,
    name: path.slice(at + 1) as BytePath,
  };
}
