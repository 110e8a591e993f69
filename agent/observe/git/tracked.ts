/**
 * What git knows of a work tree: one contract for whoever asks.
 *
 * @module
 */
import type { BytePath } from "../../../ffi/byte_path.ts";
import type { Conversion } from "../../decode/git_conversion.ts";

/** A work tree and where git keeps what it knows of it. */
export interface Repository {
  /** The top of the work tree, absolute. */
  readonly root: BytePath;
  /** This work tree's own: `.git`, or where a file of that name leads. */
  readonly gitDirectory: BytePath;
  /** Where objects and configuration are, for all of its work trees. */
  readonly commonDirectory: BytePath;
  readonly indexPath: BytePath;
  /** `objects` and its alternates, in the order in which git looks. */
  readonly objectDirectories: readonly BytePath[];
  /** Bytes of an object id: 20 for SHA-1, 32 for SHA-256. */
  readonly objectBytes: 20 | 32;
}

/** One tracked file, link or submodule. */
export interface TrackedFile {
  /** Below the root. */
  readonly path: BytePath;
  /** st_mode as git knows it: 0o100644, 0o100755, 0o120000 or 0o160000. */
  readonly mode: number;
  /** Lower case hex. */
  readonly oid: string;
  /** What lstat(2) said when git had this content in its hands; see index-format. */
  readonly stat: RecordedStat;
  /**
   * Whether the file may hold other bytes than the object, by an attribute or a
   * setting: line ends, an encoding, a filter such as LFS.
   */
  readonly isConverted: boolean;
  /** How it is converted; null when it is not. See `git_stored.ts`. */
  readonly conversion: Conversion | null;
  /** Whether git was told not to have it in the work tree (sparse checkout). */
  readonly isSkipped: boolean;
}

/** The parts of lstat(2) that the index keeps, each cut to 32 bits. */
export interface RecordedStat {
  readonly ctimeSeconds: number;
  readonly ctimeNanoseconds: number;
  readonly mtimeSeconds: number;
  readonly mtimeNanoseconds: number;
  readonly inode: number;
  readonly bytes: number;
}

/** What a repository tracks at a moment. */
export interface Tracking {
  readonly files: readonly TrackedFile[];
  /** When the index was written: a file as young as it may have changed since. */
  readonly writtenSeconds: number;
  readonly writtenNanoseconds: number;
}
