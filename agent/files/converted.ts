/**
 * Whether a file that git converts is the one that its index names.
 *
 * @module
 */
import { decodeLfsPointer } from "../decode/lfs_pointer.ts";
import { hashContent } from "../observe/files/content_hash.ts";
import { isStoredAs } from "../observe/git/stored_as.ts";
import type { TrackedFile } from "../observe/git/tracked.ts";
import type { BytePath } from "../../ffi/byte_path.ts";
import type { Libc } from "../../ffi/libc.ts";
import type { SourceTree } from "./source_tree.ts";

/** A pointer of LFS is shorter than this. */
const MAX_POINTER_BYTES = 1024;
/** What is longer would take a turn of its own to convert back. */
const MAX_TEXT_BYTES = 1 << 22;
/** The filter whose program is known. */
const LFS = "lfs";

/** What can be said of it: `unknown` where only a program could tell. */
export type Conformity = "same" | "other" | "unknown";

/**
 * Holds a converted file to its object, in turns of some milliseconds.
 *
 * @param of The content that was read, which may be another one by now.
 */
export function* conformityOf(
  libc: Libc,
  of: {
    readonly tree: SourceTree;
    readonly path: BytePath;
    readonly file: TrackedFile;
    readonly oid: string;
  },
): Generator<void, Conformity> {
  const { tree, path, file, oid } = of;
  const { conversion } = file;
  if (oid === file.oid) return "same";
  if (conversion === null) return "other";
  const hashed = yield* hashContent(libc, {
    ...{ path, objectBytes: tree.objectBytes, withSha256: true },
    keepBytes: MAX_TEXT_BYTES,
  });
  if (!hashed.ok || hashed.value.oid !== oid) return "other";
  const { bytes, sha256, look } = hashed.value;
  if (conversion.filter === null) {
    if (bytes === null) return "unknown";
    const isStored = isStoredAs(bytes, file);
    return isStored === null ? "unknown" : isStored ? "same" : "other";
  }
  const blob = tree.blobs?.readBlob(file.oid, MAX_POINTER_BYTES) ?? null;
  const pointer = blob === null ? null : decodeLfsPointer(blob);
  if (pointer?.ok) {
    const { value } = pointer;
    const isMeant = value.sha256 === sha256 && value.bytes === look.bytes;
    return isMeant ? "same" : "other";
  }
  // LFS leaves alone what is no pointer; and a filter that is not part of what
  // git tracks can have been put there by anybody.
  const isPassed = blob !== null && conversion.filter === LFS;
  return isPassed || conversion.isLocal ? "other" : "unknown";
}
