/**
 * Objects that git keeps in a file each.
 *
 * @module
 */
import { below, type BytePath } from "../../../ffi/byte_path.ts";
import { lookBehind, openPlain } from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";
import { decodeObjectHeader } from "../../decode/git_object.ts";
import {
  inflate,
  INFLATE_START_BYTES,
  inflateStart,
} from "../../decode/inflate.ts";
import type { StoredObject } from "./pack_file.ts";
import { readPart } from "./read_part.ts";

/** More than the longest header. */
const HEADER_BYTES = 64;

/** An object in a directory of objects. */
export interface Kept {
  readonly directory: BytePath;
  /** Lower case hex. */
  readonly oid: string;
}

/**
 * Reads a loose object.
 *
 * @param maxBytes A larger one is not read.
 * @returns Null when it is not there, or is no object.
 * @throws {SystemCallError} When it is there but may not be read.
 */
export function readLoose(
  libc: Libc,
  { directory, oid, maxBytes }: Kept & { readonly maxBytes: number },
): StoredObject | null {
  return withLoose(libc, { directory, oid }, (fd) => {
    const fileBytes = lookBehind(libc, fd).bytes;
    const limit = maxBytes + HEADER_BYTES;
    // Deflating makes nothing so much longer; its size may still be a lie.
    if (fileBytes > limit + (limit >>> 2)) return null;
    const deflated = readPart(libc, fd, { at: 0, bytes: fileBytes });
    const inflated = inflate(deflated, limit);
    if (!inflated.ok) return null;
    const header = decodeObjectHeader(inflated.value);
    if (!header.ok) return null;
    const { type, sizeBytes, headerBytes } = header.value;
    const bytes = inflated.value.subarray(headerBytes);
    if (bytes.length !== sizeBytes || sizeBytes > maxBytes) return null;
    return { type, bytes };
  });
}

/**
 * The size of a loose object: as it says itself, which can lie.
 *
 * @returns Null when it is not there, or is no object.
 * @throws {SystemCallError} When it is there but may not be read.
 */
export function sizeOfLoose(libc: Libc, kept: Kept): number | null {
  return withLoose(libc, kept, (fd) => {
    const start = readPart(libc, fd, { at: 0, bytes: INFLATE_START_BYTES });
    const inflated = inflateStart(start);
    const header = inflated.ok ? decodeObjectHeader(inflated.value) : inflated;
    return header.ok ? header.value.sizeBytes : null;
  });
}

function withLoose<T>(
  libc: Libc,
  { directory, oid }: Kept,
  read: (fd: number) => T | null,
): T | null {
  const name = `${oid.slice(0, 2)}/${oid.slice(2)}` as BytePath;
  const fd = openPlain(libc, below(directory, name));
  if (fd === null) return null;
  try {
    return read(fd);
  } finally {
    libc.symbols.close(fd);
  }
}
