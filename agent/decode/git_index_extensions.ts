/**
 * What stands behind the entries of git's index.
 *
 * @see gitformat-index(5)
 * @module
 */
import type { Decoded } from "./bytes.ts";
import { readUint32 } from "./integer.ts";

const HEADER_BYTES = 8;
/** "link": the rest of the entries is in another file. */
const LINK = 0x6c696e6b;
/** "sdir": entries can be of whole directories, which their modes say. */
const SPARSE_DIRECTORIES = 0x73646972;
/** From A to Z an extension may be passed over by who does not know it. */
const OPTIONAL = { first: 0x41, last: 0x5a } as const;

/** Where the rest of a split index is. */
export interface IndexLink {
  /** Lower case hex: what the other file's name ends with. */
  readonly base: string;
  /** Where the two bitmaps are: entries of the other file that are gone, and
   * those that are other here. */
  readonly at: number;
  readonly end: number;
}

/**
 * Decodes the extensions.
 *
 * @param bytes The whole index.
 * @param where Where they start and where the checksum does; bytes of an object
 * id.
 * @returns Null when the index is not split.
 */
export function decodeIndexExtensions(
  bytes: Uint8Array,
  where: {
    readonly at: number;
    readonly end: number;
    readonly objectBytes: number;
  },
): Decoded<IndexLink | null> {
  const { end, objectBytes } = where;
  let link: IndexLink | null = null;
  for (let at = where.at; at < end;) {
    const start = at + HEADER_BYTES;
    const next = start + readUint32(bytes, at + 4);
    if (start > end || next > end) return refuse("extension is cut short");
    const signature = readUint32(bytes, at);
    if (signature === LINK) {
      const bitmapsAt = start + objectBytes;
      if (bitmapsAt > next) return refuse("link is cut short");
      const base = bytes.subarray(start, bitmapsAt).toHex();
      link = { base, at: bitmapsAt, end: next };
    } else if (signature !== SPARSE_DIRECTORIES && !isOptional(bytes[at]!)) {
      return refuse("has an extension that is not known and has to be");
    }
    at = next;
  }
  return { ok: true, value: link };
}

function isOptional(first: number): boolean {
  return first >= OPTIONAL.first && first <= OPTIONAL.last;
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `git index ${why}` };
}
