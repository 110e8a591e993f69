/**
 * What was deflated, into no more memory than it may take; and the way there.
 *
 * @module
 */
import type * as NodeZlib from "node:zlib";
import type { Decoded } from "./bytes.ts";

/** What zlib says of bytes that are not its own, and of too many. */
const REFUSED = /^(Z_|ERR_BUFFER_TOO_LARGE$)/;
/** Where the room for what comes out grows from. */
const START_CHUNK_BYTES = 4096;
/** The library's least. */
const MIN_CHUNK_BYTES = 64;
const MAX_CHUNK_BYTES = 1 << 20;
/**
 * Deflated bytes that hold something, however little: before it can stand a
 * table of 316 lengths of 14 bits at most, RFC 1951 section 3.2.7.
 */
export const INFLATE_START_BYTES = 640;

/** One byte of deflate stands for no more than this many, RFC 1951 3.2.5. */
const MAX_RATIO = 1032;

/** Gives the library; the first call of a thread loads it. */
function loadZlib(): typeof NodeZlib {
  // Not by `import()`: the thread that needs it never awaits once it runs.
  return globalThis.process.getBuiltinModule("node:zlib");
}

/**
 * Inflates one zlib stream, RFC 1950.
 *
 * @param deflated The stream; what follows it is not looked at.
 * @param maxBytes More is refused, before there is memory for it.
 * @returns Bytes of its own, or why there are none.
 */
export function inflate(
  deflated: Uint8Array,
  maxBytes: number,
): Decoded<Uint8Array<ArrayBuffer>> {
  return run(deflated, { maxBytes, isWhole: true });
}

/**
 * Inflates as much of a stream as there is.
 *
 * @param deflated Its first {@linkcode INFLATE_START_BYTES} or so: one can stand
 * for a thousand.
 */
export function inflateStart(
  deflated: Uint8Array,
): Decoded<Uint8Array<ArrayBuffer>> {
  const maxBytes = MAX_RATIO * deflated.length;
  return run(deflated, { maxBytes, isWhole: false });
}

/** Makes a zlib stream: a large one, but soon. */
export function deflate(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { deflateSync, constants } = loadZlib();
  return ownBytes(deflateSync(bytes, { level: constants.Z_BEST_SPEED }));
}

function run(
  deflated: Uint8Array,
  how: { readonly maxBytes: number; readonly isWhole: boolean },
): Decoded<Uint8Array<ArrayBuffer>> {
  const { inflateSync, constants } = loadZlib();
  const { maxBytes, isWhole } = how;
  const { Z_FINISH, Z_SYNC_FLUSH } = constants;
  const mostBytes = isWhole ? MAX_CHUNK_BYTES : START_CHUNK_BYTES;
  const chunkSize = Math.min(maxBytes + 1, mostBytes);
  try {
    const inflated = inflateSync(deflated, {
      finishFlush: isWhole ? Z_FINISH : Z_SYNC_FLUSH,
      // Of none at all the library makes "as many as there are".
      maxOutputLength: Math.max(1, maxBytes),
      chunkSize: Math.max(chunkSize, MIN_CHUNK_BYTES),
    });
    if (inflated.length > maxBytes) return refuse("too many bytes");
    return { ok: true, value: ownBytes(inflated) };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : null;
    if (typeof code !== "string" || !REFUSED.test(code)) throw error;
    return refuse((error as Error).message);
  }
}

/** Without the room that the library had left over. */
function ownBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return new Uint8Array(bytes);
}

function refuse(why: string): Decoded<never> {
  return { ok: false, why: `deflated ${why}` };
}
