/**
 * Which watch is of which directory, wherever that has been moved to.
 *
 * @module
 */
import { below, type BytePath } from "../../../ffi/byte_path.ts";

/** More than the longest path that is walked has. */
const MAX_DEPTH = 8_192;

/** A directory that is watched, by one of the ways that lead to it. */
export class Place {
  /** The kernel's number of the watch. */
  readonly watch: number;
  /** Whether all that is below is watched too. */
  isTree: boolean;
  /** Null for one that was asked for by its path. */
  parent: Place | null;
  /** In its parent, or the path that was asked for. */
  name: BytePath;
  /** Those below it by name. */
  children: Map<BytePath, Place> | null = null;
  /** The same directory at another place, by a mount. */
  twin: Place | null = null;
  /** No more to be heard of, and to be removed when there is time. */
  isGone = false;
  /** The walk that saw it last. */
  round = 0;
  /** The move by which it has left its name for another; 0 for none. */
  move = 0;

  /** A place that those above it do not know yet. */
  constructor(watch: number, of: Spot) {
    this.watch = watch;
    this.parent = of.parent;
    this.name = of.name;
    this.isTree = of.isTree;
  }

  /** Where it is now; null when it has been left, or nobody can say yet. */
  get path(): BytePath | null {
    let path = "";
    for (const place of upwards(this)) {
      if (place.isGone) return null;
      if (place.parent !== null) path = `/${place.name}${path}`;
      else if (place.name !== "/") return place.name + path as BytePath;
      else return (path === "" ? "/" : path) as BytePath;
    }
    return null;
  }

  /** Whether it, or what it is in, is no more to be heard of. */
  get isLeft(): boolean {
    for (const place of upwards(this)) if (place.isGone) return true;
    return false;
  }
}

/** Where a directory is: a name in another, or a path that was asked for. */
export interface Spot {
  readonly parent: Place | null;
  readonly name: BytePath;
  readonly isTree: boolean;
}

/** The path of a spot; null as {@linkcode Place.path}. */
export function pathAt({ parent, name }: Spot): BytePath | null {
  if (parent === null) return name;
  const above = parent.path;
  return above === null ? null : below(above, name);
}

/** All places, by their watches. */
export class Places {
  readonly #byWatch = new Map<number, Place>();
  /** Those that were asked for by their paths. */
  readonly #tops = new Map<BytePath, Place>();
  #moves = 0;
  /** Whose watches, and whose children's, are to be ended. */
  readonly #gone: Place[] = [];

  /** How often a place has come to be somewhere else. */
  get moves(): number {
    return this.#moves;
  }

  /** The one that was asked for by this path. */
  top(path: BytePath): Place | null {
    return this.#tops.get(path) ?? null;
  }

  /** The places of a watch. */
  *of(watch: number): Generator<Place> {
    let place = this.#byWatch.get(watch) ?? null;
    for (; place !== null; place = place.twin) yield place;
  }

  /** Every place, those that come meanwhile perhaps too. */
  *all(): Generator<Place> {
    for (const first of this.#byWatch.values()) {
      for (let place: Place | null = first; place; place = place.twin) {
        yield place;
      }
    }
  }

  /** Adds a place of a watch, be it the first one or another. */
  add(watch: number, spot: Spot): Place {
    const place = new Place(watch, spot);
    place.twin = this.#byWatch.get(watch) ?? null;
    this.#byWatch.set(watch, place);
    this.#attach(place);
    return place;
  }

  /** Puts a place where it is now, with all that is below it. */
  put(place: Place, spot: Spot): void {
    this.#moves++;
    this.#detach(place);
    place.parent = spot.parent;
    place.name = spot.name;
    place.isGone = false;
    place.move = 0;
    place.isTree ||= spot.isTree;
    this.#attach(place);
  }

  /** Hears no more of a place and of all below it: at once, ended later. */
  leave(place: Place): void {
    this.#detach(place);
    place.parent = null;
    place.isGone = true;
    this.#gone.push(place);
  }

  /** Whether {@linkcode end} has something to do. */
  get hasGone(): boolean {
    return this.#gone.length > 0;
  }

  /**
   * Ends one place that was left.
   *
   * @returns Its watch, to be ended; null when it is needed still.
   */
  end(): number | null {
    const place = this.#gone.pop();
    // What was left has come back with all that had not ended yet.
    if (place === undefined || !place.isLeft) return null;
    for (const child of place.children?.values() ?? []) this.#gone.push(child);
    this.#detach(place);
    return this.#drop(place) ? place.watch : null;
  }

  /** Forgets the places of a watch that the kernel has ended. */
  forget(watch: number): void {
    for (const place of [...this.of(watch)]) this.#detach(place);
    this.#byWatch.delete(watch);
  }

  #attach(place: Place): void {
    const { parent, name } = place;
    if (parent === null) this.#tops.set(name, place);
    else (parent.children ??= new Map()).set(name, place);
  }

  #detach(place: Place): void {
    const { parent, name } = place;
    const siblings = parent === null ? this.#tops : parent.children;
    // Another may have come to its name.
    if (siblings?.get(name) === place) siblings.delete(name);
  }

  /** Whether it was the last of its watch. */
  #drop(place: Place): boolean {
    const first = this.#byWatch.get(place.watch);
    if (first === place) {
      if (place.twin !== null) this.#byWatch.set(place.watch, place.twin);
      else this.#byWatch.delete(place.watch);
      return place.twin === null;
    }
    for (let each = first ?? null; each !== null; each = each.twin) {
      if (each.twin === place) each.twin = place.twin;
    }
    return false;
  }
}

/**
 * A place, then what it is in, up to the top. Directories that are found before
 * their moves are heard of can be in each other for a while: without a top.
 */
function* upwards(from: Place): Generator<Place> {
  let place: Place | null = from;
  for (let depth = 0; place !== null && depth < MAX_DEPTH; depth++) {
    yield place;
    place = place.parent;
  }
}
