/**
 * The trees that are watched, and what is above them.
 *
 * @module
 */
import { below, type BytePath } from "../../../ffi/byte_path.ts";
import type { FileKey } from "../../../ffi/file_handles.ts";

interface Root {
  /** By which changes are told. */
  readonly path: BytePath;
  /** Where the kernel says that it is: without links. */
  readonly real: BytePath;
}

/** A directory on the way to roots. */
interface Above {
  /** What leads to a root, and to which. */
  readonly roots: Map<BytePath, Set<BytePath>>;
}

/** Says which paths are below a root. */
export class WatchedRoots {
  readonly #roots = new Map<BytePath, Root>();
  readonly #above = new Map<FileKey, Above>();

  /** By which the roots are told. */
  get paths(): readonly BytePath[] {
    return [...this.#roots.keys()];
  }

  /** Adds a root. */
  add(path: BytePath, real: BytePath): void {
    this.#roots.set(path, { path, real });
  }

  /** A directory above a root, and the name in it that leads there. */
  addAbove(
    key: FileKey,
    { name, root }: { readonly name: BytePath; readonly root: BytePath },
  ): void {
    const above = this.#above.get(key) ?? { roots: new Map() };
    this.#above.set(key, above);
    const roots = above.roots.get(name) ?? new Set();
    above.roots.set(name, roots.add(root));
  }

  /** Which roots a name in a directory leads to. */
  behind(key: FileKey, name: BytePath): ReadonlySet<BytePath> | undefined {
    return this.#above.get(key)?.roots.get(name);
  }

  /** Whether it is a directory above a root. */
  isAbove(key: FileKey): boolean {
    return this.#above.has(key);
  }

  /**
   * Which root a directory is below.
   *
   * @param real Where the kernel says that it is.
   * @returns The root, and the names that lead from it to the directory; null
   * for one that is below no root.
   */
  rootOf(
    real: BytePath,
  ): { readonly root: BytePath; readonly names: readonly BytePath[] } | null {
    for (const root of this.#roots.values()) {
      const rest = moved(real, { from: root.real, to: "/" as BytePath });
      if (rest === null) continue;
      const names = rest.split("/").filter((name) => name !== "");
      return { root: root.path, names: names as BytePath[] };
    }
    return null;
  }

  /** Where the kernel would say that a directory is; null below no root. */
  realOf(told: BytePath): BytePath | null {
    for (const root of this.#roots.values()) {
      const real = moved(told, { from: root.path, to: root.real });
      if (real !== null) return real;
    }
    return null;
  }
}

/** The same path below another directory; null when it is not below the first. */
function moved(
  path: BytePath,
  { from, to }: { readonly from: BytePath; readonly to: BytePath },
): BytePath | null {
  if (path === from) return to;
  const prefix = from === "/" ? "/" : `${from}/`;
  if (!path.startsWith(prefix)) return null;
  return below(to, path.slice(prefix.length) as BytePath);
}

/** The directories above a path with the name in each that leads on. */
export function* directoriesAbove(
  path: BytePath,
): Generator<{ readonly directory: BytePath; readonly name: BytePath }> {
  for (let end = path.length; end > 1;) {
    const start = path.lastIndexOf("/", end - 1);
    if (start < 0) return;
    const name = path.slice(start + 1, end) as BytePath;
    yield { directory: path.slice(0, Math.max(start, 1)) as BytePath, name };
    end = start;
  }
}
