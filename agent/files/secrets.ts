/**
 * Files that hold credentials, and who opens them.
 *
 * @module
 */
import type { SecretKind } from "../decide/secret_kinds.ts";
import { holdsSecret } from "../decide/secret_readers.ts";
import {
  ACT,
  type FileChange,
  type FileSource,
} from "../observe/files/file_source.ts";
import type { FileOrder } from "../processes/process_messages.ts";
import {
  below,
  type BytePath,
  bytePathOf,
  textOf,
} from "../../ffi/byte_path.ts";
import { readDirectory } from "../../ffi/directories.ts";
import { SystemCallError } from "../../ffi/errors.ts";
import {
  type FileLook,
  lookBehind,
  openPlain,
  readAt,
} from "../../ffi/file_look.ts";
import { fromBytes } from "../../ffi/text.ts";
import type { Libc } from "../../ffi/libc.ts";
import { realPathOf } from "./real_path.ts";
import type { SecretOpening } from "./secret_verdicts.ts";
import { SecretPlaces } from "./secret_places.ts";

/** As much of a file as is searched for a secret. */
const MAX_TEXT_BYTES = 1 << 16;
/** Of all homes together; a directory of keys can hold many. */
const MAX_SECRETS = 4_096;
const MAX_NAMES = 4_096;

const ARRIVALS = ACT.CREATED | ACT.MOVED_HERE;
const WRITTEN = ACT.WRITTEN | ACT.CLOSED | ACT.ATTRIBUTES;

/** A file that is, or may become, a secret. */
interface Secret {
  /** As a person knows it; a link may stand there. */
  readonly path: BytePath;
  readonly kind: SecretKind;
  /** Null while it holds none. */
  look: FileLook | null;
}

/** What secrets are watched with; all of it is lent. */
export interface SecretsOptions {
  readonly libc: Libc;
  readonly source: FileSource;
  readonly order: FileOrder;
  /** Whether nobody looks at a file. */
  readonly isIgnored: (path: BytePath) => boolean;
  /** Hears of each act at a file that holds one, or may come to do so. */
  readonly opened: (opening: SecretOpening) => void;
}

/** Follows them. */
export class Secrets {
  readonly #options: SecretsOptions;
  readonly #places: SecretPlaces;
  /** By where they really are. */
  readonly #secrets = new Map<BytePath, Secret>();
  readonly #watched = new Set<BytePath>();

  constructor(options: SecretsOptions) {
    this.#options = options;
    this.#places = new SecretPlaces(options.order);
  }

  /** Looks for all that there are: at the beginning, and after a loss. */
  *meet(): Generator<void> {
    for (const directory of this.#places.directories) {
      this.#enter(directory);
      yield;
    }
  }

  /** Takes in a repository that somebody else has found. */
  addRepository(top: BytePath): void {
    for (const each of this.#places.addRepository(top)) this.#enter(each);
  }

  /** Hears of a change. */
  hear(change: FileChange): void {
    const { path, acts, isDirectory } = change;
    if (isDirectory) {
      if ((acts & ARRIVALS) === 0) return;
      for (const each of this.#places.meet(path)) this.#enter(each);
      if (!this.#places.has(path)) return;
      // All below it came with it.
      for (const each of this.#places.directories) {
        const isThere = each === path || each.startsWith(`${path}/`);
        if (isThere) this.#enter(each);
      }
      return;
    }
    const secret = this.#secrets.get(path);
    // As it was before: whoever has put the secret there has not taken it.
    if (secret !== undefined) this.#told(secret, change);
    if ((acts & ARRIVALS) !== 0) this.#consider(path);
    else if (secret !== undefined && (acts & WRITTEN) !== 0) {
      secret.look = this.#read(path, secret.kind);
    }
  }

  #told({ path, kind, look }: Secret, { acts, pid }: FileChange): void {
    this.#options.opened({ path, kind, acts, pid, look });
  }

  /** A directory that is there, or came to be. */
  #enter(directory: BytePath): void {
    const { libc, source } = this.#options;
    const names = readDirectory(libc, textOf(directory));
    if (names === null) return;
    // Again: it may be another one of that name.
    try {
      source.watchDirectory(directory);
    } catch (error) {
      if (!(error instanceof SystemCallError)) throw error;
    }
    for (const name of names.slice(0, MAX_NAMES)) {
      const path = below(directory, bytePathOf(name));
      this.#consider(path);
      if (this.#watched.has(path)) continue;
      this.#watched.add(path);
      for (const each of this.#places.meet(path)) {
        if (each !== directory) this.#enter(each);
      }
    }
  }

  /** A file that may be a secret: followed, whatever it holds by now. */
  #consider(path: BytePath): void {
    const kind = this.#places.kindOf(path);
    if (kind === null || this.#options.isIgnored(path)) return;
    const { libc, source } = this.#options;
    const real = realPathOf(libc, textOf(path));
    if (real === null) return;
    const at = bytePathOf(real);
    if (this.#secrets.size >= MAX_SECRETS && !this.#secrets.has(at)) return;
    // First, so that whoever opens it after it was read is heard of.
    if (!source.follow(at, true)) return;
    this.#secrets.set(at, { path, kind, look: this.#read(at, kind) });
  }

  /** What it is; null when it holds no secret. */
  #read(path: BytePath, kind: SecretKind): FileLook | null {
    const { libc } = this.#options;
    let fd: number | null = null;
    try {
      fd = openPlain(libc, path);
      if (fd === null) return null;
      const look = lookBehind(libc, fd);
      const into = new Uint8Array(Math.min(MAX_TEXT_BYTES, look.bytes));
      const count = readAt(libc, fd, { at: 0, into });
      const text = fromBytes(into.subarray(0, count));
      return holdsSecret(kind, text) ? look : null;
    } catch (error) {
      if (error instanceof SystemCallError) return null;
      throw error;
    } finally {
      if (fd !== null) libc.symbols.close(fd);
    }
  }
}
