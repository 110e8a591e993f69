/**
 * What git stores in the place of a file that Git LFS keeps elsewhere.
 *
 * @see {@link https://github.com/git-lfs/git-lfs/blob/main/docs/spec.md | Git LFS specification}
 * @module
 */
import type { Decoded } from "./bytes.ts";

/** The file that a pointer stands for. */
export interface LfsPointer {
  /** Of its content, lower case hex. */
  readonly sha256: string;
  readonly bytes: number;
}

/** "Pointer files must be less than 1024 bytes in size". */
const MAX_BYTES = 1023;
const VERSION = "version https://git-lfs.github.com/spec/v1";
const OBJECT = /^oid sha256:([0-9a-f]{64})$/;
const SIZE = /^size (0|[1-9][0-9]{0,15})$/;

/**
 * Decodes a pointer.
 *
 * One with extensions is refused: what they make of the content, only they know.
 *
 * @param bytes The whole object.
 *
 * @example The pointer of an empty file
 * ```ts
 * import assert from "node:assert/strict";
 * import { decodeLfsPointer } from "./lfs_pointer.ts";
 *
 * const sha256 = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
 * const text = "version https://git-lfs.github.com/spec/v1\n" +
 *   `oid sha256:${sha256}\nsize 0\n`;
 * const decoded = decodeLfsPointer(new TextEncoder().encode(text));
 * assert.deepEqual(decoded, { ok: true, value: { sha256, bytes: 0 } });
 * ```
 */
export function decodeLfsPointer(bytes: Uint8Array): Decoded<LfsPointer> {
  if (bytes.length > MAX_BYTES) return refuse(`is ${bytes.length} bytes`);
  const text = String.fromCharCode(...bytes);
  const [version, object, size, end, ...more] = text.split("\n");
  if (version !== VERSION) return refuse("has another version");
  const sha256 = OBJECT.exec(object ?? "")?.[1];
  const length = SIZE.exec(size ?? "")?.[1];
  if (sha256 === undefined || length === undefined) {
    return refuse("has other lines than object and size");
  }
  if (end !== "" || more.length > 0) return refuse("has more lines");
  return { ok: true, value: { sha256, bytes: Number(length) } };
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `lfs pointer ${why}` };
}
