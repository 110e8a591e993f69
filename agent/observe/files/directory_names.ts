/**
 * Which directory is where, by its handle: a bounded memory of what the kernel
 * was asked once, kept up to date by what it tells since.
 *
 * Who is in whom is kept by handles and never by paths: what is asked is of
 * now, and what is told is of a moment ago, when a path led elsewhere.
 *
 * @module
 */
import { below, type BytePath } from "../../../ffi/byte_path.ts";
import type { FileKey } from "../../../ffi/file_handles.ts";

/** Some 400 bytes each. */
const MAX_KEYS = 131_072;

/** A directory in the tree of those that are known. */
interface Place {
  /** Null for a root, and for a directory that was taken out of the tree. */
  parent: Place | null;
  /** Of a root its path. */
  name: BytePath;
  readonly isRoot: boolean;
  readonly children: Map<BytePath, Place>;
  /** As of so many moves. */
  path: BytePath;
  moves: number;
}

/** Paths of directories, and those that are none of our business. */
export class DirectoryNames {
  readonly #places = new Map<FileKey, Place>();
  readonly #outside = new Set<FileKey>();
  /** Which directory is a root, by the root's path. */
  readonly #roots = new Map<BytePath, FileKey>();
  /** How often a directory has got another path, or none. */
  #moves = 0;

  /** How many directories it knows. */
  get size(): number {
    return this.#places.size + this.#outside.size;
  }

  /**
   * Where a directory is.
   *
   * @returns Null outside of what is watched, undefined when it is not known.
   */
  find(key: FileKey): BytePath | null | undefined {
    const place = this.#places.get(key);
    const path = place === undefined ? null : this.#pathOf(place);
    if (path !== null) return path;
    return this.#outside.has(key) ? null : undefined;
  }

  /** A directory is a root, and no other is it any more. */
  addRoot(key: FileKey, path: BytePath): void {
    const old = this.#roots.get(path);
    if (old !== undefined && old !== key) this.remove(old);
    this.#roots.set(path, key);
    this.#outside.delete(key);
    if (this.#places.get(key)?.name === path) return;
    this.remove(key);
    this.#places.set(key, newPlace(path, true));
  }

  /** A directory is none of our business. */
  addOutside(key: FileKey): void {
    if (this.#outside.size >= MAX_KEYS) this.#outside.clear();
    this.remove(key);
    this.#outside.add(key);
  }

  /** A directory has got a name in another, and keeps what is below it. */
  put(key: FileKey, at: {
    readonly directory: FileKey;
    readonly name: BytePath;
  }): void {
    if (this.#places.size >= MAX_KEYS) this.clear();
    const parent = this.#places.get(at.directory);
    const place = this.#places.get(key) ?? newPlace(at.name, false);
    if (parent === undefined || place.isRoot) return;
    if (parent.children.get(at.name) === place) return;
    // No directory is below itself: what was learned is not so any more.
    if (isBelow(parent, place)) return this.clear();
    this.#leave(place);
    this.take(at.directory, at.name);
    place.parent = parent;
    place.name = at.name;
    parent.children.set(at.name, place);
    this.#outside.delete(key);
    this.#places.set(key, place);
  }

  /** A name leads to no directory now, or to another one. */
  take(directory: FileKey, name: BytePath): void {
    const place = this.#places.get(directory)?.children.get(name);
    if (place !== undefined) this.#leave(place);
  }

  /** A directory is not where it was, and keeps what is below it. */
  detach(key: FileKey): void {
    const place = this.#places.get(key);
    if (place !== undefined) this.#leave(place);
  }

  /** Forgets a directory: that it is a root, and what is below it. */
  remove(key: FileKey): void {
    const place = this.#places.get(key);
    if (place === undefined) return;
    this.#leave(place);
    if (place.isRoot) this.#roots.delete(place.name);
    this.#places.delete(key);
    for (const child of place.children.values()) child.parent = null;
    place.children.clear();
  }

  /** A directory may have come in: with all that was below it outside. */
  forgetOutside(): void {
    this.#outside.clear();
  }

  /** Forgets everything. */
  clear(): void {
    this.#places.clear();
    this.#outside.clear();
    this.#roots.clear();
    this.#moves++;
  }

  #leave(place: Place): void {
    place.parent?.children.delete(place.name);
    place.parent = null;
    this.#moves++;
  }

  /** Null for one that was taken out of the tree, or is below such a one. */
  #pathOf(place: Place): BytePath | null {
    if (place.isRoot) return place.name;
    if (place.parent === null) return null;
    if (place.moves === this.#moves) return place.path;
    const directory = this.#pathOf(place.parent);
    if (directory === null) return null;
    place.path = below(directory, place.name);
    place.moves = this.#moves;
    return place.path;
  }
}

function isBelow(place: Place, other: Place): boolean {
  for (let each: Place | null = place; each !== null; each = each.parent) {
    if (each === other) return true;
  }
  return false;
}

function newPlace(name: BytePath, isRoot: boolean): Place {
  const children = new Map<BytePath, Place>();
  return { parent: null, name, isRoot, children, path: name, moves: -1 };
}
