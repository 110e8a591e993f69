/**
 * The index of a pack as a file: it is searched where it is.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { lookBehind, openPlain } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import {
  decodeLongOffset,
  decodeOffset,
  decodePackIndex,
  PACK_INDEX_HEADER_BYTES,
  type PackIndex,
} from "../../decode/git_pack_index.ts";
import { readPart } from "./read_part.ts";

/** So many ids are read at once; more of them are halved first. */
const MAX_IDS_READ = 1024;

/** An index that is open. */
export class PackIndexFile implements Disposable {
  readonly #libc: Libc;
  readonly #objectBytes: number;
  readonly #index: PackIndex;
  #fd: number;

  private constructor(
    libc: Libc,
    of: {
      readonly fd: number;
      readonly index: PackIndex;
      readonly objectBytes: number;
    },
  ) {
    this.#libc = libc;
    this.#fd = of.fd;
    this.#index = of.index;
    this.#objectBytes = of.objectBytes;
  }

  /**
   * Opens an index.
   *
   * @param libc Must outlive this object.
   * @returns Null when there is none, or none that can be read.
   * @throws {SystemCallError} When it is there but may not be read.
   */
  static open(
    libc: Libc,
    of: { readonly path: BytePath; readonly objectBytes: number },
  ): PackIndexFile | null {
    const { path, objectBytes } = of;
    const fd = openPlain(libc, path);
    if (fd === null) return null;
    let isKept = false;
    try {
      const fileBytes = lookBehind(libc, fd).bytes;
      const bytes = PACK_INDEX_HEADER_BYTES;
      const header = readPart(libc, fd, { at: 0, bytes });
      const index = decodePackIndex(header, { fileBytes, objectBytes });
      if (!index.ok) return null;
      isKept = true;
      return new PackIndexFile(libc, { fd, index: index.value, objectBytes });
    } finally {
      if (!isKept) libc.symbols.close(fd);
    }
  }

  /** How many objects the pack has. */
  get objects(): number {
    return this.#index.objects;
  }

  /**
   * Where in the pack an object is.
   *
   * @param id Of the repository's length.
   * @returns Null when it is not in there.
   */
  find(id: Uint8Array): number | null {
    const { counts } = this.#index;
    const first = id[0]!;
    let from = first === 0 ? 0 : counts[first - 1]!;
    let to = counts[first]!;
    while (to - from > MAX_IDS_READ) {
      const middle = (from + to) >>> 1;
      if (compare(this.#ids(middle, 1), id) > 0) to = middle;
      else from = middle;
    }
    const ids = this.#ids(from, to - from);
    for (let at = 0; at < ids.length; at += this.#objectBytes) {
      const order = compare(ids.subarray(at, at + this.#objectBytes), id);
      if (order === 0) return this.#offset(from + at / this.#objectBytes);
      if (order > 0) return null;
    }
    return null;
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }

  #ids(from: number, count: number): Uint8Array {
    const at = this.#index.idsAt + from * this.#objectBytes;
    return this.#read(at, count * this.#objectBytes);
  }

  #offset(position: number): number | null {
    const { offsetsAt, longOffsetsAt, longOffsets } = this.#index;
    const found = decodeOffset(this.#read(offsetsAt + 4 * position, 4));
    if (!found.ok) return null;
    if ("offset" in found.value) return found.value.offset;
    const { longIndex } = found.value;
    if (longIndex >= longOffsets) return null;
    const long = decodeLongOffset(this.#read(longOffsetsAt + 8 * longIndex, 8));
    return long.ok ? long.value : null;
  }

  #read(at: number, bytes: number): Uint8Array {
    return readPart(this.#libc, this.#fd, { at, bytes });
  }
}

/** Negative when the one comes first; of less than an id, some number. */
function compare(one: Uint8Array, other: Uint8Array): number {
  for (let at = 0; at < other.length; at++) {
    const difference = (one[at] ?? 0) - other[at]!;
    if (difference !== 0) return difference;
  }
  return 0;
}
