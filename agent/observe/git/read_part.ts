/**
 * A part of an open file.
 *
 * @module
 */
import { readAt } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";

/**
 * Reads so many bytes from a place on.
 *
 * @param part Bytes are reserved for all of it: bound it by the file's size.
 * @returns Fewer at the end of the file.
 * @throws {SystemCallError} With the errno of pread(2).
 */
export function readPart(
  libc: Libc,
  fd: number,
  part: { readonly at: number; readonly bytes: number },
): Uint8Array<ArrayBuffer> {
  const into = new Uint8Array(part.bytes);
  let filled = 0;
  while (filled < into.length) {
    const rest = into.subarray(filled);
    const count = readAt(libc, fd, { at: part.at + filled, into: rest });
    if (count === 0) break;
    filled += count;
  }
  return into.subarray(0, filled);
}
