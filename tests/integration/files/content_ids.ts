/**
 * What content is called: by git, and by us.
 *
 * @module
 */
import { createHash } from "node:crypto";

/** The object id that `git hash-object` prints. */
export function blobOf(text: string, algorithm = "sha1"): string {
  const bytes = new TextEncoder().encode(text);
  return createHash(algorithm).update(`blob ${bytes.length}\0`).update(bytes)
    .digest("hex");
}

/** SHA-256 of the text. */
export function sha256Of(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}
