/**
 * What is mounted, as whoever opens a path comes by it.
 *
 * @module
 */
import { decodeMounts, type MountLine } from "../../decode/mountinfo.ts";
import { readText } from "../../../ffi/files.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { mountIdOf } from "../../../ffi/mount_flags.ts";

const TABLE_PATH = "/proc/thread-self/mountinfo";

/** The mounts of the calling thread's namespace at one moment. */
export class MountsNow {
  readonly #libc: Libc;
  readonly #byId: ReadonlyMap<string, MountLine>;

  /** @param libc Must outlive this object. */
  constructor(libc: Libc) {
    this.#libc = libc;
    const lines = decodeMounts(readText(libc, TABLE_PATH));
    this.#byId = new Map(lines.map((mount) => [mount.id, mount]));
  }

  /** Those that no other covers: the rest cannot be reached by any path. */
  visible(): MountLine[] {
    return [...this.#byId.values()].filter(({ id, mountPoint }) =>
      mountIdOf(this.#libc, mountPoint) === id
    );
  }

  /** The mount that a path leads into; null when it leads nowhere. */
  of(path: string): MountLine | null {
    const id = mountIdOf(this.#libc, path);
    return id === null ? null : this.#byId.get(id) ?? null;
  }

  /** The mount that begins at this very path. */
  at(path: string): MountLine | null {
    const mount = this.of(path);
    return mount?.mountPoint === path ? mount : null;
  }

  /** How many mounts lie on each other at a path. */
  depth(path: string): number {
    return [...this.#byId.values()].filter(({ mountPoint }) =>
      mountPoint === path
    ).length;
  }
}

/** Where in its file system a path is: what a mount of it shows as its root. */
export function rootBehind(mount: MountLine, path: string): string {
  const below = mount.mountPoint === "/"
    ? path
    : path.slice(mount.mountPoint.length);
  return mount.root === "/" ? below || "/" : mount.root + below;
}
