/**
 * Whether a file that git converts is the one that it tracks.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { storedForms } from "../../decode/git_stored.ts";
import type { TrackedFile } from "./tracked.ts";

/**
 * Holds a file's content to its object, by the way that git would store it.
 *
 * @param content Of the file in the work tree.
 * @param file What git says of it.
 * @returns Null where only a program could tell, such as the filter of LFS.
 */
export function isStoredAs(
  content: Uint8Array,
  file: Pick<TrackedFile, "oid" | "conversion">,
): boolean | null {
  const { oid, conversion } = file;
  const forms = conversion === null
    ? [content]
    : storedForms(content, conversion);
  return forms?.some((form) => blobId(form, oid.length) === oid) ?? null;
}

/** As `git hash-object` names it; hexadecimal, of SHA-1 or SHA-256. */
function blobId(content: Uint8Array, digits: number): string {
  return createHash(digits === 40 ? "sha1" : "sha256")
    .update(`blob ${content.length}\0`).update(content).digest("hex");
}
