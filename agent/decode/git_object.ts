/**
 * What stands before the content of an object of git's.
 *
 * @see {@link https://git-scm.com/docs/gitformat-loose | gitformat-loose}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** The kinds of objects. */
export type ObjectType = "commit" | "tree" | "blob" | "tag";

/** The header of a loose object. */
export interface ObjectHeader {
  readonly type: ObjectType;
  /** Of the content, which starts after the header. */
  readonly sizeBytes: number;
  readonly headerBytes: number;
}

/** "commit", a blank, a size of 16 digits, a NUL. */
const MAX_HEADER_BYTES = 24;
const HEADER = /^(commit|tree|blob|tag) (0|[1-9][0-9]{0,15})\0/;

/**
 * Decodes the header of a loose object.
 *
 * @param inflated The object, or its beginning.
 */
export function decodeObjectHeader(
  inflated: Uint8Array,
): Decoded<ObjectHeader> {
  const start = inflated.subarray(0, MAX_HEADER_BYTES);
  const found = HEADER.exec(String.fromCharCode(...start));
  if (found === null) return refuse("header is no type, size and NUL");
  const sizeBytes = Number(found[2]);
  if (!Number.isSafeInteger(sizeBytes)) return refuse("size is out of range");
  const headerBytes = found[0].length;
  const type = found[1] as ObjectType;
  return { ok: true, value: { type, sizeBytes, headerBytes } };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git object ${why}` };
}
