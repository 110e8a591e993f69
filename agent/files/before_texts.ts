/**
 * What sources held, where git does not keep it: in trees without git, and of
 * files that are other in the work tree than in git's objects.
 *
 * @module
 */
import { deflate, inflate } from "../decode/inflate.ts";

/** Of all together, deflated. */
const MAX_BYTES = 1 << 25;
/** What each costs beside its bytes: its id, the objects around it. */
const ENTRY_BYTES = 256;
/** Of one: longer ones are generated more often than written. */
const MAX_TEXT_BYTES = 1 << 18;

/** A content that is kept. */
interface Kept {
  readonly deflated: Uint8Array<ArrayBuffer>;
  readonly sizeBytes: number;
}

/**
 * Keeps contents by their object ids, until there is no more room: the first
 * ones stay, so that a build cannot push out what it wants forgotten.
 */
export class BeforeTexts {
  readonly #kept = new Map<string, Kept>();
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param maxBytes Of memory, about; default 32 MiB. */
  constructor(maxBytes: number = MAX_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Whether nothing more can be kept: then no text need be read for it. */
  get isFull(): boolean {
    return this.#bytes + ENTRY_BYTES >= this.#maxBytes;
  }

  /**
   * Keeps a content; some 10 us for each of its kilobytes.
   *
   * @returns False when it is too long, or there is no room left.
   */
  keep(oid: string, content: Uint8Array): boolean {
    if (this.#kept.has(oid)) return true;
    const { length } = content;
    if (length > MAX_TEXT_BYTES || this.isFull) return false;
    const deflated = deflate(content);
    const bytes = deflated.length + ENTRY_BYTES;
    if (this.#bytes + bytes > this.#maxBytes) return false;
    this.#kept.set(oid, { deflated, sizeBytes: length });
    this.#bytes += bytes;
    return true;
  }

  /** A content; null when it is not kept. */
  find(oid: string): Uint8Array<ArrayBuffer> | null {
    const kept = this.#kept.get(oid);
    if (kept === undefined) return null;
    const inflated = inflate(kept.deflated, kept.sizeBytes);
    return inflated.ok ? inflated.value : null;
  }

  /** Lets go of a content that no source is to hold any more. */
  forget(oid: string): void {
    const kept = this.#kept.get(oid);
    if (kept === undefined) return;
    this.#kept.delete(oid);
    this.#bytes -= kept.deflated.length + ENTRY_BYTES;
  }
}
