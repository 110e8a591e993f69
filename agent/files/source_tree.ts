/**
 * A tree of sources: a repository's work tree, or a directory without git.
 *
 * @module
 */
import type { Repository } from "../observe/git/tracked.ts";
import type { BytePath } from "../../ffi/byte_path.ts";

/** Finds contents by their object id. */
export interface BlobStore {
  /** Null when it has none, or one that is larger. */
  readBlob(oid: string, maxBytes: number): Uint8Array | null;
}

/** What all sources of a tree have in common. */
export interface SourceTree {
  /** Absolute. */
  readonly root: BytePath;
  /** Null where there is no git. */
  readonly repository: Repository | null;
  /** Bytes of the object ids. */
  readonly objectBytes: 20 | 32;
  /** Where the contents are that git has; null where there is no git. */
  readonly blobs: BlobStore | null;
}
