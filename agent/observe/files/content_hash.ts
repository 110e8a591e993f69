/**
 * What a file holds, as git and as anybody else would hash it.
 *
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { type BytePath, bytesOf } from "../../../ffi/byte_path.ts";
import { ERRNO, SystemCallError } from "../../../ffi/errors.ts";
import {
  FILE_TYPE,
  type FileLook,
  isUnchanged,
  linkTarget,
  lookAt,
  lookBehind,
  openPlain,
  readAt,
  typeOf,
} from "../../../ffi/file_look.ts";
import type { Libc } from "../../../ffi/libc.ts";

/** What a file held at a moment. */
export interface Content {
  /** Of the file that was read, which nobody has changed meanwhile. */
  readonly look: FileLook;
  /** The object id that `git hash-object --no-filters` prints, lower case hex. */
  readonly oid: string;
  /** SHA-256 of the bytes, lower case hex; null when it was not asked for. */
  readonly sha256: string | null;
  /** The bytes; null when there are more than were to be kept. */
  readonly bytes: Uint8Array<ArrayBuffer> | null;
}

/**
 * A file's content, or why there is none: `absent` when it is not there;
 * `other` when it is a directory, a pipe or a device; `changing` when somebody
 * changed it while it was read, or will not let it be read yet; `unreadable`
 * when the kernel refuses or cannot.
 */
export type Hashed =
  | { readonly ok: true; readonly value: Content }
  | {
    readonly ok: false;
    readonly why: "absent" | "other" | "changing" | "unreadable";
  };

/** What is hashed, and how. */
export interface HashOptions {
  /** Of a plain file or a symbolic link, which holds its target. */
  readonly path: BytePath;
  /** Bytes of git's object ids there: 20 for SHA-1, 32 for SHA-256. */
  readonly objectBytes: 20 | 32;
  /** Whether {@linkcode Content.sha256} is wanted: it takes as long again. */
  readonly withSha256?: boolean;
  /** Up to how many bytes the content itself is returned; default 0, none. */
  readonly keepBytes?: number;
}

/** A third of a millisecond, hashed twice. */
const CHUNK = new Uint8Array(1 << 18);
/** How long it works before it lets others. */
const TURN_MS = 3;

/**
 * Hashes a file in one pass, in turns of a few milliseconds.
 *
 * A file that changes while it is read has no content that could be named: it
 * is read in one state, as far as ctime tells, or not at all.
 *
 * @returns By the generator's end.
 */
export function* hashContent(
  libc: Libc,
  options: HashOptions,
): Generator<void, Hashed> {
  let fd: number | null = null;
  try {
    const look = lookAt(libc, options.path);
    if (look === null) return { ok: false, why: "absent" };
    if (typeOf(look) === FILE_TYPE.LINK) return hashLink(libc, options);
    if (typeOf(look) !== FILE_TYPE.PLAIN) return { ok: false, why: "other" };
    fd = openPlain(libc, options.path);
    if (fd === null) return { ok: false, why: "changing" };
    return yield* hashPlain(libc, { ...options, fd });
  } catch (error) {
    if (!(error instanceof SystemCallError)) throw error;
    const isLeased = error.errno === ERRNO.EAGAIN;
    return { ok: false, why: isLeased ? "changing" : "unreadable" };
  } finally {
    if (fd !== null) libc.symbols.close(fd);
  }
}

function* hashPlain(
  libc: Libc,
  options: HashOptions & { readonly fd: number },
): Generator<void, Hashed> {
  const { fd, path, keepBytes = 0 } = options;
  const look = lookBehind(libc, fd);
  const hashes = new Hashes(look.bytes, options);
  const kept = look.bytes <= keepBytes ? new Uint8Array(look.bytes) : null;
  let turnEndsMs = performance.now() + TURN_MS;
  for (let at = 0; at < look.bytes;) {
    const wanted = Math.min(CHUNK.length, look.bytes - at);
    const into = CHUNK.subarray(0, wanted);
    const count = readAt(libc, fd, { at, into });
    if (count === 0) return { ok: false, why: "changing" };
    const bytes = into.subarray(0, count);
    hashes.update(bytes);
    kept?.set(bytes, at);
    at += count;
    if (performance.now() < turnEndsMs) continue;
    // Of what was changed in the middle, the rest need not be read.
    if (!isUnchanged(look, lookBehind(libc, fd))) {
      return { ok: false, why: "changing" };
    }
    yield;
    turnEndsMs = performance.now() + TURN_MS;
  }
  // By name: another file can have come in its place.
  const after = lookAt(libc, path);
  if (after === null || !isUnchanged(look, after)) {
    return { ok: false, why: "changing" };
  }
  return { ok: true, value: { look, ...hashes.digest(), bytes: kept } };
}

function hashLink(libc: Libc, options: HashOptions): Hashed {
  const { path, keepBytes = 0 } = options;
  const look = lookAt(libc, path);
  const target = linkTarget(libc, path);
  const after = lookAt(libc, path);
  if (
    look === null || target === null || after === null ||
    !isUnchanged(look, after)
  ) return { ok: false, why: "changing" };
  const bytes = bytesOf(target);
  const hashes = new Hashes(bytes.length, options);
  hashes.update(bytes);
  const kept = bytes.length <= keepBytes ? bytes : null;
  return { ok: true, value: { look, ...hashes.digest(), bytes: kept } };
}

/** The hashes that are wanted of the same bytes. */
class Hashes {
  readonly #object: Hash;
  readonly #plain: Hash | null;

  constructor(
    sizeBytes: number,
    { objectBytes, withSha256 = false }: HashOptions,
  ) {
    // git-hash-object(1): a blob is hashed with its type and size before it.
    this.#object = createHash(objectBytes === 20 ? "sha1" : "sha256")
      .update(`blob ${sizeBytes}\0`);
    this.#plain = withSha256 ? createHash("sha256") : null;
  }

  update(bytes: Uint8Array): void {
    this.#object.update(bytes);
    this.#plain?.update(bytes);
  }

  digest(): { oid: string; sha256: string | null } {
    return {
      oid: this.#object.digest("hex"),
      sha256: this.#plain?.digest("hex") ?? null,
    };
  }
}
