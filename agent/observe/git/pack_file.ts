/**
 * One pack and its index, of which no more is read than is asked for.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import { lookBehind, openPlain } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { applyDelta, decodeDeltaHeader } from "../../decode/git_delta.ts";
import type { ObjectType } from "../../decode/git_object.ts";
import {
  decodePackEntry,
  decodePackHeader,
  PACK_HEADER_BYTES,
  type PackEntry,
} from "../../decode/git_pack.ts";
import {
  inflate,
  INFLATE_START_BYTES,
  inflateStart,
} from "../../decode/inflate.ts";
import { PackIndexFile } from "./pack_index_file.ts";
import { readPart } from "./read_part.ts";

/** An object as git keeps it. */
export interface StoredObject {
  readonly type: ObjectType;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

/** A step on the way from one object to another. */
interface Delta {
  readonly delta: Uint8Array;
  readonly resultBytes: number;
}

/** An entry's header: a size and the id of another object, and some more. */
const ENTRY_BYTES = 64;
/** git makes chains of 50 deltas, formerly of 250 when asked to. */
const MAX_CHAIN = 512;
/** Of all that is inflated and put together for one object: some 20 ms. */
const MAX_CHAIN_BYTES = 1 << 25;

/** A pack that is open. */
export class PackFile implements Disposable {
  readonly #libc: Libc;
  readonly #index: PackIndexFile;
  readonly #sizeBytes: number;
  readonly #objectBytes: number;
  #fd: number;

  private constructor(
    libc: Libc,
    of: {
      readonly index: PackIndexFile;
      readonly fd: number;
      readonly sizeBytes: number;
      readonly objectBytes: number;
    },
  ) {
    this.#libc = libc;
    this.#index = of.index;
    this.#fd = of.fd;
    this.#sizeBytes = of.sizeBytes;
    this.#objectBytes = of.objectBytes;
  }

  /**
   * Opens a pack.
   *
   * @param libc Must outlive this object.
   * @param stem Its path without `.pack` or `.idx`.
   * @returns Null when there is none, or it is not one that can be read.
   * @throws {SystemCallError} When it is there but may not be read.
   */
  static open(
    libc: Libc,
    of: { readonly stem: BytePath; readonly objectBytes: number },
  ): PackFile | null {
    const { stem, objectBytes } = of;
    const path = `${stem}.idx` as BytePath;
    const index = PackIndexFile.open(libc, { path, objectBytes });
    let fd: number | null = null;
    let pack: PackFile | null = null;
    try {
      if (index !== null) fd = openPlain(libc, `${stem}.pack` as BytePath);
      if (index === null || fd === null) return null;
      const sizeBytes = lookBehind(libc, fd).bytes;
      const bytes = PACK_HEADER_BYTES;
      const objects = decodePackHeader(readPart(libc, fd, { at: 0, bytes }));
      if (!objects.ok || objects.value !== index.objects) return null;
      pack = new PackFile(libc, { index, fd, sizeBytes, objectBytes });
      return pack;
    } finally {
      if (pack === null) {
        index?.[Symbol.dispose]();
        if (fd !== null) libc.symbols.close(fd);
      }
    }
  }

  /**
   * The size of an object: as the pack says, which can lie.
   *
   * @returns Null when it is not in there.
   */
  sizeOf(id: Uint8Array): number | null {
    const offset = this.#index.find(id);
    const entry = offset === null ? null : this.#entry(offset);
    if (offset === null || entry === null) return null;
    if (entry.type !== "delta") return entry.sizeBytes;
    const at = offset + entry.headerBytes;
    const start = inflateStart(this.#read(at, INFLATE_START_BYTES));
    const delta = start.ok ? decodeDeltaHeader(start.value) : start;
    return delta.ok ? delta.value.resultBytes : null;
  }

  /**
   * Reads an object, and those that it was made out of.
   *
   * @param maxBytes A larger one is not read.
   * @returns Null when it is not in there or cannot be read.
   */
  readObject(id: Uint8Array, maxBytes: number): StoredObject | null {
    const deltas: Delta[] = [];
    let left = MAX_CHAIN_BYTES;
    let limit = maxBytes;
    let offset = this.#index.find(id);
    while (offset !== null && deltas.length <= MAX_CHAIN) {
      const entry = this.#entry(offset);
      if (entry === null) return null;
      const { type, base } = entry;
      const bytes = this.#inflate(offset, {
        entry,
        limit: type === "delta" ? left : limit,
      });
      if (bytes === null) return null;
      if (type !== "delta") return applyAll({ type, bytes }, deltas);
      const header = decodeDeltaHeader(bytes);
      const resultBytes = header.ok ? header.value.resultBytes : Infinity;
      if (resultBytes > limit) return null;
      left -= bytes.length + resultBytes;
      // What it is made out of can be larger than what is asked for.
      limit = left;
      deltas.push({ delta: bytes, resultBytes });
      offset = this.#baseOf(offset, base);
    }
    return null;
  }

  /** Closes it; a second call does nothing. */
  [Symbol.dispose](): void {
    this.#index[Symbol.dispose]();
    if (this.#fd < 0) return;
    this.#libc.symbols.close(this.#fd);
    this.#fd = -1;
  }

  #entry(offset: number): PackEntry | null {
    const header = this.#read(offset, ENTRY_BYTES);
    const entry = decodePackEntry(header, this.#objectBytes);
    return entry.ok ? entry.value : null;
  }

  #baseOf(offset: number, base: number | string | null): number | null {
    if (typeof base === "string") {
      return this.#index.find(Uint8Array.fromHex(base));
    }
    const start = base === null ? 0 : offset - base;
    return start >= PACK_HEADER_BYTES ? start : null;
  }

  #inflate(
    offset: number,
    { entry, limit }: { readonly entry: PackEntry; readonly limit: number },
  ): Uint8Array<ArrayBuffer> | null {
    const { sizeBytes, headerBytes } = entry;
    if (sizeBytes > limit) return null;
    const deflated = this.#read(offset + headerBytes, deflateBound(sizeBytes));
    const inflated = inflate(deflated, sizeBytes);
    return inflated.ok && inflated.value.length === sizeBytes
      ? inflated.value
      : null;
  }

  #read(at: number, bytes: number): Uint8Array {
    const rest = Math.max(0, this.#sizeBytes - at);
    const part = { at, bytes: Math.min(bytes, rest) };
    return readPart(this.#libc, this.#fd, part);
  }
}

/** The longest that zlib makes of so many bytes, its deflateBound(). */
function deflateBound(bytes: number): number {
  return bytes + (bytes >>> 3) + (bytes >>> 6) + 64;
}

/** Makes the object that the first of the deltas stands for. */
function applyAll(
  object: StoredObject,
  deltas: readonly Delta[],
): StoredObject | null {
  const [last, ...others] = deltas;
  if (last === undefined) return object;
  // Two rooms for all that comes between: new memory for each takes longer
  // than what is done in it.
  const roomBytes = Math.max(0, ...others.map((each) => each.resultBytes));
  const rooms = [new Uint8Array(roomBytes), new Uint8Array(roomBytes)] as const;
  let { bytes } = object;
  for (const [index, { delta }] of others.entries().toArray().reverse()) {
    const result = applyDelta(bytes, { delta, room: rooms[index % 2]! });
    if (!result.ok) return null;
    bytes = result.value;
  }
  const room = new Uint8Array(last.resultBytes);
  const result = applyDelta(bytes, { delta: last.delta, room });
  return result.ok ? { type: object.type, bytes: result.value } : null;
}
