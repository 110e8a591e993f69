/**
 * What containers may see of the machine, held where nobody can put something
 * else in its place between our look and the runtime's.
 *
 * @module
 */
import type { BindWish } from "../decide/containers/judged_body.ts";
import {
  bindAgainst,
  pathsAbove,
  whyNotThere,
} from "../decide/containers/bind_source.ts";
import type { PlacedMounts } from "../enforce/containers/placed_mounts.ts";
import { mountLimits, openPlace } from "../../ffi/bind_mounts.ts";
import { stampOf } from "../../ffi/directories.ts";
import { ERRNO, SystemCallError } from "../../ffi/errors.ts";
import { ownerOf } from "../../ffi/file_owner.ts";
import { readLink, writeFile } from "../../ffi/files.ts";
import { makeAsOwner } from "../../ffi/lent_directories.ts";
import type { Libc } from "../../ffi/libc.ts";
import { cString } from "../../ffi/text.ts";

/** Each is a mount for as long as the guard is there. */
const MAX_PLACES = 1_024;

/** Where the runtime is to look instead, or why nowhere. */
export type Held =
  | { readonly ok: true; readonly value: string }
  | { readonly ok: false; readonly why: string };

/** What is known beforehand. */
export interface BindPlacesOptions {
  /** Directories whose files containers may see. */
  readonly workspaces: readonly string[];
  /** Our own sockets by the real paths of those that they stand for. */
  readonly sockets: ReadonlyMap<string, string>;
}

/** Holds places. */
export class BindPlaces {
  readonly #libc: Libc;
  readonly #mounts: PlacedMounts;
  readonly #options: BindPlacesOptions;
  /** By device and inode. */
  readonly #held = new Map<string, string>();

  /** Both are lent. */
  constructor(
    libc: Libc,
    options: BindPlacesOptions & { readonly mounts: PlacedMounts },
  ) {
    this.#libc = libc;
    this.#mounts = options.mounts;
    this.#options = options;
  }

  /** Whether a path is one that the filter gave to the runtime. */
  isOurs(path: string): boolean {
    return [...this.#held.values(), ...this.#options.sockets.values()]
      .includes(path);
  }

  /** Holds what a path leads to now. */
  hold(wish: BindWish): Held {
    if (this.isOurs(wish.source)) return { ok: true, value: wish.source };
    let fd: number | null;
    try {
      fd = openPlace(this.#libc, wish.source);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      const canMake = wish.isMade && error.errno === ERRNO.ENOENT;
      fd = canMake ? this.#make(wish.source) : null;
    }
    if (fd === null) {
      const why = whyNotThere(wish.source, this.#options.workspaces);
      return refuse(`${wish.source}: ${why}`);
    }
    try {
      return this.#holdOpen(fd, wish);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
      return refuse(`${wish.source} cannot be held: ${error.message}`);
    } finally {
      this.#libc.symbols.close(fd);
    }
  }

  /**
   * Makes what is not there, as the runtime would: below a directory that
   * containers may see, and by no right that its owner has not.
   *
   * @returns Null when it cannot be made.
   */
  #make(path: string): number | null {
    const libc = this.#libc;
    for (const { above, missing } of pathsAbove(path)) {
      let fd: number;
      try {
        fd = openPlace(libc, above);
      } catch (error) {
        if (!(error instanceof SystemCallError)) throw error;
        if (error.errno === ERRNO.ENOENT) continue;
        return null;
      }
      for (const name of missing) {
        const below = this.#makeBelow(fd, name);
        libc.symbols.close(fd);
        if (below === null) return null;
        fd = below;
      }
      return fd;
    }
    return null;
  }

  #makeBelow(fd: number, name: string): number | null {
    const libc = this.#libc;
    try {
      if (this.#against(fd, false) !== null) return null;
      return makeAsOwner(libc, { above: fd, name });
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    }
  }

  #against(fd: number, isReadOnly: boolean): string | null {
    const libc = this.#libc;
    return bindAgainst({
      path: readLink(libc, `/proc/self/fd/${fd}`) ?? "",
      ...{ isReadOnly, ...mountLimits(libc, fd) },
      isSocket: ownerOf(libc, fd).kind === "socket",
      workspaces: this.#options.workspaces,
    });
  }

  #holdOpen(fd: number, { source, isReadOnly }: BindWish): Held {
    const libc = this.#libc;
    const link = `/proc/self/fd/${fd}`;
    const path = readLink(libc, link) ?? "";
    const socket = this.#options.sockets.get(path);
    if (socket !== undefined) return { ok: true, value: socket };
    const { kind } = ownerOf(libc, fd);
    const against = this.#against(fd, isReadOnly);
    if (against !== null) return refuse(`${source}: ${against}`);
    const key = stampOf(libc, fd)!.id;
    const known = this.#held.get(key);
    if (known !== undefined) return { ok: true, value: known };
    if (this.#held.size >= MAX_PLACES) return refuse("it has too many mounts");
    const target = this.#mounts.bindPath(this.#held.size);
    if (kind === "directory") {
      libc.check("mkdir", libc.symbols.mkdir(cString(target), 0o700));
    } else {
      writeFile(libc, target, "");
    }
    this.#mounts.bind(link, target);
    this.#held.set(key, target);
    return { ok: true, value: target };
  }
}

function refuse(why: string): Held {
  return { ok: false, why };
}
