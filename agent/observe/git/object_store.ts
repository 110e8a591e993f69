/**
 * The objects of a repository, loose and packed, for whoever knows their id.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { readLoose, sizeOfLoose } from "./loose_objects.ts";
import { blobId } from "./object_id.ts";
import type { PackFile, StoredObject } from "./pack_file.ts";
import { PackList } from "./pack_list.ts";
import type { Repository } from "./tracked.ts";

/**
 * Reads git's objects without git.
 *
 * Nothing in them is believed: what is read is hashed, and what has another id
 * is not returned.
 */
export class ObjectStore implements Disposable {
  readonly #libc: Libc;
  readonly #objectBytes: 20 | 32;
  readonly #directories: readonly {
    readonly directory: BytePath;
    readonly packs: PackList;
  }[];

  /**
   * Lists the packs that there are; none is opened before it is needed.
   *
   * @param libc Must outlive this object.
   */
  constructor(
    libc: Libc,
    of: Pick<Repository, "objectBytes" | "objectDirectories">,
  ) {
    const { objectBytes, objectDirectories } = of;
    this.#libc = libc;
    this.#objectBytes = objectBytes;
    this.#directories = objectDirectories.map((directory) => ({
      directory,
      packs: new PackList(libc, { directory, objectBytes }),
    }));
    // Those of now come before what a build puts beside them.
    for (const { packs } of this.#directories) {
      ifReadable(() => packs.refresh());
    }
  }

  /**
   * The content of a file.
   *
   * @param oid Lower case hex.
   * @param maxBytes A larger one is not read.
   * @returns Null when it is not there, as in a partial clone, is larger or no
   * file's, cannot be read, or does not have that id.
   */
  readBlob(oid: string, maxBytes: number): Uint8Array<ArrayBuffer> | null {
    const check = (found: StoredObject | null) =>
      found?.type === "blob" && blobId(found.bytes, this.#objectBytes) === oid
        ? found.bytes
        : null;
    return this.#find(oid, {
      loose: (directory) =>
        check(readLoose(this.#libc, { directory, oid, maxBytes })),
      packed: (id) => (pack) => check(pack.readObject(id, maxBytes)),
    });
  }

  /**
   * The size of an object's content, as git wrote it down: it is not verified.
   *
   * @param oid Lower case hex.
   * @returns Bytes; null when it is not there.
   */
  sizeOf(oid: string): number | null {
    return this.#find(oid, {
      loose: (directory) => sizeOfLoose(this.#libc, { directory, oid }),
      packed: (id) => (pack) => pack.sizeOf(id),
    });
  }

  /** Closes what is open; it can be used all the same. */
  [Symbol.dispose](): void {
    for (const { packs } of this.#directories) packs[Symbol.dispose]();
  }

  #find<T>(oid: string, how: Search<T>): T | null {
    if (!/^[0-9a-f]+$/.test(oid) || oid.length !== 2 * this.#objectBytes) {
      return null;
    }
    const packed = how.packed(Uint8Array.fromHex(oid));
    const places = this.#directories.flatMap(({ directory, packs }) => [
      () => packs.ask(packed),
      () => how.loose(directory),
    ]);
    // As git does: only what is nowhere can be in a pack that came since.
    const renewed = this.#directories.map(({ packs }) => () =>
      packs.refresh() ? packs.ask(packed) : null
    );
    for (const place of [...places, ...renewed]) {
      const found = ifReadable(place);
      if (found !== null) return found;
    }
    return null;
  }
}

/** The two places of a directory in which an object can be. */
interface Search<T> {
  readonly loose: (directory: BytePath) => T | null;
  readonly packed: (id: Uint8Array) => (pack: PackFile) => T | null;
}

function ifReadable<T>(read: () => T | null): T | null {
  try {
    return read();
  } catch (error) {
    if (error instanceof SystemCallError) return null;
    throw error;
  }
}
