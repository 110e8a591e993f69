/**
 * Git's small files and the paths in them.
 *
 * @module
 */
import { below, type BytePath, bytePath } from "../../../ffi/byte_path.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { tryReadPlain } from "../../../ffi/plain_file.ts";

/** Of one small file. */
const MAX_BYTES = 1 << 20;

/**
 * Reads a file with a character for each byte, as the decoders take it.
 *
 * @returns Null when it is not there, cannot be read or is large.
 */
export function readBytesText(libc: Libc, path: BytePath): string | null {
  const bytes = tryReadPlain(libc, { path, limitBytes: MAX_BYTES });
  return bytes === null ? null : bytePath(bytes);
}

/** A path as git wrote it, which may be relative. */
export function resolve(from: BytePath, path: string): BytePath {
  return path.startsWith("/") ? path as BytePath : child(from, path);
}

/** What is at a path below a directory. */
export function child(directory: BytePath, path: string): BytePath {
  return below(directory, path as BytePath);
}
