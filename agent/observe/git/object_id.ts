/**
 * Git's names for contents.
 *
 * @module
 */
import { createHash } from "node:crypto";

/**
 * The object id of a file's content, lower case hex.
 *
 * @param objectBytes Of the repository's ids: 20 for SHA-1, 32 for SHA-256.
 */
export function blobId(content: Uint8Array, objectBytes: 20 | 32): string {
  return createHash(objectBytes === 20 ? "sha1" : "sha256")
    .update(`blob ${content.length}\0`)
    .update(content)
    .digest("hex");
}
