/**
 * An index file as it is on the disk, whole and undamaged.
 *
 * @module
 */
import { createHash } from "node:crypto";
import type { BytePath } from "../../../ffi/byte_path.ts";
import { SystemCallError } from "../../../ffi/errors.ts";
import { lookAt } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { PlainFile } from "../../../ffi/plain_file.ts";
import type { Decoded } from "../../decode/bytes.ts";

/** Some millions of files. */
const MAX_BYTES = 1 << 29;
/** Read and hashed between two yields: about a millisecond of work. */
const PIECE_BYTES = 1 << 20;

/** What is in the file, and since when. */
export interface IndexBytes {
  readonly bytes: Uint8Array;
  /** Lower case hex, as it stands at the end of the file. */
  readonly checksum: string;
  readonly writtenSeconds: number;
  readonly writtenNanoseconds: number;
}

/**
 * Reads an index file and checks its checksum, where it has one.
 *
 * @param of Where it is, and how long an object id is in its repository.
 * @returns Null when there is none; why, where it is damaged.
 */
export function* readIndexBytes(
  libc: Libc,
  of: { readonly path: BytePath; readonly objectBytes: 20 | 32 },
): Generator<void, Decoded<IndexBytes> | null> {
  const { path, objectBytes } = of;
  if (!isThere(libc, path)) return null;
  using file = PlainFile.open(libc, path);
  if (file === null) return refuse("cannot be opened, or is no plain file");
  const { look } = file;
  const hashedBytes = look.bytes - objectBytes;
  if (hashedBytes < 0 || look.bytes > MAX_BYTES) {
    return refuse(`is ${look.bytes} bytes`);
  }
  const bytes = new Uint8Array(look.bytes);
  const hash = createHash(objectBytes === 20 ? "sha1" : "sha256");
  try {
    for (let filled = 0; filled < bytes.length;) {
      const count = file.read(bytes.subarray(filled, filled + PIECE_BYTES));
      if (count === 0) return refuse("became shorter");
      const hashed = Math.min(filled + count, hashedBytes);
      if (filled < hashed) hash.update(bytes.subarray(filled, hashed));
      filled += count;
      yield;
    }
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    return refuse(`cannot be read: ${error.message}`);
  }
  const checksum = bytes.subarray(hashedBytes).toHex();
  // All zero by `index.skipHash`, which saves git the time.
  if (/[^0]/.test(checksum) && hash.digest("hex") !== checksum) {
    return refuse("is damaged");
  }
  return {
    ok: true,
    value: {
      ...{ bytes, checksum },
      writtenSeconds: look.mtimeSeconds,
      writtenNanoseconds: look.mtimeNanoseconds,
    },
  };
}

/** One that nobody can look at is there: it must not pass for none. */
function isThere(libc: Libc, path: BytePath): boolean {
  try {
    return lookAt(libc, path) !== null;
  } catch (error) {
    if (error instanceof SystemCallError) return true;
    throw error;
  }
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git index ${why}` };
}
