/**
 * Contents that may be shown in a diff.
 *
 * @module
 */
import { BeforeTexts } from "./before_texts.ts";
import type { Source } from "./sources.ts";

/** Of one content: a longer one has no diff. */
export const MAX_TEXT_BYTES = 1 << 20;
/** Of all contents that were seen in the place of a source. */
const MAX_SEEN_BYTES = 1 << 25;

/** Keeps contents by their object ids, the last ones that were seen. */
export class Texts {
  readonly #seen = new Map<string, Uint8Array>();
  readonly #before = new BeforeTexts();
  #seenBytes = 0;

  /** Remembers a content. */
  keep(oid: string, bytes: Uint8Array): void {
    if (this.#seen.has(oid)) return;
    this.#seen.set(oid, bytes);
    this.#seenBytes += bytes.length;
    for (const [oldest, { length }] of this.#seen) {
      if (this.#seenBytes <= MAX_SEEN_BYTES) return;
      this.#seen.delete(oldest);
      this.#seenBytes -= length;
    }
  }

  /** Remembers what a source is to hold, where git does not. */
  keepBaseline(oid: string, bytes: Uint8Array): void {
    this.#before.keep(oid, bytes);
  }

  /** A content that was seen; null when it is not remembered. */
  find(oid: string | null): Uint8Array | null {
    return oid === null ? null : this.#seen.get(oid) ?? null;
  }

  /** What a source is to hold; null when nobody knows it any more. */
  ofSource({ oid, tree }: Source): Uint8Array | null {
    return this.#seen.get(oid) ?? this.#before.find(oid) ??
      tree.blobs?.readBlob(oid, MAX_TEXT_BYTES) ?? null;
  }
}
